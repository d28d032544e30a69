#include "exec/sieve.h"

#include <stdlib.h>

struct mask {
    uint32_t count;
    uint32_t *filter; /* ascending, each once; owned */
};

struct sw_sieve {
    uint32_t filters;
    struct sw_filter **filter; /* owned */
    uint32_t masks, masks_capacity;
    struct mask *mask; /* owned */
};

struct filter_at {
    struct sw_filter_state *state; /* owned; made at the first test */
    enum sw_filter_reach reach;    /* in the current group */
    bool is_tested;                /* bits are those of the current vector */
    uint64_t bits[SW_VECTOR_WORDS];
};

struct sw_sieve_state {
    const struct sw_sieve *sieve;
    const struct sw_version *version;
    struct sw_batch_cache *cache; /* owned */
    struct sw_batch batch;
    uint32_t group;
    struct filter_at *filter;    /* [filters] owned */
    enum sw_filter_reach *reach; /* [masks] in the current group; owned */
    uint64_t select[SW_VECTOR_WORDS];
};

sw_status sw_sieve_new(struct sw_filter *const *filters, uint32_t count, struct sw_sieve **result)
{
    struct sw_sieve *sieve = calloc(1, sizeof(*sieve));
    struct sw_filter **copy = calloc(count == 0 ? 1 : count, sizeof(struct sw_filter *));
    if (sieve == NULL || copy == NULL) {
        free(sieve);
        free(copy);
        for (uint32_t i = 0; i < count; i++) {
            sw_filter_free(filters[i]);
        }
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = filters[i];
    }
    sieve->filters = count;
    sieve->filter = copy;
    *result = sieve;
    return SW_OK;
}

void sw_sieve_free(struct sw_sieve *sieve)
{
    if (sieve == NULL) {
        return;
    }
    for (uint32_t i = 0; i < sieve->filters; i++) {
        sw_filter_free(sieve->filter[i]);
    }
    for (uint32_t i = 0; i < sieve->masks; i++) {
        free(sieve->mask[i].filter);
    }
    free(sieve->filter);
    free(sieve->mask);
    free(sieve);
}

const struct sw_filter *sw_sieve_filter(const struct sw_sieve *sieve, uint32_t filter)
{
    sw_assert(filter < sieve->filters);
    return sieve->filter[filter];
}

static void insert_sorted(struct mask *mask, uint32_t filter)
{
    uint32_t at = mask->count;
    while (at > 0 && mask->filter[at - 1] > filter) {
        at--;
    }
    if (at > 0 && mask->filter[at - 1] == filter) {
        return;
    }
    for (uint32_t i = mask->count; i > at; i--) {
        mask->filter[i] = mask->filter[i - 1];
    }
    mask->filter[at] = filter;
    mask->count++;
}

static bool is_equal(const struct mask *a, const struct mask *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->filter, b->filter, a->count * sizeof(*a->filter)) == 0);
}

static sw_status add_mask(struct sw_sieve *sieve, const struct mask *mask)
{
    if (sieve->masks == sieve->masks_capacity) {
        uint32_t capacity = sieve->masks_capacity == 0 ? 8 : sieve->masks_capacity * 2;
        struct mask *grown = realloc(sieve->mask, capacity * sizeof(*grown));
        if (grown == NULL) {
            return SW_NO_MEMORY;
        }
        sieve->mask = grown;
        sieve->masks_capacity = capacity;
    }
    sieve->mask[sieve->masks++] = *mask;
    return SW_OK;
}

sw_status sw_sieve_mask(struct sw_sieve *sieve, const uint32_t *filters, uint32_t count,
                        uint32_t *result)
{
    struct mask mask = {.filter = calloc(count == 0 ? 1 : count, sizeof(uint32_t))};
    if (mask.filter == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        sw_assert(filters[i] < sieve->filters);
        insert_sorted(&mask, filters[i]);
    }
    for (uint32_t i = 0; i < sieve->masks; i++) {
        if (is_equal(&sieve->mask[i], &mask)) {
            free(mask.filter);
            *result = i;
            return SW_OK;
        }
    }
    if (add_mask(sieve, &mask) != SW_OK) {
        free(mask.filter);
        return SW_NO_MEMORY;
    }
    *result = sieve->masks - 1;
    return SW_OK;
}

uint32_t sw_sieve_masks(const struct sw_sieve *sieve)
{
    return sieve->masks;
}

sw_status sw_sieve_state_new(const struct sw_sieve *sieve, const struct sw_version *version,
                             struct sw_sieve_state **result)
{
    struct sw_sieve_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SW_NO_MEMORY;
    }
    state->sieve = sieve;
    state->version = version;
    state->filter = calloc(sieve->filters + 1, sizeof(*state->filter));
    state->reach = calloc(sieve->masks + 1, sizeof(*state->reach));
    sw_status status = state->filter == NULL || state->reach == NULL
                           ? SW_NO_MEMORY
                           : sw_batch_cache_new(version->schema->columns, &state->cache);
    for (uint32_t i = 0; status == SW_OK && i < sieve->filters; i++) {
        status = sw_filter_state_new(sieve->filter[i], &state->filter[i].state);
    }
    if (status != SW_OK) {
        sw_sieve_state_free(state);
        return status;
    }
    *result = state;
    return SW_OK;
}

