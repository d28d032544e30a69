/* See table.h. */
#include "table/table.h"

#include <stdatomic.h>
#include <stdlib.h>

#define NEAR_BYTES_MAX 64u   /* longer names are not compared by their letters */
#define NEAR_COLUMNS   1000u /* nor more columns than these */

static _Atomic uint64_t last_group_id; /* ids are cache keys and never used again */
static _Atomic uint64_t last_content;

/* -- schema ------------------------------------------------------------------- */

sw_status sw_schema_new(uint32_t columns, const char *const *names, const enum sw_type *types,
                        struct sw_schema **schema)
{
    if (columns > SW_COLUMNS_MAX) {
        return SW_LIMIT;
    }
    struct sw_schema *made = calloc(1, sizeof(*made) + columns * sizeof(struct sw_column));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    atomic_init(&made->refs, 1);
    for (uint32_t i = 0; i < columns; i++) {
        struct sw_column *column = &made->column[i];
        column->name = strdup(names[i]);
        column->type = types[i];
        column->id = i;
        made->columns = i + 1;
        if (column->name == NULL) {
            sw_schema_unref(made);
            return SW_NO_MEMORY;
        }
    }
    *schema = made;
    return SW_OK;
}

sw_status sw_schema_copy(const struct sw_schema *schema, struct sw_schema **copy)
{
    const char **name = calloc(schema->columns + (size_t)1, sizeof(char *));
    enum sw_type *type = calloc(schema->columns + (size_t)1, sizeof(*type));
    sw_status status = name == NULL || type == NULL ? SW_NO_MEMORY : SW_OK;
    for (uint32_t i = 0; status == SW_OK && i < schema->columns; i++) {
        name[i] = schema->column[i].name;
        type[i] = schema->column[i].type;
    }
    if (status == SW_OK) {
        status = sw_schema_new(schema->columns, name, type, copy);
    }
    for (uint32_t i = 0; status == SW_OK && i < schema->columns; i++) {
        struct sw_formula *formula = schema->column[i].formula;
        (*copy)->column[i].id = schema->column[i].id;
        sw_schema_set_formula(*copy, i, formula == NULL ? NULL : sw_formula_ref(formula));
    }
    free(name);
    free(type);
    return status;
}

struct sw_schema *sw_schema_ref(struct sw_schema *schema)
{
    atomic_fetch_add_explicit(&schema->refs, 1, memory_order_relaxed);
    return schema;
}

void sw_schema_unref(struct sw_schema *schema)
{
    if (schema == NULL || atomic_fetch_sub_explicit(&schema->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        free(schema->column[i].name);
        sw_formula_unref(schema->column[i].formula);
    }
    free(schema);
}

void sw_schema_set_formula(struct sw_schema *schema, uint32_t column, struct sw_formula *formula)
{
    struct sw_formula **own = &schema->column[column].formula;
    schema->formulas -= *own != NULL;
    schema->formulas += formula != NULL;
    sw_formula_unref(*own);
    *own = formula;
}

int32_t sw_schema_find(const struct sw_schema *schema, struct sw_span name)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        const char *own = schema->column[i].name;
        if (strncmp(own, name.data != NULL ? name.data : "", name.length) == 0 &&
            strlen(own) == name.length) {
            return (int32_t)i;
        }
    }
    return -1;
}

