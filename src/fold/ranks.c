/* See ranks.h. */
#include "fold/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "fold/select.h"
#include "kernel/kernel.h"

#define PARTS_ALL    (1u << 16) /* counters of all intervals together, at least PARTS_MIN each */
#define PARTS_MIN    16u
#define SELECTED_MAX 4u /* quantiles; for more the keys are sorted once */
#define LINEAR_PARTS 4096u
#define SLOTS        (LINEAR_PARTS + 1) /* of a group: its parts, and one for NaN */

enum phase { COUNT, GATHER_ALL, NARROW, GATHER_REST, DONE };

struct pair {
    uint64_t key;
    uint32_t of; /* group, or target in GATHER_REST */
};

/* A wanted rank: the rank-th (from 0) of the group's keys within [low, high]. */
struct target {
    uint64_t low, high, rank;
    uint32_t group;
    unsigned shift; /* NARROW: part of a key = (key - low) >> shift */
};

struct sw_ranks {
    enum phase phase;
    uint32_t quantiles;
    double *q; /* [quantiles]; owned */
    uint32_t groups;
    uint64_t *n;           /* [groups] keys; owned */
    uint64_t *first;       /* [groups + 1]: its targets; owned */
    uint64_t targets;      /* two for each group with keys and each quantile */
    struct target *target; /* owned */
    uint32_t parts;        /* counters of each target in NARROW */
    double *result;        /* [groups * quantiles]; owned */
    double low, scale;     /* of the parts in COUNT */
    uint8_t *wanted;       /* [(groups + 1) * SLOTS] GATHER_REST after COUNT; owned; NULL: none */
};

struct sw_ranks_state {
    uint64_t *n; /* [capacity] keys of each group */
    uint32_t capacity;
    bool is_over; /* there were too many to keep */
    struct pair *pair;
    size_t pairs, pairs_capacity;
    uint64_t *counter; /* [targets * parts] */
    uint32_t *slot;    /* COUNT: [counted * SLOTS] */
    uint32_t counted;  /* groups, and in the end one for rows that do not count */
};

/* -- the plan's half --------------------------------------------------------------- */

sw_status sw_ranks_new(const double *q, uint32_t count, struct sw_ranks **ranks)
{
    struct sw_ranks *made = calloc(1, sizeof(*made));
    double *copy = malloc((count + (size_t)1) * sizeof(*copy));
    if (made == NULL || copy == NULL) {
        free(made);
        free(copy);
        return SW_NO_MEMORY;
    }
    memcpy(copy, q, count * sizeof(*copy));
    made->q = copy;
    made->quantiles = count;
    made->phase = GATHER_ALL;
    *ranks = made;
    return SW_OK;
}

void sw_ranks_expect(struct sw_ranks *ranks, double low, double high, bool is_integral)
{
    sw_assert(ranks->phase == GATHER_ALL && ranks->targets == 0);
    bool is_exact = is_integral && high - low < LINEAR_PARTS;
    double scale = is_exact ? 1 : LINEAR_PARTS / (high - low);
    if (low <= high && scale > 0 && isfinite(scale)) {
        ranks->phase = COUNT;
        ranks->low = low;
        ranks->scale = scale;
    }
}

void sw_ranks_expect_many(struct sw_ranks *ranks)
{
    sw_assert(ranks->phase == COUNT || ranks->phase == GATHER_ALL);
    ranks->phase = GATHER_ALL;
}

enum sw_ranks_want sw_ranks_wants(const struct sw_ranks *ranks)
{
    return ranks->phase == COUNT   ? SW_RANKS_COUNTS
           : ranks->wanted != NULL ? SW_RANKS_WANTED
                                   : SW_RANKS_KEYS;
}

void sw_ranks_parts(const struct sw_ranks *ranks, const double *values, uint32_t n, uint16_t *part)
{
    sw_linear_parts(values, n, ranks->low, ranks->scale, LINEAR_PARTS, part);
}

