/* See facet.h. */
#include "fold/facet.h"

#include <stdlib.h>

static void *plan_of(const struct sw_facet *facet, uint32_t panel)
{
    return facet->plan[facet->plans > 1 ? panel : 0];
}

void sw_facet_fini(struct sw_facet *facet)
{
    sw_keys_free(facet->keys);
    free(facet->panel);
    free(facet->key);
    free(facet->rows);
    free(facet->is_done);
    sw_series_unref(facet->series);
}

/* -- state --------------------------------------------------------------------------- */

sw_status sw_facet_init(const struct sw_facet *facet, struct sw_facet_state **state)
{
    struct sw_facet_state *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->fold = facet->fold;
    made->limit = facet->limit;
    sw_status status = sw_keys_new(facet->version, &facet->column, 1, &made->keys);
    made->sub = calloc(facet->limit, sizeof(*made->sub));
    made->select = malloc(facet->limit * sizeof(*made->select));
    if (status != SW_OK || made->sub == NULL || made->select == NULL) {
        sw_facet_free(made);
        return SW_NO_MEMORY;
    }
    *state = made;
    return SW_OK;
}

static void drop_subs(struct sw_facet_state *state)
{
    for (uint32_t i = 0; state->sub != NULL && i < state->limit; i++) {
        state->fold->state_free(state->sub[i]);
        state->sub[i] = NULL;
    }
}

void sw_facet_free(struct sw_facet_state *state)
{
    if (state == NULL) {
        return;
    }
    drop_subs(state);
    sw_keys_free(state->keys);
    free(state->rows);
    free(state->slot);
    free(state->sub);
    free(state->select);
    free(state);
}

static sw_status grow(struct sw_facet_state *state, uint32_t keys)
{
    if (keys <= state->capacity) {
        return SW_OK;
    }
    uint32_t capacity = keys < 16 ? 16 : keys + keys / 2;
    int64_t *rows = realloc(state->rows, capacity * sizeof(*rows));
    if (rows == NULL) {
        return SW_NO_MEMORY;
    }
    state->rows = rows;
    uint32_t *slot = realloc(state->slot, capacity * sizeof(*slot));
    if (slot == NULL) {
        return SW_NO_MEMORY;
    }
    state->slot = slot;
    memset(rows + state->capacity, 0, (capacity - state->capacity) * sizeof(*rows));
    state->capacity = capacity;
    return SW_OK;
}

/* Gives each key its sub: in the first round its own as long as there is room, later its panel's.
 */
static sw_status open_slots(const struct sw_facet *facet, struct sw_facet_state *state)
{
    uint32_t keys = sw_keys_count(state->keys);
    SW_TRY(grow(state, keys));
    if (facet->keys == NULL && keys > facet->limit && !state->is_counting) {
        state->is_counting = true;
        drop_subs(state);
    }
    for (; state->slots < keys; state->slots++) {
        uint32_t key = state->slots;
        if (facet->keys != NULL) {
            uint32_t known = sw_keys_find(facet->keys, state->keys, key);
            sw_assert(known != SW_KEYS_NONE);
            uint32_t panel = facet->panel[known];
            bool is_open = panel != SW_KEYS_NONE && !facet->is_done[panel];
            state->slot[key] = is_open ? panel : SW_KEYS_NONE;
        } else {
            state->slot[key] = state->is_counting ? SW_KEYS_NONE : key;
        }
    }
    return SW_OK;
}

static sw_status open_sub(const struct sw_facet *facet, struct sw_facet_state *state, uint32_t slot)
{
    return state->sub[slot] != NULL ? SW_OK
                                    : facet->fold->init(plan_of(facet, slot), &state->sub[slot]);
}

/* -- fold ------------------------------------------------------------------------------ */

/* Splits the rows by their key's slot; touched[0..returned) are the slots that have any. */
static uint32_t split(struct sw_facet_state *state, const uint16_t *row, const uint32_t *key,
                      uint32_t n, uint32_t *count, uint32_t *touched)
{
    uint32_t slots = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = state->slot[key[i]];
        if (slot == SW_KEYS_NONE) {
            continue;
        }
        if (count[slot] == 0) {
            memset(state->select[slot], 0, sizeof(state->select[slot]));
            touched[slots++] = slot;
        }
        count[slot]++;
        sw_bits_set(state->select[slot], row[i]);
    }
    return slots;
}

