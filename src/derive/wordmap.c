#include "derive/wordmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/random.h"

#define SLOTS_MIN 256u
#define PART      64u /* words whose slots are fetched ahead */

static sw_status charge(struct sw_wordmap *map, size_t bytes, struct sw_err *err)
{
    SW_TRY(sw_budget_charge(map->budget, bytes, err));
    map->charged += bytes;
    return SW_OK;
}

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "the server has no memory left to join these tables");
}

static sw_status new_slots(struct sw_wordmap *map, uint64_t slots, struct sw_err *err)
{
    SW_TRY(charge(map, slots * (sizeof(uint64_t) + sizeof(uint32_t)), err));
    map->word = malloc(slots * sizeof(*map->word));
    map->number = malloc(slots * sizeof(*map->number));
    if (map->word == NULL || map->number == NULL) {
        return no_memory(err);
    }
    memset(map->number, 0xff, slots * sizeof(*map->number));
    map->slots = slots;
    return SW_OK;
}

sw_status sw_wordmap_init(struct sw_wordmap *map, uint64_t lowest, uint64_t range,
                          struct sw_budget *budget, struct sw_err *err)
{
    *map = (struct sw_wordmap){.lowest = lowest, .range = range, .budget = budget};
    map->seed = sw_hash(&map, sizeof(map)) | 1;
    if (range == 0) {
        return new_slots(map, SLOTS_MIN, err);
    }
    SW_TRY(charge(map, range * sizeof(*map->by_value), err));
    map->by_value = malloc(range * sizeof(*map->by_value));
    if (map->by_value == NULL) {
        return no_memory(err);
    }
    memset(map->by_value, 0xff, range * sizeof(*map->by_value));
    return SW_OK;
}

void sw_wordmap_fini(struct sw_wordmap *map)
{
    free(map->by_value);
    free(map->word);
    free(map->number);
    sw_budget_release(map->budget, map->charged);
    *map = (struct sw_wordmap){0};
}

static inline uint64_t slot_of(const struct sw_wordmap *map, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(word ^ map->seed) * 0x9e3779b97f4a7c15u;
    return ((uint64_t)product ^ (uint64_t)(product >> 64)) & (map->slots - 1);
}

static inline uint64_t find_from(const struct sw_wordmap *map, uint64_t word, uint64_t at)
{
    while (map->number[at] != SW_WORD_NONE && map->word[at] != word) {
        at = (at + 1) & (map->slots - 1);
    }
    return at;
}

static sw_status grow(struct sw_wordmap *map, struct sw_err *err)
{
    struct sw_wordmap old = *map;
    map->word = NULL;
    map->number = NULL;
    sw_status status = new_slots(map, old.slots * 2, err);
    if (status != SW_OK) {
        free(map->word);
        free(map->number);
        map->word = old.word;
        map->number = old.number;
        map->slots = old.slots;
        return status;
    }
    for (uint64_t i = 0; i < old.slots; i++) {
        if (old.number[i] != SW_WORD_NONE) {
            uint64_t at = find_from(map, old.word[i], slot_of(map, old.word[i]));
            map->word[at] = old.word[i];
            map->number[at] = old.number[i];
        }
    }
    free(old.word);
    free(old.number);
    size_t gone = old.slots * (sizeof(uint64_t) + sizeof(uint32_t));
    sw_budget_release(map->budget, gone);
    map->charged -= gone;
    return SW_OK;
}

static void add_near(struct sw_wordmap *map, const uint64_t *restrict word, uint32_t n,
                     uint32_t *restrict number)
{
    for (uint32_t i = 0; i < n; i++) {
        if (number[i] == SW_WORD_NONE) {
            continue;
        }
        uint64_t offset = word[i] - map->lowest;
        uint32_t *slot = &map->by_value[offset];
        if (*slot == SW_WORD_NONE) {
            *slot = map->count++;
        }
        number[i] = *slot;
    }
}

sw_status sw_wordmap_add(struct sw_wordmap *map, const uint64_t *restrict word, uint32_t n,
                         uint32_t *restrict number, struct sw_err *err)
{
    if (map->by_value != NULL) {
        add_near(map, word, n, number);
        return SW_OK;
    }
    while (map->count + (uint64_t)n > map->slots / 2) {
        SW_TRY(grow(map, err));
    }
    for (uint32_t i = 0; i < n; i++) {
        if (number[i] == SW_WORD_NONE) {
            continue;
        }
        uint64_t at = find_from(map, word[i], slot_of(map, word[i]));
        if (map->number[at] == SW_WORD_NONE) {
            map->word[at] = word[i];
            map->number[at] = map->count++;
        }
        number[i] = map->number[at];
    }
    return SW_OK;
}

void sw_wordmap_find(const struct sw_wordmap *map, const uint64_t *restrict word, uint32_t n,
                     uint32_t *restrict number)
{
    if (map->by_value != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            uint64_t offset = word[i] - map->lowest;
            bool is_in = offset < map->range && number[i] != SW_WORD_NONE;
            number[i] = is_in ? map->by_value[is_in ? offset : 0] : SW_WORD_NONE;
        }
        return;
    }
    for (uint32_t start = 0; start < n; start += PART) {
        uint64_t slot[PART];
        uint32_t end = n - start < PART ? n - start : PART;
        for (uint32_t i = 0; i < end; i++) {
            slot[i] = slot_of(map, word[start + i]);
            __builtin_prefetch(&map->number[slot[i]]);
            __builtin_prefetch(&map->word[slot[i]]);
        }
        for (uint32_t i = 0; i < end; i++) {
            if (number[start + i] != SW_WORD_NONE) {
                uint64_t at = find_from(map, word[start + i], slot[i]);
                number[start + i] = map->number[at];
            }
        }
    }
}