void sw_ranks_free(struct sw_ranks *ranks)
{
    if (ranks == NULL) {
        return;
    }
    free(ranks->q);
    free(ranks->n);
    free(ranks->first);
    free(ranks->target);
    free(ranks->result);
    free(ranks->wanted);
    free(ranks);
}

bool sw_ranks_is_done(const struct sw_ranks *ranks)
{
    return ranks->phase == DONE;
}

/* -- a partial ---------------------------------------------------------------------- */

sw_status sw_ranks_state_new(const struct sw_ranks *ranks, struct sw_ranks_state **state)
{
    struct sw_ranks_state *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    if (ranks->phase == NARROW) {
        made->counter = calloc(ranks->targets * ranks->parts + 1, sizeof(*made->counter));
        if (made->counter == NULL) {
            free(made);
            return SW_NO_MEMORY;
        }
    }
    *state = made;
    return SW_OK;
}

void sw_ranks_state_free(struct sw_ranks_state *state)
{
    if (state == NULL) {
        return;
    }
    free(state->n);
    free(state->pair);
    free(state->counter);
    free(state->slot);
    free(state);
}

static sw_status grow_groups(struct sw_ranks_state *state, uint32_t groups)
{
    if (groups <= state->capacity) {
        return SW_OK;
    }
    uint32_t capacity = groups < 16 ? 16 : groups * 2;
    uint64_t *n = realloc(state->n, capacity * sizeof(*n));
    if (n == NULL) {
        return SW_NO_MEMORY;
    }
    memset(n + state->capacity, 0, (capacity - state->capacity) * sizeof(*n));
    state->n = n;
    state->capacity = capacity;
    return SW_OK;
}

/* Room for `more` pairs; too many of them are given up. */
static sw_status grow_pairs(struct sw_ranks_state *state, size_t more)
{
    size_t need = state->pairs + more;
    if (need > SW_RANKED_KEPT) {
        free(state->pair);
        state->pair = NULL;
        state->pairs = 0;
        state->pairs_capacity = 0;
        state->is_over = true;
        return SW_OK;
    }
    if (need <= state->pairs_capacity) {
        return SW_OK;
    }
    size_t capacity = need < 1024 ? 1024 : need * 2;
    capacity = capacity > SW_RANKED_KEPT ? SW_RANKED_KEPT : capacity;
    struct pair *pair = realloc(state->pair, capacity * sizeof(*pair));
    if (pair == NULL) {
        return SW_NO_MEMORY;
    }
    state->pair = pair;
    state->pairs_capacity = capacity;
    return SW_OK;
}

static sw_status add_to_targets(const struct sw_ranks *ranks, struct sw_ranks_state *state,
                                uint64_t key, uint32_t group)
{
    for (uint64_t t = ranks->first[group]; t < ranks->first[group + 1]; t++) {
        const struct target *target = &ranks->target[t];
        if (key < target->low || key > target->high) {
            continue;
        }
        if (ranks->phase == NARROW) {
            uint64_t part = (key - target->low) >> target->shift;
            state->counter[t * ranks->parts + part]++;
            continue;
        }
        SW_TRY(grow_pairs(state, 1));
        sw_assert(!state->is_over);
        state->pair[state->pairs++] = (struct pair){key, (uint32_t)t};
    }
    return SW_OK;
}

/* Too many groups are given up. */
static sw_status grow_slots(struct sw_ranks_state *state, uint32_t groups)
{
    if (groups <= state->counted || state->is_over) {
        return SW_OK;
    }
    if (groups > SW_RANKS_GROUPS + 1) {
        free(state->slot);
        state->slot = NULL;
        state->counted = 0;
        state->is_over = true;
        return SW_OK;
    }
    uint32_t *slot = realloc(state->slot, groups * sizeof(*slot) * SLOTS);
    if (slot == NULL) {
        return SW_NO_MEMORY;
    }
    memset(slot + (size_t)state->counted * SLOTS, 0,
           (groups - state->counted) * sizeof(*slot) * SLOTS);
    state->slot = slot;
    state->counted = groups;
    return SW_OK;
}