static sw_status fold_rows(const struct sw_facet *facet, struct sw_facet_state *state,
                           struct sw_batch *batch)
{
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t key[SW_VECTOR_ROWS];
    uint32_t count[SW_FACETS_MAX];
    uint32_t touched[SW_FACETS_MAX];
    uint32_t n = sw_bits_rows(batch->select, batch->rows, row);
    SW_TRY(sw_keys_of(state->keys, batch, row, n, key));
    SW_TRY(open_slots(facet, state));
    for (uint32_t i = 0; i < n; i++) {
        state->rows[key[i]]++;
    }
    if (state->is_counting) {
        return SW_OK;
    }
    memset(count, 0, facet->limit * sizeof(*count));
    uint32_t slots = split(state, row, key, n, count, touched);
    for (uint32_t i = 0; i < slots; i++) {
        uint32_t slot = touched[i];
        struct sw_batch part = *batch;
        part.select = state->select[slot];
        part.selected = count[slot];
        SW_TRY(open_sub(facet, state, slot));
        facet->fold->fold(plan_of(facet, slot), state->sub[slot], &part);
    }
    return SW_OK;
}

void sw_facet_fold(const struct sw_facet *facet, struct sw_facet_state *state,
                   struct sw_batch *batch)
{
    if (state->status == SW_OK && batch->selected > 0) {
        state->status = fold_rows(facet, state, batch);
    }
}

/* -- merge ------------------------------------------------------------------------------ */

static sw_status merge_sub(const struct sw_facet *facet, struct sw_facet_state *into, uint32_t slot,
                           const void *from, uint32_t group)
{
    SW_TRY(open_sub(facet, into, slot));
    return facet->fold->merge(plan_of(facet, slot), into->sub[slot], from, group);
}

static sw_status merge_subs(const struct sw_facet *facet, struct sw_facet_state *into,
                            const struct sw_facet_state *from, const uint32_t *map, uint32_t group)
{
    if (facet->keys == NULL && (from->is_counting || into->is_counting)) {
        into->is_counting = true;
        drop_subs(into);
        return SW_OK;
    }
    for (uint32_t i = 0; i < facet->limit; i++) {
        if (from->sub[i] != NULL) {
            uint32_t slot = facet->keys == NULL ? map[i] : i;
            SW_TRY(merge_sub(facet, into, slot, from->sub[i], group));
        }
    }
    return SW_OK;
}

