/* See grouped.h. */
#include "fold/grouped.h"

#include <stdlib.h>

#include "fold/key_column.h"
#include "kernel/kernel.h"

#define STATE_BYTES (64u << 10) /* of groups whose number is not known */
/* Null and the spare group beside the codes. */
#define CODE_GROUPS(codes) ((codes) + 2)
#define ROWS_PER_CODE      4u /* making cells that stay empty costs more than looking up keys */

/* -- plan --------------------------------------------------------------------------- */

sw_status sw_grouped_columns(struct sw_grouped *grouped, const struct sw_json *by, const char *what,
                             struct sw_err *err)
{
    struct sw_span name;
    if (sw_json_is_null(by)) {
        return SW_OK;
    }
    bool is_one = by->kind == SW_JSON_STRING;
    if (!is_one && by->kind != SW_JSON_ARRAY) {
        return sw_fail(err, SW_PARAMS, "%s: `by` is a list of column names.", what);
    }
    size_t count = is_one ? 1 : by->u.list.count;
    if (count > SW_GROUP_COLUMNS_MAX) {
        return sw_fail_limit(err, "group_columns", (int64_t)count, SW_GROUP_COLUMNS_MAX,
                             "Group by fewer columns.");
    }
    for (size_t i = 0; i < count; i++) {
        if (!sw_json_get_text(is_one ? by : &by->u.list.items[i], &name)) {
            return sw_fail(err, SW_PARAMS, "%s: `by` is a list of column names.", what);
        }
        SW_TRY(sw_schema_need(grouped->version->schema, name, &grouped->column[i], err));
        for (size_t k = 0; k < i; k++) {
            if (grouped->column[k] == grouped->column[i]) {
                return sw_fail(err, SW_PARAMS, "%s: `by` names a column twice.", what);
            }
        }
    }
    grouped->columns = (uint32_t)count;
    return SW_OK;
}

/* A dictionary that grows by a few strings shall not change the number, which is part of what kept
 * partials are known by. */
static uint32_t round_codes(uint32_t codes)
{
    uint32_t groups = 8;
    while (groups < CODE_GROUPS(codes)) {
        groups *= 2;
    }
    return groups - CODE_GROUPS(0);
}

/* As far as it can be told from the columns alone. */
static uint64_t groups_expected(const struct sw_grouped *grouped)
{
    uint64_t groups = 1;
    for (uint32_t i = 0; i < grouped->columns; i++) {
        const struct sw_version *version = grouped->version;
        uint32_t column = grouped->column[i];
        struct sw_column_zone zone = sw_version_zone(version, column);
        uint64_t one = version->rows;
        if (version->groups > 0 && sw_key_column_is_coded(version, column)) {
            one = version->group[version->groups - 1]->chunk[column]->dict_count;
        } else if (sw_type_is_integral(version->schema->column[column].type) && zone.has_values) {
            one = (uint64_t)zone.max_i - (uint64_t)zone.min_i;
        }
        groups = one > 0 && groups > version->rows / one ? version->rows : groups * (one + 1);
    }
    return groups;
}

void sw_grouped_ready(struct sw_grouped *grouped)
{
    uint32_t codes = 0;
    sw_measures_expect(grouped->measures, groups_expected(grouped));
    if (grouped->columns != 1 || sw_measures_has_rounds(grouped->measures) ||
        !sw_key_column_is_coded(grouped->version, grouped->column[0])) {
        return;
    }
    for (uint32_t i = 0; i < grouped->version->groups; i++) {
        const struct sw_chunk *chunk = grouped->version->group[i]->chunk[grouped->column[0]];
        codes = chunk->dict_count > codes ? chunk->dict_count : codes;
    }
    bool is_wanted = codes > 0 && codes <= SW_GROUPED_CODES &&
                     codes / ROWS_PER_CODE <= grouped->version->rows / SW_SCAN_STRIPES;
    grouped->codes = is_wanted ? round_codes(codes) : 0;
}

void sw_grouped_fini(struct sw_grouped *grouped)
{
    sw_grouped_free(grouped->first);
    sw_measures_free(grouped->measures);
}

/* -- state --------------------------------------------------------------------------- */