sw_status sw_ranks_count(struct sw_ranks_state *state, const struct sw_ranks_rows *rows,
                         const uint16_t *part)
{
    SW_TRY(grow_slots(state, rows->groups + (rows->few != NULL)));
    if (state->is_over) {
        return SW_OK;
    }
    const struct sw_ranks_rows of = *rows;
    uint32_t *restrict slot = state->slot;
    for (uint32_t i = 0; i < of.n && of.few != NULL; i++) {
        slot[of.few[i] * SLOTS + part[i]]++;
    }
    for (uint32_t i = 0; i < of.n && of.few == NULL; i++) {
        slot[of.group[i] * SLOTS + part[of.row[i]]]++;
    }
    return SW_OK;
}

uint32_t sw_ranks_wanted(const struct sw_ranks *ranks, const struct sw_ranks_rows *rows,
                         const uint16_t *restrict part, uint16_t *restrict row,
                         uint32_t *restrict group)
{
    const struct sw_ranks_rows of = *rows;
    const uint8_t *restrict wanted = ranks->wanted;
    uint32_t n = 0;
    sw_assert(of.groups <= ranks->groups);
    for (uint32_t i = 0; i < of.n && of.few != NULL; i++) {
        row[n] = (uint16_t)i;
        group[n] = of.few[i];
        n += wanted[of.few[i] * SLOTS + part[i]];
    }
    for (uint32_t i = 0; i < of.n && of.few == NULL; i++) {
        row[n] = of.row[i];
        group[n] = of.group[i];
        n += wanted[of.group[i] * SLOTS + part[of.row[i]]];
    }
    return n;
}

sw_status sw_ranks_add(const struct sw_ranks *ranks, struct sw_ranks_state *state,
                       const uint64_t *key, const uint32_t *group, uint32_t n, uint32_t groups)
{
    if (ranks->phase != GATHER_ALL) {
        for (uint32_t i = 0; i < n; i++) {
            sw_assert(group[i] < ranks->groups);
            SW_TRY(add_to_targets(ranks, state, key[i], group[i]));
        }
        return SW_OK;
    }
    SW_TRY(grow_groups(state, groups));
    for (uint32_t i = 0; i < n; i++) {
        state->n[group[i]]++;
    }
    if (!state->is_over) {
        SW_TRY(grow_pairs(state, n));
    }
    for (uint32_t i = 0; i < n && !state->is_over; i++) {
        state->pair[state->pairs++] = (struct pair){key[i], group[i]};
    }
    return SW_OK;
}

static sw_status merge_pairs(struct sw_ranks_state *into, const struct sw_ranks_state *from,
                             const uint32_t *map)
{
    if (from->is_over) {
        return grow_pairs(into, (size_t)SW_RANKED_KEPT + 1);
    }
    if (into->is_over || from->pairs == 0) {
        return SW_OK;
    }
    SW_TRY(grow_pairs(into, from->pairs));
    for (size_t i = 0; i < from->pairs && !into->is_over; i++) {
        struct pair pair = from->pair[i];
        pair.of = map != NULL ? map[pair.of] : pair.of;
        into->pair[into->pairs++] = pair;
    }
    return SW_OK;
}

static sw_status merge_slots(struct sw_ranks_state *into, const struct sw_ranks_state *from,
                             const uint32_t *map, uint32_t groups)
{
    SW_TRY(grow_slots(into, from->is_over ? UINT32_MAX : groups));
    for (uint32_t g = 0; g < from->counted && g < groups && !into->is_over; g++) {
        uint32_t *to = into->slot + (map != NULL ? map[g] : g) * (size_t)SLOTS;
        const uint32_t *of = from->slot + g * (size_t)SLOTS;
        for (uint32_t i = 0; i < SLOTS; i++) {
            to[i] += of[i];
        }
    }
    return SW_OK;
}

