/* Sorting one bucket by all levels of a plan: radix by the word of a level, then
 * each run of equal words by the next.  See sortkey.h.                              */
#include "exec/sortkey.h"

#define INSERTION_MAX 48 /* below it a radix pass costs more than it saves */

struct sorter {
    const struct sw_sort_plan *plan;
    uint64_t *spare_key;
    uint32_t *spare_position;
    struct sw_pins pins;
};

/* Where a run stands: which level its keys are of, and where in a text. */
struct stage {
    uint32_t level;
    uint32_t depth;
    bool is_length; /* the text's bytes are used up: keys are lengths */
};

static void sort_insertion(uint64_t *key, uint32_t *position, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t k = key[i];
        uint32_t p = position[i];
        size_t at = i;
        for (; at > 0 && key[at - 1] > k; at--) {
            key[at] = key[at - 1];
            position[at] = position[at - 1];
        }
        key[at] = k;
        position[at] = p;
    }
}

static void radix_pass(const uint64_t *key, const uint32_t *position, size_t count, unsigned shift,
                       uint64_t *to_key, uint32_t *to_position)
{
    size_t start[257] = {0};
    for (size_t i = 0; i < count; i++) {
        start[((key[i] >> shift) & 255) + 1]++;
    }
    for (int digit = 0; digit < 256; digit++) {
        start[digit + 1] += start[digit];
    }
    for (size_t i = 0; i < count; i++) {
        size_t to = start[(key[i] >> shift) & 255]++;
        to_key[to] = key[i];
        to_position[to] = position[i];
    }
}

/* Stable; only the bytes in which keys differ cost a pass. */
static void sort_keys(struct sorter *sorter, uint64_t *key, uint32_t *position, size_t count)
{
    if (count <= INSERTION_MAX) {
        sort_insertion(key, position, count);
        return;
    }
    uint64_t differ = 0;
    for (size_t i = 1; i < count; i++) {
        differ |= key[i] ^ key[0];
    }
    uint64_t *from_key = key;
    uint32_t *from_position = position;
    uint64_t *to_key = sorter->spare_key;
    uint32_t *to_position = sorter->spare_position;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (((differ >> shift) & 255) == 0) {
            continue;
        }
        radix_pass(from_key, from_position, count, shift, to_key, to_position);
        uint64_t *swap_key = from_key;
        uint32_t *swap_position = from_position;
        from_key = to_key;
        from_position = to_position;
        to_key = swap_key;
        to_position = swap_position;
    }
    if (from_key != key) {
        memcpy(key, from_key, count * sizeof(*key));
        memcpy(position, from_position, count * sizeof(*position));
    }
}

/* The stage after one in which all rows of a run were equal; false: there is none. */
static bool next_stage(struct sorter *sorter, struct stage *stage, const uint32_t *position,
                       size_t count)
{
    const struct sw_sort_plan *plan = sorter->plan;
    if (sorter->pins.status != SW_OK) {
        return false;
    }
    if (stage->level < plan->levels && plan->level[stage->level].is_text && !stage->is_length) {
        uint64_t longest = 0;
        bool is_descending = plan->level[stage->level].is_descending;
        for (size_t i = 0; i < count; i++) {
            uint64_t length = sw_sort_length(plan, &sorter->pins, stage->level, position[i]);
            length = is_descending ? ~length : length;
            longest = length > longest ? length : longest;
        }
        stage->depth++;
        uint64_t seen = plan->level[stage->level].skip + (uint64_t)stage->depth * 8;
        stage->is_length = longest <= seen;
        return true;
    }
    *stage = (struct stage){.level = stage->level + 1};
    return stage->level < plan->levels;
}

static void load_keys(struct sorter *sorter, const struct stage *stage, uint64_t *key,
                      const uint32_t *position, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        key[i] = stage->is_length
                     ? sw_sort_length(sorter->plan, &sorter->pins, stage->level, position[i])
                     : sw_sort_word(sorter->plan, &sorter->pins, stage->level, stage->depth,
                                    position[i]);
    }
}

static size_t run_end(const uint64_t *key, size_t count, size_t start)
{
    size_t end = start + 1;
    while (end < count && key[end] == key[start]) {
        end++;
    }
    return end;
}

/* The keys of the stage are loaded.  Runs of equal keys go on to the next stage: the longest in
 * this loop, the others, each at most half, by recursion: so it is never deeper than 32. */
static void sort_stage(struct sorter *sorter, uint64_t *key, uint32_t *position, size_t count,
                       struct stage stage)
{
    for (;;) {
        size_t longest = 0;
        size_t longest_at = 0;
        sort_keys(sorter, key, position, count);
        for (size_t at = 0; at < count;) {
            size_t end = run_end(key, count, at);
            if (end - at > longest) {
                longest = end - at;
                longest_at = at;
            }
            at = end;
        }
        for (size_t at = 0; at < count;) {
            size_t end = run_end(key, count, at);
            struct stage next = stage;
            if (at != longest_at && end - at > 1 &&
                next_stage(sorter, &next, position + at, end - at)) {
                load_keys(sorter, &next, key + at, position + at, end - at);
                sort_stage(sorter, key + at, position + at, end - at, next);
            }
            at = end;
        }
        if (longest < 2 || !next_stage(sorter, &stage, position + longest_at, longest)) {
            return;
        }
        key += longest_at;
        position += longest_at;
        count = longest;
        load_keys(sorter, &stage, key, position, count);
    }
}

sw_status sw_sort_run(const struct sw_sort_plan *plan, uint64_t *key, uint32_t *position,
                      size_t count, uint64_t *spare_key, uint32_t *spare_position,
                      struct sw_err *err)
{
    if (count < 2) {
        return SW_OK;
    }
    struct sorter sorter = {.plan = plan, .spare_key = spare_key, .spare_position = spare_position};
    sort_stage(&sorter, key, position, count, (struct stage){0});
    return sw_pins_leave(&sorter.pins, err);
}