sw_status sw_grouped_init(const struct sw_grouped *grouped, struct sw_grouped_state **state)
{
    struct sw_grouped_state *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status =
        sw_keys_new(grouped->version, grouped->column, grouped->columns, &made->keys);
    if (status == SW_OK && grouped->measures != NULL) {
        status = sw_measures_state_new(grouped->measures, &made->measures);
    }
    made->codes = grouped->codes;
    if (status == SW_OK && grouped->codes > 0 && grouped->measures->rows_from < 0) {
        made->rows = calloc(CODE_GROUPS((size_t)grouped->codes), sizeof(*made->rows));
        status = made->rows == NULL ? SW_NO_MEMORY : SW_OK;
    }
    if (status != SW_OK) {
        sw_grouped_free(made);
        return status;
    }
    *state = made;
    return SW_OK;
}

void sw_grouped_free(struct sw_grouped_state *state)
{
    if (state == NULL) {
        return;
    }
    sw_keys_free(state->keys);
    sw_measures_state_free(state->measures);
    free(state->known);
    free(state->rows);
    free(state);
}

static sw_status grow(struct sw_grouped_state *state, uint32_t keys)
{
    if (keys <= state->capacity) {
        return SW_OK;
    }
    uint32_t capacity = keys < 16 ? 16 : keys + keys / 2;
    uint32_t *known = realloc(state->known, capacity * sizeof(*known));
    if (known == NULL) {
        return SW_NO_MEMORY;
    }
    state->known = known;
    state->capacity = capacity;
    return SW_OK;
}

size_t sw_grouped_state_bytes(const struct sw_grouped *grouped)
{
    size_t one = grouped->measures->rows_from < 0 ? sizeof(uint64_t) : 0;
    for (uint32_t i = 0; i < grouped->measures->count; i++) {
        one += sw_measure_cell_bytes(&grouped->measures->measure[i]);
    }
    return grouped->codes > 0 ? CODE_GROUPS((size_t)grouped->codes) * one : STATE_BYTES;
}

/* -- fold ------------------------------------------------------------------------------ */

/* In a later round keys are numbered as in the first, whose rows are the same. */
static sw_status translate(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                           uint32_t *key, uint32_t n)
{
    uint32_t keys = sw_keys_count(state->keys);
    SW_TRY(grow(state, keys));
    for (; state->knowns < keys; state->knowns++) {
        state->known[state->knowns] =
            sw_keys_find(grouped->first->keys, state->keys, state->knowns);
        sw_assert(state->known[state->knowns] != SW_KEYS_NONE);
    }
    for (uint32_t i = 0; i < n; i++) {
        key[i] = state->known[key[i]];
    }
    return SW_OK;
}

/* By code, null after them, and a spare group.  Null's slot holds code 0: it is given its own. */
static sw_status fold_codes(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                            struct sw_batch *batch)
{
    uint8_t narrow[SW_VECTOR_ROWS];
    uint16_t wide[SW_VECTOR_ROWS];
    uint16_t with_null[SW_VECTOR_ROWS];
    uint32_t column = grouped->column[0];
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    if (chunk == NULL) {
        return SW_CANCELLED; /* sw_batch_leave says why */
    }
    const uint64_t *valid = sw_batch_valid(batch, column);
    struct sw_grouping grouping = {.groups = CODE_GROUPS(state->codes),
                                   .has_spare = true,
                                   .select = batch->select,
                                   .selected = batch->selected,
                                   .rows = state->rows};
    if (CODE_GROUPS(state->codes) <= SW_FEW_GROUPS && chunk->width == 1) {
        grouping.narrow = (const uint8_t *)chunk->data + batch->start;
        if (valid != NULL) {
            sw_mark(grouping.narrow, valid, batch->rows, (uint8_t)state->codes, narrow);
            grouping.narrow = narrow;
        }
    } else {
        grouping.wide = sw_decode_codes_wide(chunk, batch->start, batch->rows, wide);
        if (valid != NULL) {
            sw_mark_wide(grouping.wide, valid, batch->rows, (uint16_t)state->codes, with_null);
            grouping.wide = with_null;
        }
    }
    return sw_measures_add(grouped->measures, state->measures, batch, &grouping);
}

static sw_status fold_rows(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                           struct sw_batch *batch)
{
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t key[SW_VECTOR_ROWS];
    uint32_t n = sw_bits_rows(batch->select, batch->rows, row);
    SW_TRY(sw_keys_of(state->keys, batch, row, n, key));
    uint32_t keys = sw_keys_count(state->keys);
    if (grouped->first != NULL) {
        SW_TRY(translate(grouped, state, key, n));
        keys = sw_keys_count(grouped->first->keys);
    }
    if (grouped->measures == NULL) {
        return SW_OK;
    }
    const struct sw_grouping grouping = {.groups = keys, .selected = n, .row = row, .group = key};
    return sw_measures_add(grouped->measures, state->measures, batch, &grouping);
}