static unsigned char lower(char letter)
{
    return (unsigned char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

/* Edits (a letter put in, left out or changed; case is free) from a to b, both NEAR_BYTES_MAX at
 * most. */
static size_t edits(struct sw_span a, struct sw_span b)
{
    size_t row[NEAR_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t change = diagonal + (lower(a.data[i - 1]) != lower(b.data[j - 1]));
            diagonal = row[j];
            size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < shift ? change : shift;
        }
    }
    return row[b.length];
}

/* The column whose name is nearest, if it is near at all; else NULL. */
static const char *nearest_name(const struct sw_schema *schema, struct sw_span name)
{
    const char *nearest = NULL;
    size_t least = name.length / 2 + 1;
    if (name.length > NEAR_BYTES_MAX) {
        return NULL;
    }
    for (uint32_t i = 0; i < schema->columns && i < NEAR_COLUMNS; i++) {
        struct sw_span own = sw_span_text(schema->column[i].name);
        size_t distance = own.length > NEAR_BYTES_MAX ? SIZE_MAX : edits(name, own);
        if (distance < least) {
            least = distance;
            nearest = schema->column[i].name;
        }
    }
    return nearest;
}

/* Bytes of the text that fit in a message, no UTF-8 sequence cut. */
static int shown_bytes(struct sw_span text)
{
    size_t shown = text.length < 100 ? text.length : 100;
    while (shown > 0 && shown < text.length && ((unsigned char)text.data[shown] & 0xc0) == 0x80) {
        shown--;
    }
    return (int)shown;
}

sw_status sw_schema_need(const struct sw_schema *schema, struct sw_span name, uint32_t *column,
                         struct sw_err *err)
{
    int32_t found = sw_schema_find(schema, name);
    if (found >= 0) {
        *column = (uint32_t)found;
        return SW_OK;
    }
    int shown = shown_bytes(name);
    const char *text = name.data != NULL ? name.data : "";
    const char *nearest = nearest_name(schema, name);
    if (nearest != NULL) {
        return sw_fail(err, SW_NO_COLUMN, "There is no column \"%.*s\". Did you mean \"%s\"?",
                       shown, text, nearest);
    }
    return sw_fail(err, SW_NO_COLUMN,
                   "There is no column \"%.*s\"; table.describe lists the columns.", shown, text);
}

/* -- row groups ------------------------------------------------------------------ */

sw_status sw_rowgroup_take(uint32_t columns, struct sw_chunk *const *chunks, uint64_t first_row_id,
                           struct sw_chunk *row_ids, struct sw_rowgroup **group)
{
    struct sw_rowgroup *made = malloc(sizeof(*made) + columns * sizeof(made->chunk[0]));
    if (made == NULL) {
        for (uint32_t i = 0; i < columns; i++) {
            sw_chunk_unref(chunks[i]);
        }
        sw_chunk_unref(row_ids);
        return SW_NO_MEMORY;
    }
    uint32_t first = 0;
    while (first < columns && chunks[first] == NULL) {
        first++;
    }
    sw_assert(first < columns);
    atomic_init(&made->refs, 1);
    made->id = atomic_fetch_add_explicit(&last_group_id, 1, memory_order_relaxed) + 1;
    made->rows = chunks[first]->rows;
    made->columns = columns;
    made->first_row_id = first_row_id;
    made->row_ids = row_ids;
    for (uint32_t i = 0; i < columns; i++) {
        sw_assert(chunks[i] == NULL || chunks[i]->rows == made->rows);
        atomic_init(&made->chunk[i], chunks[i]);
    }
    sw_assert(row_ids == NULL || row_ids->rows == made->rows);
    *group = made;
    return SW_OK;
}

struct sw_rowgroup *sw_rowgroup_ref(struct sw_rowgroup *group)
{
    atomic_fetch_add_explicit(&group->refs, 1, memory_order_relaxed);
    return group;
}

void sw_rowgroup_unref(struct sw_rowgroup *group)
{
    if (group == NULL || atomic_fetch_sub_explicit(&group->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t i = 0; i < group->columns; i++) {
        sw_chunk_unref(group->chunk[i]);
    }
    sw_chunk_unref(group->row_ids);
    free(group);
}

static struct sw_chunk *ref_or_null(struct sw_chunk *chunk)
{
    return chunk == NULL ? NULL : sw_chunk_ref(chunk);
}

/* A group with other chunks (taken over) for the same rows. */
static sw_status copy_with(const struct sw_rowgroup *group, struct sw_chunk *const *chunks,
                           struct sw_rowgroup **copy)
{
    return sw_rowgroup_take(group->columns, chunks, group->first_row_id,
                            ref_or_null(group->row_ids), copy);
}

sw_status sw_rowgroup_with_chunk(const struct sw_rowgroup *group, uint32_t column,
                                 struct sw_chunk *chunk, struct sw_rowgroup **copy)
{
    sw_assert(column < group->columns);
    struct sw_chunk **chunks = malloc(group->columns * sizeof(*chunks));
    if (chunks == NULL) {
        sw_chunk_unref(chunk);
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < group->columns; i++) {
        chunks[i] = i == column ? chunk : ref_or_null(group->chunk[i]);
    }
    sw_status status = copy_with(group, chunks, copy);
    free(chunks);
    return status;
}

sw_status sw_rowgroup_without(const struct sw_rowgroup *group, const uint8_t *set,
                              struct sw_rowgroup **copy)
{
    struct sw_chunk **chunks = malloc(group->columns * sizeof(*chunks));
    if (chunks == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < group->columns; i++) {
        chunks[i] = set[i] != 0 ? NULL : ref_or_null(group->chunk[i]);
    }
    sw_status status = copy_with(group, chunks, copy);
    free(chunks);
    return status;
}

/* Release: who reads the pointer sees what the chunk holds. A slot is never emptied again, so that
 * a reader may keep what it has loaded for as long as it holds the group. */
void sw_rowgroup_fill(struct sw_rowgroup *group, uint32_t column, struct sw_chunk *chunk)
{
    struct sw_chunk *empty = NULL;
    sw_assert(column < group->columns && chunk->rows == group->rows);
    if (!atomic_compare_exchange_strong_explicit(&group->chunk[column], &empty, chunk,
                                                 memory_order_release, memory_order_relaxed)) {
        sw_chunk_unref(chunk);
    }
}

uint64_t sw_rowgroup_row_id(const struct sw_rowgroup *group, uint32_t row)
{
    sw_assert(row < group->rows);
    if (group->row_ids == NULL) {
        return group->first_row_id + row;
    }
    return (uint64_t)sw_chunk_value(group->row_ids, row).u.i;
}

sw_status sw_rowgroup_pin_ids(const struct sw_rowgroup *group, struct sw_err *err)
{
    return group->row_ids == NULL ? SW_OK : sw_chunk_pin(group->row_ids, err);
}

void sw_rowgroup_unpin_ids(const struct sw_rowgroup *group)
{
    if (group->row_ids != NULL) {
        sw_chunk_unpin(group->row_ids);
    }
}

/* -- versions ---------------------------------------------------------------------- */

sw_status sw_version_new(uint64_t number, struct sw_schema *schema, uint32_t groups,
                         struct sw_rowgroup *const *group, uint64_t next_row_id,
                         struct sw_version **version)
{
    struct sw_version *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->group = malloc((groups + (size_t)1) * sizeof(struct sw_rowgroup *));
    made->row_start = malloc((groups + (size_t)1) * sizeof(uint64_t));
    if (made->group == NULL || made->row_start == NULL) {
        free(made->group);
        free(made->row_start);
        free(made);
        return SW_NO_MEMORY;
    }
    atomic_init(&made->refs, 1);
    made->number = number;
    made->content = atomic_fetch_add_explicit(&last_content, 1, memory_order_relaxed) + 1;
    made->schema = sw_schema_ref(schema);
    made->next_row_id = next_row_id;
    made->groups = groups;
    for (uint32_t i = 0; i < groups; i++) {
        sw_assert(group[i]->columns == schema->columns);
        made->group[i] = sw_rowgroup_ref(group[i]);
        made->row_start[i] = made->rows;
        made->rows += group[i]->rows;
    }
    made->row_start[groups] = made->rows;
    *version = made;
    return SW_OK;
}

struct sw_version *sw_version_ref(struct sw_version *version)
{
    atomic_fetch_add_explicit(&version->refs, 1, memory_order_relaxed);
    return version;
}

void sw_version_unref(struct sw_version *version)
{
    if (version == NULL ||
        atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t i = 0; i < version->groups; i++) {
        sw_rowgroup_unref(version->group[i]);
    }
    sw_schema_unref(version->schema);
    free(version->group);
    free(version->row_start);
    free(version);
}

void sw_version_locate(const struct sw_version *version, uint64_t position, uint32_t *group,
                       uint32_t *row)
{
    sw_assert(position < version->rows);
    uint32_t low = 0;
    uint32_t high = version->groups;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (version->row_start[middle] <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *group = low;
    *row = (uint32_t)(position - version->row_start[low]);
}

/* Bytes of a column's chunks; `last` is the dictionary that was counted last: a column has one, but
 * for those that an edit has replaced, and those stand in a row. */
static size_t column_bytes(const struct sw_version *version, uint32_t column)
{
    size_t bytes = 0;
    const struct sw_dict *last = NULL;
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column];
        if (chunk == NULL) {
            continue;
        }
        bytes += chunk->held_bytes;
        if (chunk->dict != NULL && chunk->dict != last) {
            last = chunk->dict;
            bytes += sw_dict_bytes(last);
        }
    }
    return bytes;
}

size_t sw_version_bytes(const struct sw_version *version)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < version->schema->columns; i++) {
        bytes += column_bytes(version, i);
    }
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *row_ids = version->group[i]->row_ids;
        bytes += row_ids != NULL ? row_ids->held_bytes : 0;
    }
    return bytes;
}

