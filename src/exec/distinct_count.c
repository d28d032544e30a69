#include "exec/distinct_count.h"

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/random.h"

#define REGISTER_BITS 14
#define REGISTERS     (1u << REGISTER_BITS)
#define SLOTS_FIRST   1024u

struct entry {
    uint64_t hash;
    uint64_t word; /* or more of a text's hash */
};

struct sw_distinct_count {
    uint32_t slots; /* power of two, at least twice the entries */
    uint32_t entries, capacity;
    uint32_t *slot;      /* entry index plus one; 0: free; owned */
    struct entry *entry; /* owned */
    uint8_t *registers;  /* [REGISTERS] once the set was full; owned */
};

sw_status sw_distinct_count_new(struct sw_distinct_count **result)
{
    struct sw_distinct_count *count = calloc(1, sizeof(*count));
    if (count == NULL) {
        return SW_NO_MEMORY;
    }
    count->slots = SLOTS_FIRST;
    count->capacity = SLOTS_FIRST / 2;
    count->slot = calloc(count->slots, sizeof(*count->slot));
    count->entry = malloc(count->capacity * sizeof(*count->entry));
    if (count->slot == NULL || count->entry == NULL) {
        sw_distinct_count_free(count);
        return SW_NO_MEMORY;
    }
    *result = count;
    return SW_OK;
}

void sw_distinct_count_free(struct sw_distinct_count *count)
{
    if (count == NULL) {
        return;
    }
    free(count->slot);
    free(count->entry);
    free(count->registers);
    free(count);
}

/* -- the sketch ------------------------------------------------------------------------ */

static void sketch(struct sw_distinct_count *count, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash >> (64 - REGISTER_BITS));
    uint64_t rest = hash << REGISTER_BITS;
    uint8_t rank = rest == 0 ? 64 - REGISTER_BITS + 1 : (uint8_t)(__builtin_clzll(rest) + 1);
    if (count->registers[at] < rank) {
        count->registers[at] = rank;
    }
}

static sw_status become_sketch(struct sw_distinct_count *count)
{
    count->registers = calloc(REGISTERS, 1);
    if (count->registers == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count->entries; i++) {
        sketch(count, count->entry[i].hash);
    }
    free(count->slot);
    free(count->entry);
    count->slot = NULL;
    count->entry = NULL;
    return SW_OK;
}

/* Hashes have 64 bits, so no correction for large counts is needed; small ones never come here. */
static uint64_t estimate(const struct sw_distinct_count *count)
{
    double sum = 0;
    for (uint32_t i = 0; i < REGISTERS; i++) {
        sum += ldexp(1.0, -count->registers[i]);
    }
    double m = REGISTERS;
    return (uint64_t)(0.7213 / (1 + 1.079 / m) * m * m / sum + 0.5);
}

/* -- the set --------------------------------------------------------------------------- */

static sw_status grow(struct sw_distinct_count *count)
{
    uint32_t slots = count->slots * 2;
    uint32_t *slot = calloc(slots, sizeof(*slot));
    struct entry *entry = realloc(count->entry, slots / 2 * sizeof(*entry));
    if (entry != NULL) {
        count->entry = entry;
    }
    if (slot == NULL || entry == NULL) {
        free(slot);
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count->entries; i++) {
        uint32_t at = (uint32_t)entry[i].hash & (slots - 1);
        while (slot[at] != 0) {
            at = (at + 1) & (slots - 1);
        }
        slot[at] = i + 1;
    }
    free(count->slot);
    count->slot = slot;
    count->slots = slots;
    count->capacity = slots / 2;
    return SW_OK;
}

static bool is_equal(const struct entry *a, const struct entry *b)
{
    return a->hash == b->hash && a->word == b->word;
}

static sw_status add(struct sw_distinct_count *count, const struct entry *entry)
{
    if (count->registers != NULL) {
        sketch(count, entry->hash);
        return SW_OK;
    }
    uint32_t at = (uint32_t)entry->hash & (count->slots - 1);
    while (count->slot[at] != 0) {
        if (is_equal(&count->entry[count->slot[at] - 1], entry)) {
            return SW_OK;
        }
        at = (at + 1) & (count->slots - 1);
    }
    if (count->entries == SW_DISTINCT_EXACT_MAX) {
        SW_TRY(become_sketch(count));
        sketch(count, entry->hash);
        return SW_OK;
    }
    count->entry[count->entries++] = *entry;
    count->slot[at] = count->entries;
    return count->entries == count->capacity ? grow(count) : SW_OK;
}

/* splitmix64's finisher: one to one, so the hash alone tells words apart. */
static uint64_t mix(uint64_t word)
{
    word += UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
    return word ^ (word >> 31);
}

sw_status sw_distinct_count_word(struct sw_distinct_count *count, uint64_t word)
{
    const struct entry entry = {.hash = mix(word), .word = word};
    return add(count, &entry);
}

sw_status sw_distinct_count_text(struct sw_distinct_count *count, struct sw_span text)
{
    uint64_t hash[2];
    sw_hash_wide(text.data, text.length, hash);
    const struct entry entry = {.hash = hash[0], .word = hash[1]};
    return add(count, &entry);
}

uint64_t sw_distinct_count_value(const struct sw_distinct_count *count, bool *is_exact)
{
    *is_exact = count->registers == NULL;
    return *is_exact ? count->entries : estimate(count);
}