/* All rows are one group. */
static sw_status fold_all(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                          struct sw_batch *batch)
{
    static const uint8_t zeros[SW_VECTOR_ROWS];
    const uint16_t row = 0;
    uint32_t key;
    const struct sw_grouping grouping = {
        .groups = 1, .select = batch->select, .selected = batch->selected, .narrow = zeros};
    SW_TRY(sw_keys_of(state->keys, batch, &row, 1, &key));
    return sw_measures_add(grouped->measures, state->measures, batch, &grouping);
}

void sw_grouped_fold(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                     struct sw_batch *batch)
{
    if (state->status == SW_OK && batch->selected > 0) {
        state->status = state->codes > 0        ? fold_codes(grouped, state, batch)
                        : grouped->columns == 0 ? fold_all(grouped, state, batch)
                                                : fold_rows(grouped, state, batch);
    }
}

static sw_status merge_codes(const struct sw_grouped *grouped, struct sw_grouped_state *into,
                             const struct sw_grouped_state *from)
{
    for (uint32_t code = 0; code <= from->codes && from->rows != NULL; code++) {
        into->rows[code] += from->rows[code];
    }
    return sw_measures_merge(grouped->measures, into->measures, from->measures, NULL,
                             CODE_GROUPS(from->codes));
}

static sw_status merge_states(const struct sw_grouped *grouped, struct sw_grouped_state *into,
                              const struct sw_grouped_state *from)
{
    SW_TRY(into->status);
    SW_TRY(from->status);
    sw_assert(into->codes == from->codes);
    if (from->codes > 0) {
        return merge_codes(grouped, into, from);
    }
    uint32_t from_keys = sw_keys_count(from->keys);
    uint32_t *map = malloc((from_keys + (size_t)1) * sizeof(*map));
    if (map == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = sw_keys_merge(into->keys, from->keys, map);
    uint32_t keys = sw_keys_count(into->keys);
    if (status == SW_OK && grouped->measures != NULL) {
        bool is_first = grouped->first == NULL;
        status = sw_measures_merge(grouped->measures, into->measures, from->measures,
                                   is_first ? map : NULL,
                                   is_first ? keys : sw_keys_count(grouped->first->keys));
    }
    free(map);
    return status;
}

/* What fails is remembered, for finish has the words for it. */
sw_status sw_grouped_merge(const struct sw_grouped *grouped, struct sw_grouped_state *into,
                           const struct sw_grouped_state *from)
{
    into->status = merge_states(grouped, into, from);
    return SW_OK;
}

/* -- finish ------------------------------------------------------------------------------ */

sw_status sw_grouped_explain(sw_status status, struct sw_err *err)
{
    if (status == SW_LIMIT) {
        return sw_fail_limit(err, "groups", SW_GROUPS_MAX + 1, SW_GROUPS_MAX,
                             "Group by a column with fewer values, count distinct values of a "
                             "coarser one, or filter first.");
    }
    if (status == SW_NO_MEMORY) {
        return sw_fail(err, status, "There is not enough memory to compute this output.");
    }
    return status;
}

/* The key of each code that has rows; SW_KEYS_NONE for the others. */
static sw_status keys_of_codes(const struct sw_measures *measures, struct sw_grouped_state *state,
                               uint32_t *map)
{
    map[state->codes + 1] = SW_KEYS_NONE;
    for (uint32_t code = 0; code <= state->codes; code++) {
        bool has_rows = state->rows != NULL ? state->rows[code] > 0
                                            : sw_measures_rows(measures, state->measures, code) > 0;
        map[code] = SW_KEYS_NONE;
        if (has_rows) {
            uint32_t known = code == state->codes ? SW_DICT_NONE : code;
            SW_TRY(sw_keys_add_code(state->keys, known, &map[code]));
        }
    }
    return SW_OK;
}

/* From codes to keys, of which there are none without rows. */
static sw_status leave_codes(const struct sw_grouped *grouped, struct sw_grouped_state *state)
{
    struct sw_measures_state *by_key = NULL;
    uint32_t *map = malloc(CODE_GROUPS((size_t)state->codes) * sizeof(*map));
    sw_status status = map == NULL ? SW_NO_MEMORY : keys_of_codes(grouped->measures, state, map);
    if (status == SW_OK) {
        status = sw_measures_state_new(grouped->measures, &by_key);
    }
    if (status == SW_OK) {
        status = sw_measures_merge(grouped->measures, by_key, state->measures, map,
                                   sw_keys_count(state->keys));
    }
    free(map);
    if (status != SW_OK) {
        sw_measures_state_free(by_key);
        return status;
    }
    sw_measures_state_free(state->measures);
    free(state->rows);
    state->measures = by_key;
    state->rows = NULL;
    state->codes = 0;
    return SW_OK;
}

sw_status sw_grouped_round(struct sw_grouped *grouped, struct sw_grouped_state *state,
                           const struct sw_grouped_state **result, struct sw_err *err)
{
    if (state->status == SW_OK && state->codes > 0) {
        state->status = leave_codes(grouped, state);
    }
    if (state->status != SW_OK) {
        return sw_grouped_explain(state->status, err);
    }
    const struct sw_grouped_state *first = grouped->first != NULL ? grouped->first : state;
    *result = first;
    if (!sw_measures_has_rounds(grouped->measures)) {
        return SW_OK;
    }
    sw_status status =
        sw_measures_round(grouped->measures, state->measures, sw_keys_count(first->keys));
    if (status == SW_AGAIN && grouped->first == NULL) {
        grouped->first = calloc(1, sizeof(*grouped->first));
        if (grouped->first == NULL) {
            return SW_NO_MEMORY;
        }
        *grouped->first = *state; /* moved: the caller frees an empty one */
        *state = (struct sw_grouped_state){0};
    }
    return status;
}

sw_status sw_grouped_put_keys(const struct sw_grouped *grouped,
                              const struct sw_grouped_state *state, const uint32_t *key, size_t n,
                              struct sw_series *series, size_t panel)
{
    struct sw_value *values = malloc((n + 1) * sizeof(*values));
    if (values == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = SW_OK;
    for (uint32_t i = 0; i < grouped->columns && status == SW_OK; i++) {
        const struct sw_column *column = &grouped->version->schema->column[grouped->column[i]];
        for (size_t k = 0; k < n; k++) {
            values[k] = sw_keys_value(state->keys, key[k], i);
        }
        status = sw_series_values(series, panel, "keys", column->name, column->type, values, n);
    }
    free(values);
    return status;
}

/* -- kept partials ----------------------------------------------------------------------------- */

void sw_grouped_needs(const struct sw_grouped *grouped, struct sw_fold_needs *needs)
{
    for (uint32_t i = 0; i < grouped->columns; i++) {
        sw_fold_reads(needs, grouped->column[i]);
    }
    sw_keys_identify(grouped->version, grouped->column, grouped->columns, &needs->identity);
    sw_identity_add(&needs->identity, grouped->codes);
    if (grouped->measures != NULL) {
        sw_measures_needs(grouped->measures, needs);
    }
}

size_t sw_grouped_settle(struct sw_grouped_state *state)
{
    free(state->known);
    state->known = NULL;
    state->capacity = 0;
    size_t bytes = sizeof(*state) + sw_keys_settle(state->keys);
    bytes += state->rows != NULL ? CODE_GROUPS((size_t)state->codes) * sizeof(*state->rows) : 0;
    bytes += state->measures != NULL ? sw_measures_settle(state->measures) : 0;
    return state->status == SW_OK ? bytes : SIZE_MAX;
}

/* -- cube ---------------------------------------------------------------------------------- */

bool sw_grouped_cube(const struct sw_grouped *grouped, struct sw_cube_shape *shape)
{
    *shape =
        (struct sw_cube_shape){grouped->columns == 0 ? 1 : grouped->codes + 1, grouped->measures};
    return (grouped->columns == 0 || grouped->codes > 0) && shape->cells <= SW_CUBE_CELLS_MAX &&
           sw_cube_has_measures(grouped->measures);
}

void sw_grouped_cells(const struct sw_grouped *grouped, struct sw_batch *batch, uint16_t *into)
{
    if (grouped->columns == 0) {
        memset(into, 0, batch->rows * sizeof(*into));
        return;
    }
    const uint64_t *valid = sw_batch_valid(batch, grouped->column[0]);
    const uint32_t *codes = sw_batch_codes(batch, grouped->column[0]);
    for (uint32_t i = 0; i < batch->rows; i++) {
        bool is_null = valid != NULL && !sw_bits_has(valid, i);
        into[i] = (uint16_t)(is_null ? grouped->codes : codes[i]);
    }
}

sw_status sw_grouped_fill(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                          const struct sw_cube_cells *cells)
{
    uint32_t count = state->codes > 0 ? state->codes + 1 : 1;
    if (state->rows != NULL) {
        memcpy(state->rows, cells->rows, count * sizeof(*state->rows));
    }
    return sw_cube_fill(grouped->measures, state->measures, cells, count);
}