void sw_sieve_state_free(struct sw_sieve_state *state)
{
    if (state == NULL) {
        return;
    }
    for (uint32_t i = 0; state->filter != NULL && i < state->sieve->filters; i++) {
        sw_filter_state_free(state->filter[i].state);
    }
    sw_batch_cache_free(state->cache);
    free(state->filter);
    free(state->reach);
    free(state);
}

static enum sw_filter_reach reach_of_mask(const struct sw_sieve_state *state,
                                          const struct mask *mask)
{
    enum sw_filter_reach reach = SW_REACH_ALL;
    for (uint32_t i = 0; i < mask->count; i++) {
        enum sw_filter_reach one = state->filter[mask->filter[i]].reach;
        if (one == SW_REACH_NONE) {
            return SW_REACH_NONE;
        }
        if (one == SW_REACH_SOME) {
            reach = SW_REACH_SOME;
        }
    }
    return reach;
}

bool sw_sieve_group(struct sw_sieve_state *state, uint32_t group)
{
    sw_assert(group < state->version->groups);
    const struct sw_sieve *sieve = state->sieve;
    bool has_any = false;
    state->group = group;
    for (uint32_t i = 0; i < sieve->filters; i++) {
        state->filter[i].reach = sw_filter_reach(sieve->filter[i], state->version->group[group]);
    }
    for (uint32_t i = 0; i < sieve->masks; i++) {
        state->reach[i] = reach_of_mask(state, &sieve->mask[i]);
        has_any = has_any || state->reach[i] != SW_REACH_NONE;
    }
    return has_any;
}

enum sw_filter_reach sw_sieve_reach(const struct sw_sieve_state *state, uint32_t mask)
{
    sw_assert(mask < state->sieve->masks);
    return state->reach[mask];
}

uint32_t sw_sieve_deciding(const struct sw_sieve_state *state, uint32_t index, uint32_t *filters)
{
    sw_assert(index < state->sieve->masks);
    const struct mask *mask = &state->sieve->mask[index];
    uint32_t count = 0;
    for (uint32_t i = 0; i < mask->count; i++) {
        if (state->filter[mask->filter[i]].reach == SW_REACH_SOME) {
            filters[count++] = mask->filter[i];
        }
    }
    return count;
}

void sw_sieve_vector(struct sw_sieve_state *state, uint32_t start)
{
    sw_batch_at(&state->batch, state->cache, state->version, state->group, start);
    for (uint32_t i = 0; i < state->sieve->filters; i++) {
        state->filter[i].is_tested = false;
    }
}

sw_status sw_sieve_leave(struct sw_sieve_state *state, struct sw_err *err)
{
    return sw_batch_leave(state->cache, err);
}

static const uint64_t *filter_bits(struct sw_sieve_state *state, uint32_t index)
{
    struct filter_at *filter = &state->filter[index];
    if (!filter->is_tested) {
        state->batch.select = NULL;
        state->batch.selected = state->batch.rows;
        sw_filter_test(state->sieve->filter[index], filter->state, &state->batch, filter->bits);
        filter->is_tested = true;
    }
    return filter->bits;
}

static uint32_t count_bits(const uint64_t *bits)
{
    uint32_t count = 0;
    for (size_t i = 0; i < SW_VECTOR_WORDS; i++) {
        count += (uint32_t)__builtin_popcountll(bits[i]);
    }
    return count;
}

static uint32_t choose(struct sw_sieve_state *state, const uint64_t *select, uint32_t selected)
{
    state->batch.select = selected == state->batch.rows ? NULL : select;
    state->batch.selected = selected;
    return selected;
}

uint32_t sw_sieve_select(struct sw_sieve_state *state, uint32_t index)
{
    sw_assert(index < state->sieve->masks);
    const struct mask *mask = &state->sieve->mask[index];
    if (state->reach[index] != SW_REACH_SOME) {
        bool is_all = state->reach[index] == SW_REACH_ALL;
        memset(state->select, 0, sizeof(state->select));
        return choose(state, state->select, is_all ? state->batch.rows : 0);
    }
    bool is_first = true;
    uint32_t selected = 0;
    for (uint32_t i = 0; i < mask->count; i++) {
        if (state->filter[mask->filter[i]].reach == SW_REACH_ALL) {
            continue;
        }
        const uint64_t *bits = filter_bits(state, mask->filter[i]);
        for (size_t word = 0; word < SW_VECTOR_WORDS; word++) {
            state->select[word] = is_first ? bits[word] : state->select[word] & bits[word];
        }
        is_first = false;
        selected = count_bits(state->select);
        if (selected == 0) {
            break;
        }
    }
    return choose(state, state->select, selected);
}

struct sw_batch *sw_sieve_batch(struct sw_sieve_state *state)
{
    return &state->batch;
}

sw_status sw_sieve_status(const struct sw_sieve_state *state, uint32_t mask, struct sw_err *err)
{
    const struct mask *filters = &state->sieve->mask[mask];
    for (uint32_t i = 0; i < filters->count; i++) {
        SW_TRY(sw_filter_state_status(state->filter[filters->filter[i]].state, err));
    }
    return SW_OK;
}