static size_t away_bytes(const struct sw_chunk *chunk)
{
    return chunk == NULL || sw_chunk_is_here(chunk) ? 0 : chunk->held_bytes - sizeof(*chunk);
}

size_t sw_version_away_bytes(const struct sw_version *version)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_rowgroup *group = version->group[i];
        for (uint32_t k = 0; k < group->columns; k++) {
            bytes += away_bytes(group->chunk[k]);
        }
        bytes += away_bytes(group->row_ids);
    }
    return bytes;
}

struct sw_column_zone sw_version_zone(const struct sw_version *version, uint32_t column)
{
    struct sw_column_zone all = {0};
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column];
        if (chunk == NULL) {
            continue;
        }
        const struct sw_zone *zone = &chunk->zone;
        all.nulls += zone->nulls;
        all.nans += zone->nans;
        if (!zone->has_values) {
            continue;
        }
        bool is_first = !all.has_values;
        all.min_i = is_first || zone->min_i < all.min_i ? zone->min_i : all.min_i;
        all.max_i = is_first || zone->max_i > all.max_i ? zone->max_i : all.max_i;
        all.min_f = is_first || zone->min_f < all.min_f ? zone->min_f : all.min_f;
        all.max_f = is_first || zone->max_f > all.max_f ? zone->max_f : all.max_f;
        all.has_values = true;
    }
    return all;
}