sw_status sw_ranks_merge(const struct sw_ranks *ranks, struct sw_ranks_state *into,
                         const struct sw_ranks_state *from, const uint32_t *map, uint32_t groups)
{
    if (ranks->phase == COUNT) {
        return merge_slots(into, from, map, groups);
    }
    if (ranks->phase == NARROW) {
        for (uint64_t i = 0; i < ranks->targets * ranks->parts; i++) {
            into->counter[i] += from->counter[i];
        }
        return SW_OK;
    }
    if (ranks->phase == GATHER_REST) {
        return merge_pairs(into, from, NULL);
    }
    SW_TRY(grow_groups(into, groups));
    for (uint32_t i = 0; i < from->capacity; i++) {
        if (from->n[i] > 0) {
            into->n[map != NULL ? map[i] : i] += from->n[i];
        }
    }
    return merge_pairs(into, from, map);
}

/* -- the end of a round ----------------------------------------------------------------- */

static double value_of(uint64_t key, bool is_float)
{
    if (!is_float) {
        return (double)(int64_t)(key ^ (uint64_t)1 << 63);
    }
    uint64_t bits = key >> 63 != 0 ? key & ~((uint64_t)1 << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Targets of every group with keys: ranks floor(h) and the one above it, h = (n - 1) q. */
static sw_status make_targets(struct sw_ranks *ranks, const struct sw_ranks_state *state,
                              uint32_t groups)
{
    uint64_t each = (uint64_t)ranks->quantiles * 2;
    ranks->groups = groups;
    ranks->n = calloc(groups + (size_t)1, sizeof(*ranks->n));
    ranks->first = calloc(groups + (size_t)1, sizeof(*ranks->first));
    ranks->result = calloc(groups * (size_t)ranks->quantiles + 1, sizeof(*ranks->result));
    ranks->target = malloc((groups * each + 1) * sizeof(*ranks->target));
    if (ranks->n == NULL || ranks->first == NULL || ranks->result == NULL ||
        ranks->target == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t g = 0; g < groups; g++) {
        uint64_t n = g < state->capacity ? state->n[g] : 0;
        ranks->n[g] = n;
        ranks->first[g] = ranks->targets;
        for (uint32_t i = 0; n > 0 && i < ranks->quantiles; i++) {
            uint64_t rank = (uint64_t)((double)(n - 1) * ranks->q[i]);
            struct target target = {0, UINT64_MAX, rank, g, 0};
            ranks->target[ranks->targets++] = target;
            target.rank = rank + 1 < n ? rank + 1 : rank;
            ranks->target[ranks->targets++] = target;
        }
        ranks->first[g + 1] = ranks->targets;
    }
    return SW_OK;
}

/* All targets are down to one key. */
static void take_results(struct sw_ranks *ranks, bool is_float)
{
    for (uint32_t g = 0; g < ranks->groups; g++) {
        for (uint32_t i = 0; ranks->n[g] > 0 && i < ranks->quantiles; i++) {
            const struct target *target = &ranks->target[ranks->first[g] + i * 2];
            double low = value_of(target[0].low, is_float);
            double high = value_of(target[1].low, is_float);
            double h = (double)(ranks->n[g] - 1) * ranks->q[i];
            double share = h - floor(h);
            double value = low == high ? low : low + share * (high - low);
            ranks->result[(size_t)g * ranks->quantiles + i] = share > 0 ? value : low;
        }
    }
    ranks->phase = DONE;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The keys of all pairs, those of one group (or target) side by side: of the k-th from start[k]. */
static sw_status gather_keys(const struct sw_ranks_state *state, size_t of, size_t *start,
                             uint64_t *key)
{
    size_t *next = malloc((of + 1) * sizeof(*next));
    if (next == NULL) {
        return SW_NO_MEMORY;
    }
    memset(start, 0, (of + 1) * sizeof(*start));
    for (size_t i = 0; i < state->pairs; i++) {
        start[state->pair[i].of + 1]++;
    }
    for (size_t k = 0; k < of; k++) {
        start[k + 1] += start[k];
        next[k] = start[k];
    }
    for (size_t i = 0; i < state->pairs; i++) {
        key[next[state->pair[i].of]++] = state->pair[i].key;
    }
    free(next);
    return SW_OK;
}

/* Each target takes its rank among the keys of its group (or, with `is_rest`, its own). Where many
 * look among the same keys, those are sorted. */
static void pick_among(struct sw_ranks *ranks, const size_t *start, uint64_t *key, uint64_t *room,
                       bool is_rest)
{
    bool is_sorted = !is_rest && ranks->quantiles > SELECTED_MAX;
    for (uint32_t g = 0; g < ranks->groups && is_sorted; g++) {
        qsort(key + start[g], start[g + 1] - start[g], sizeof(*key), compare_keys);
    }
    for (uint64_t t = 0; t < ranks->targets; t++) {
        struct target *target = &ranks->target[t];
        size_t of = is_rest ? (size_t)t : target->group;
        size_t n = start[of + 1] - start[of];
        sw_assert(target->rank < n);
        if (is_sorted) {
            target->low = key[start[of] + target->rank];
        } else {
            memcpy(room, key + start[of], n * sizeof(*key));
            target->low = sw_select(room, n, target->rank);
        }
        target->high = target->low;
    }
}

static sw_status pick(struct sw_ranks *ranks, const struct sw_ranks_state *state, bool is_rest)
{
    size_t of = is_rest ? (size_t)ranks->targets : ranks->groups;
    size_t *start = malloc((of + 1) * sizeof(*start));
    uint64_t *key = malloc((state->pairs + 1) * sizeof(*key));
    uint64_t *room = malloc((state->pairs + 1) * sizeof(*room));
    sw_status status = start == NULL || key == NULL || room == NULL
                           ? SW_NO_MEMORY
                           : gather_keys(state, of, start, key);
    if (status == SW_OK) {
        pick_among(ranks, start, key, room, is_rest);
    }
    free(start);
    free(key);
    free(room);
    return status;
}

static void set_shifts(struct sw_ranks *ranks)
{
    for (uint64_t t = 0; t < ranks->targets; t++) {
        struct target *target = &ranks->target[t];
        target->shift = 0;
        while ((target->high - target->low) >> target->shift >= ranks->parts) {
            target->shift++;
        }
    }
}

static void begin_narrow(struct sw_ranks *ranks)
{
    ranks->phase = NARROW;
    ranks->parts = PARTS_MIN;
    while (ranks->targets * ranks->parts * 2 <= PARTS_ALL) {
        ranks->parts *= 2;
    }
    set_shifts(ranks);
}

static uint16_t part_of(const struct sw_ranks *ranks, uint64_t key, bool is_float)
{
    double value = value_of(key, is_float);
    uint16_t part;
    sw_linear_parts(&value, 1, ranks->low, ranks->scale, LINEAR_PARTS, &part);
    return part;
}

static uint64_t last_key(bool is_float)
{
    return is_float ? sw_ranks_key_float(INFINITY) : UINT64_MAX;
}

/* The least key that lies in the part or beyond it, of which there is one: keys and parts ascend
 * together. */
static uint64_t first_key(const struct sw_ranks *ranks, uint32_t part, bool is_float)
{
    uint64_t low = is_float ? sw_ranks_key_float(-INFINITY) : 0;
    uint64_t high = last_key(is_float);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (part_of(ranks, middle, is_float) >= part) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* A target's part becomes its interval; returns how many keys are in it. */
static uint64_t take_part(struct sw_ranks *ranks, const uint32_t *slot, struct target *target,
                          bool is_float)
{
    uint32_t part = 0;
    for (; target->rank >= slot[part]; part++) {
        target->rank -= slot[part];
    }
    sw_assert(part < LINEAR_PARTS);
    target->low = first_key(ranks, part, is_float);
    target->high = last_key(is_float);
    if (part_of(ranks, target->high, is_float) > part) {
        target->high = first_key(ranks, part + 1, is_float) - 1;
    }
    ranks->wanted[target->group * (size_t)SLOTS + part] = 1;
    return slot[part];
}

/* From counts to the parts with the ranks. True when every target is down to one key. */
static sw_status take_parts(struct sw_ranks *ranks, struct sw_ranks_state *state, uint32_t groups,
                            bool is_float, bool *is_done)
{
    uint64_t left = 0;
    SW_TRY(grow_groups(state, groups));
    for (uint32_t g = 0; g < groups && g < state->counted; g++) {
        for (uint32_t part = 0; part < LINEAR_PARTS; part++) {
            state->n[g] += state->slot[g * (size_t)SLOTS + part];
        }
    }
    SW_TRY(make_targets(ranks, state, groups));
    ranks->wanted = calloc((groups + (size_t)1) * SLOTS, 1);
    if (ranks->wanted == NULL) {
        return SW_NO_MEMORY;
    }
    *is_done = true;
    for (uint64_t t = 0; t < ranks->targets; t++) {
        struct target *target = &ranks->target[t];
        left += take_part(ranks, state->slot + target->group * (size_t)SLOTS, target, is_float);
        *is_done = *is_done && target->low == target->high;
    }
    ranks->phase = GATHER_REST;
    if (left > SW_RANKED_KEPT) {
        free(ranks->wanted);
        ranks->wanted = NULL;
        begin_narrow(ranks);
    }
    return SW_OK;
}

/* The part of a target's interval that has its rank; returns how many keys are in it. */
static uint64_t narrow_target(const struct sw_ranks *ranks, const uint64_t *counter,
                              struct target *target)
{
    unsigned shift = target->shift;
    uint32_t part = 0;
    while (target->rank >= counter[part]) {
        target->rank -= counter[part];
        part++;
        sw_assert(part < ranks->parts);
    }
    uint64_t low = target->low + ((uint64_t)part << shift);
    uint64_t high = low + (((uint64_t)1 << shift) - 1);
    target->high = high < target->high ? high : target->high;
    target->low = low;
    return counter[part];
}

/* True when every target is down to one key. */
static bool narrow(struct sw_ranks *ranks, const struct sw_ranks_state *state)
{
    uint64_t left = 0;
    bool is_done = true;
    for (uint64_t t = 0; t < ranks->targets; t++) {
        struct target *target = &ranks->target[t];
        left += narrow_target(ranks, state->counter + t * ranks->parts, target);
        is_done = is_done && target->low == target->high;
    }
    set_shifts(ranks);
    ranks->phase = left <= SW_RANKED_KEPT && ranks->targets < UINT32_MAX ? GATHER_REST : NARROW;
    return is_done;
}

sw_status sw_ranks_round(struct sw_ranks *ranks, struct sw_ranks_state *state, uint32_t groups,
                         bool is_float)
{
    bool is_done = true;
    switch (ranks->phase) {
    case COUNT:
        if (state->is_over) {
            ranks->phase = GATHER_ALL;
            return SW_AGAIN;
        }
        SW_TRY(take_parts(ranks, state, groups, is_float, &is_done));
        break;
    case GATHER_ALL:
        SW_TRY(make_targets(ranks, state, groups));
        if (!state->is_over) {
            SW_TRY(pick(ranks, state, false));
            break;
        }
        begin_narrow(ranks);
        is_done = false;
        break;
    case NARROW:
        is_done = narrow(ranks, state);
        break;
    case GATHER_REST:
        SW_TRY(pick(ranks, state, true));
        break;
    case DONE:
        return SW_OK;
    }
    if (!is_done) {
        return SW_AGAIN;
    }
    take_results(ranks, is_float);
    return SW_OK;
}

bool sw_ranks_value(const struct sw_ranks *ranks, uint32_t group, uint32_t i, double *value)
{
    sw_assert(ranks->phase == DONE);
    if (group >= ranks->groups || ranks->n[group] == 0) {
        return false;
    }
    *value = ranks->result[(size_t)group * ranks->quantiles + i];
    return true;
}