sw_status sw_facet_merge(const struct sw_facet *facet, struct sw_facet_state *into,
                         const struct sw_facet_state *from, uint32_t group)
{
    SW_TRY(into->status);
    SW_TRY(from->status);
    uint32_t keys = sw_keys_count(from->keys);
    uint32_t *map = malloc((keys + (size_t)1) * sizeof(*map));
    if (map == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = sw_keys_merge(into->keys, from->keys, map);
    if (status == SW_OK) {
        status = open_slots(facet, into);
    }
    for (uint32_t i = 0; i < keys && status == SW_OK; i++) {
        into->rows[map[i]] += from->rows[i];
    }
    if (status == SW_OK) {
        status = merge_subs(facet, into, from, map, group);
    }
    free(map);
    return status;
}

/* -- finish ------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b, void *context)
{
    const struct sw_facet *facet = context;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    if (facet->rows[x] != facet->rows[y]) {
        return facet->rows[x] > facet->rows[y] ? -1 : 1;
    }
    return sw_keys_compare(facet->keys, x, y);
}

/* The panels are chosen: keys and counts move from the state into the facet. */
static sw_status choose(struct sw_facet *facet, struct sw_facet_state *state)
{
    uint32_t keys = sw_keys_count(state->keys);
    facet->panel = malloc((keys + (size_t)1) * sizeof(*facet->panel));
    facet->key = malloc((keys + (size_t)1) * sizeof(*facet->key));
    facet->is_done = calloc(facet->limit, sizeof(*facet->is_done));
    if (facet->panel == NULL || facet->key == NULL || facet->is_done == NULL) {
        return SW_NO_MEMORY;
    }
    facet->keys = state->keys;
    facet->rows = state->rows;
    state->keys = NULL;
    state->rows = NULL;
    for (uint32_t i = 0; i < keys; i++) {
        facet->key[i] = i;
        facet->panel[i] = SW_KEYS_NONE;
    }
    qsort_r(facet->key, keys, sizeof(*facet->key), compare_keys, facet);
    facet->panels = keys < facet->limit ? keys : facet->limit;
    for (uint32_t i = 0; i < facet->panels; i++) {
        facet->panel[facet->key[i]] = i;
    }
    return SW_OK;
}

/* A series with the panels' headings, still without fields. */
static sw_status head_series(struct sw_facet *facet)
{
    SW_TRY(sw_series_new(facet->panels, &facet->series));
    struct sw_series *series = facet->series;
    const char *name = facet->version->schema->column[facet->column].name;
    series->facet_column = sw_arena_text(&series->arena, sw_span_text(name));
    series->facet_value =
        sw_arena_array(&series->arena, facet->panels + (size_t)1, sizeof(*series->facet_value));
    series->facet_count =
        sw_arena_array(&series->arena, facet->panels + (size_t)1, sizeof(*series->facet_count));
    if (series->facet_column == NULL || series->facet_value == NULL ||
        series->facet_count == NULL) {
        return SW_NO_MEMORY;
    }
    series->facet_total = sw_keys_count(facet->keys);
    for (uint32_t i = 0; i < facet->panels; i++) {
        struct sw_value value = sw_keys_value(facet->keys, facet->key[i], 0);
        if (value.type == SW_TYPE_STRING && !value.is_null) {
            const char *copy = sw_arena_text(&series->arena, value.u.s);
            if (copy == NULL) {
                return SW_NO_MEMORY;
            }
            value.u.s = sw_span_of(copy, value.u.s.length);
        }
        series->facet_value[i] = value;
        series->facet_count[i] = facet->rows[facet->key[i]];
    }
    return SW_OK;
}

/* The panel's fields; SW_AGAIN when its kind wants another round. */
static sw_status finish_panel(struct sw_facet *facet, void **sub, uint32_t panel,
                              struct sw_err *err)
{
    void *plan = plan_of(facet, panel);
    if (*sub == NULL) {
        SW_TRY(facet->fold->init(plan, sub));
    }
    sw_status status = facet->fold->finish(plan, *sub, facet->series, panel, err);
    facet->is_done[panel] = status == SW_OK;
    return status;
}

sw_status sw_facet_finish(struct sw_facet *facet, struct sw_facet_state *state,
                          struct sw_series **series, struct sw_err *err)
{
    sw_status result = SW_OK;
    SW_TRY(state->status);
    bool is_first = facet->keys == NULL;
    if (is_first) {
        SW_TRY(choose(facet, state));
        SW_TRY(head_series(facet));
    }
    if (state->is_counting) {
        return SW_AGAIN;
    }
    for (uint32_t i = 0; i < facet->panels; i++) {
        if (facet->is_done[i]) {
            continue;
        }
        sw_status status = finish_panel(facet, &state->sub[is_first ? facet->key[i] : i], i, err);
        if (status != SW_OK && status != SW_AGAIN) {
            return status;
        }
        result = status == SW_AGAIN ? SW_AGAIN : result;
    }
    if (result == SW_OK) {
        *series = sw_series_ref(facet->series);
    }
    return result;
}

/* -- kept partials ---------------------------------------------------------------------------- */

/* In a later round a partial follows from the panels, too. */
void sw_facet_needs(const struct sw_facet *facet, struct sw_fold_needs *needs)
{
    sw_fold_reads(needs, facet->column);
    sw_identity_add(&needs->identity, facet->limit);
    sw_keys_identify(facet->version, &facet->column, 1, &needs->identity);
    for (uint32_t i = 0; facet->keys != NULL && i < facet->panels; i++) {
        struct sw_value value = sw_keys_value(facet->keys, facet->key[i], 0);
        sw_identity_add(&needs->identity, value.is_null);
        if (value.type == SW_TYPE_STRING) {
            sw_identity_add_text(&needs->identity, value.u.s);
        } else {
            sw_identity_add(&needs->identity, (uint64_t)value.u.i);
        }
    }
}

size_t sw_facet_settle(struct sw_facet_state *state)
{
    size_t bytes = sizeof(*state) + state->limit * sizeof(*state->sub) +
                   state->capacity * sizeof(*state->rows) + sw_keys_settle(state->keys);
    free(state->select);
    free(state->slot);
    state->select = NULL;
    state->slot = NULL;
    for (uint32_t i = 0; i < state->limit; i++) {
        size_t one = state->sub[i] == NULL ? 0 : state->fold->settle(state->sub[i]);
        if (one == SIZE_MAX || state->status != SW_OK) {
            return SIZE_MAX;
        }
        bytes += one;
    }
    return bytes;
}
