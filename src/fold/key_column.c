/* See key_column.h. */
#include "fold/key_column.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

#define SLOTS_MIN   64u
#define NUMBERS_MAX (1u << 18) /* by_number takes at most 1 MiB */

/* -- making ----------------------------------------------------------------------- */

static sw_status init_numbers(struct sw_key_column *column, const struct sw_version *version)
{
    struct sw_column_zone zone = sw_version_zone(version, column->column);
    uint64_t range = (uint64_t)zone.max_i - (uint64_t)zone.min_i;
    if (!sw_type_is_integral(column->type) || !zone.has_values || range >= NUMBERS_MAX) {
        return SW_OK;
    }
    column->lowest = zone.min_i;
    column->numbers = range + 1;
    column->by_number = malloc(column->numbers * sizeof(*column->by_number));
    if (column->by_number == NULL) {
        return SW_NO_MEMORY;
    }
    memset(column->by_number, 0xff, column->numbers * sizeof(*column->by_number));
    return SW_OK;
}

/* NULL where it has none; a chunk that is not there yet has none, too. */
static const struct sw_dict *dict_of(const struct sw_version *version, uint32_t group,
                                     uint32_t column)
{
    const struct sw_chunk *chunk = version->group[group]->chunk[column];
    return chunk == NULL ? NULL : chunk->dict;
}

/* The dictionary of all chunks of a column, or NULL where they have none or several. */
static const struct sw_dict *common_dict(const struct sw_version *version, uint32_t column)
{
    const struct sw_dict *dict = version->groups > 0 ? dict_of(version, 0, column) : NULL;
    for (uint32_t i = 1; i < version->groups && dict != NULL; i++) {
        dict = dict_of(version, i, column) == dict ? dict : NULL;
    }
    return dict;
}

sw_status sw_key_column_init_type(struct sw_key_column *column, enum sw_type type)
{
    *column = (struct sw_key_column){.type = type,
                                     .null_key = SW_KEYS_NONE,
                                     .slots = SLOTS_MIN,
                                     .seed = sw_hash(&type, sizeof(type))};
    sw_arena_init(&column->arena);
    column->slot = malloc(SLOTS_MIN * sizeof(*column->slot));
    if (column->slot == NULL) {
        return SW_NO_MEMORY;
    }
    memset(column->slot, 0xff, SLOTS_MIN * sizeof(*column->slot));
    return SW_OK;
}

sw_status sw_key_column_init(struct sw_key_column *column, const struct sw_version *version,
                             uint32_t index)
{
    SW_TRY(sw_key_column_init_type(column, version->schema->column[index].type));
    column->column = index;
    column->dict = common_dict(version, index);
    column->is_coded = column->dict != NULL;
    return init_numbers(column, version);
}

void sw_key_column_fini(struct sw_key_column *column)
{
    free(column->bits);
    free(column->texts);
    free(column->slot);
    free(column->by_code);
    free(column->by_number);
    sw_arena_fini(&column->arena);
}

bool sw_key_column_is_coded(const struct sw_version *version, uint32_t index)
{
    return common_dict(version, index) != NULL;
}

size_t sw_key_column_settle(struct sw_key_column *column)
{
    size_t bytes = column->capacity * sizeof(*column->bits);
    for (uint32_t key = 0; column->texts != NULL && key < column->count; key++) {
        bytes += sizeof(*column->texts) + column->texts[key].length;
    }
    free(column->slot);
    free(column->by_code);
    free(column->by_number);
    column->slot = NULL;
    column->by_code = NULL;
    column->by_number = NULL;
    column->slots = 0;
    column->codes = 0;
    column->numbers = 0;
    return bytes;
}

/* -- the hash ------------------------------------------------------------------------ */

static uint64_t bits_of(double value)
{
    uint64_t bits;
    value = value == 0 ? 0 : value != value ? (double)NAN : value;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint64_t bits_of_value(const struct sw_value *value)
{
    switch (value->type) {
    case SW_TYPE_STRING:
        return sw_hash(value->u.s.data, value->u.s.length);
    case SW_TYPE_FLOAT:
        return bits_of(value->u.f);
    case SW_TYPE_BOOL:
    case SW_TYPE_INT:
    case SW_TYPE_DATE:
    case SW_TYPE_TIMESTAMP:
    case SW_TYPE_COUNT:
        break;
    }
    return (uint64_t)value->u.i;
}

static inline uint32_t first_slot(const struct sw_key_column *column, uint64_t bits)
{
    unsigned __int128 product = (unsigned __int128)(bits ^ column->seed) * 0x9e3779b97f4a7c15u;
    return (uint32_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (column->slots - 1);
}

/* The slot that holds the value, or the free one where it belongs; `text` counts for strings. */
static inline uint32_t *find_slot(const struct sw_key_column *column, uint64_t bits,
                                  struct sw_span text)
{
    uint32_t at = first_slot(column, bits);
    for (;; at = (at + 1) & (column->slots - 1)) {
        uint32_t key = column->slot[at];
        if (key == SW_KEYS_NONE ||
            (column->bits[key] == bits &&
             (column->type != SW_TYPE_STRING || sw_span_equal(column->texts[key], text)))) {
            return &column->slot[at];
        }
    }
}

static sw_status grow_values(struct sw_key_column *column)
{
    uint32_t capacity = column->capacity == 0 ? 16 : column->capacity * 2;
    uint64_t *bits = realloc(column->bits, capacity * sizeof(*bits));
    if (bits == NULL) {
        return SW_NO_MEMORY;
    }
    column->bits = bits;
    if (column->type == SW_TYPE_STRING && !column->is_coded) {
        struct sw_span *texts = realloc(column->texts, capacity * sizeof(*texts));
        if (texts == NULL) {
            return SW_NO_MEMORY;
        }
        column->texts = texts;
    }
    column->capacity = capacity;
    return SW_OK;
}

static sw_status grow_slots(struct sw_key_column *column)
{
    uint32_t slots = column->slots * 2;
    uint32_t *grown = malloc(slots * sizeof(*grown));
    if (grown == NULL) {
        return SW_NO_MEMORY;
    }
    memset(grown, 0xff, slots * sizeof(*grown));
    free(column->slot);
    column->slot = grown;
    column->slots = slots;
    for (uint32_t key = 0; key < column->count; key++) {
        if (key == column->null_key) {
            continue;
        }
        uint32_t at = first_slot(column, column->bits[key]);
        while (grown[at] != SW_KEYS_NONE) {
            at = (at + 1) & (slots - 1);
        }
        grown[at] = key;
    }
    return SW_OK;
}

/* A new key at the end; the caller enters it where it will be found. */
static sw_status append(struct sw_key_column *column, uint64_t bits, struct sw_span text,
                        uint32_t *key)
{
    if (column->count >= SW_GROUPS_MAX) {
        return SW_LIMIT;
    }
    if (column->count == column->capacity) {
        SW_TRY(grow_values(column));
    }
    column->bits[column->count] = bits;
    if (column->type == SW_TYPE_STRING && !column->is_coded) {
        const char *copy = sw_arena_text(&column->arena, text);
        if (copy == NULL) {
            return SW_NO_MEMORY;
        }
        column->texts[column->count] = sw_span_of(copy, text.length);
    }
    *key = column->count++;
    return SW_OK;
}

static sw_status add_null(struct sw_key_column *column, uint32_t *key)
{
    if (column->null_key == SW_KEYS_NONE) {
        SW_TRY(append(column, 0, sw_span_of("", 0), &column->null_key));
    }
    *key = column->null_key;
    return SW_OK;
}

static sw_status add_hashed(struct sw_key_column *column, uint64_t bits, struct sw_span text,
                            uint32_t *key)
{
    uint32_t *slot = find_slot(column, bits, text);
    if (*slot != SW_KEYS_NONE) {
        *key = *slot;
        return SW_OK;
    }
    if (column->count >= column->slots / 2) {
        SW_TRY(grow_slots(column));
        slot = find_slot(column, bits, text);
    }
    SW_TRY(append(column, bits, text, key));
    *slot = *key;
    return SW_OK;
}

/* Room in by_code for codes below `count`. */
static sw_status grow_codes(struct sw_key_column *column, uint32_t count)
{
    if (count <= column->codes) {
        return SW_OK;
    }
    uint32_t codes = count < 64 ? 64 : count + count / 4;
    uint32_t *by_code = realloc(column->by_code, codes * sizeof(*by_code));
    if (by_code == NULL) {
        return SW_NO_MEMORY;
    }
    memset(by_code + column->codes, 0xff, (codes - column->codes) * sizeof(*by_code));
    column->by_code = by_code;
    column->codes = codes;
    return SW_OK;
}

static sw_status add_coded(struct sw_key_column *column, uint32_t code, uint32_t *key)
{
    SW_TRY(grow_codes(column, code + 1));
    if (column->by_code[code] == SW_KEYS_NONE) {
        SW_TRY(append(column, code, sw_span_of("", 0), &column->by_code[code]));
    }
    *key = column->by_code[code];
    return SW_OK;
}

/* The code of a value of this column, which its dictionary therefore knows. */
static uint32_t code_of(const struct sw_key_column *column, const struct sw_value *value)
{
    uint32_t code = sw_dict_find((struct sw_dict *)(uintptr_t)column->dict, value->u.s);
    sw_assert(code != SW_DICT_NONE);
    return code;
}

sw_status sw_key_column_merge(struct sw_key_column *into, const struct sw_key_column *from,
                              uint32_t *map)
{
    bool by_code = into->is_coded && from->is_coded && into->dict == from->dict;
    for (uint32_t key = 0; key < from->count; key++) {
        if (key == from->null_key) {
            SW_TRY(add_null(into, &map[key]));
        } else if (by_code) {
            SW_TRY(add_coded(into, (uint32_t)from->bits[key], &map[key]));
        } else {
            struct sw_value value = sw_key_column_value(from, key);
            SW_TRY(sw_key_column_add(into, &value, &map[key]));
        }
    }
    return SW_OK;
}

sw_status sw_key_column_add(struct sw_key_column *column, const struct sw_value *value,
                            uint32_t *key)
{
    if (value->is_null) {
        return add_null(column, key);
    }
    if (column->is_coded) {
        return add_coded(column, code_of(column, value), key);
    }
    struct sw_span text = value->type == SW_TYPE_STRING ? value->u.s : sw_span_of("", 0);
    return add_hashed(column, bits_of_value(value), text, key);
}

sw_status sw_key_column_add_code(struct sw_key_column *column, uint32_t code, uint32_t *key)
{
    sw_assert(column->is_coded);
    return code == SW_DICT_NONE ? add_null(column, key) : add_coded(column, code, key);
}

bool sw_key_column_ranks(const struct sw_key_column *column, uint32_t *rank)
{
    if (!column->is_coded) {
        return false;
    }
    uint32_t codes = sw_dict_count(column->dict);
    if (codes / 4 > column->count) { /* all are ranked: no bargain where few of them are here */
        return false;
    }
    const uint32_t *ranks = sw_dict_ranks((struct sw_dict *)(uintptr_t)column->dict, codes);
    for (uint32_t key = 0; key < column->count && ranks != NULL; key++) {
        rank[key] = key == column->null_key ? UINT32_MAX : ranks[column->bits[key]];
    }
    return ranks != NULL;
}

uint32_t sw_key_column_find(const struct sw_key_column *column, const struct sw_value *value)
{
    if (value->is_null) {
        return column->null_key;
    }
    if (column->is_coded) {
        uint32_t code = code_of(column, value);
        return code < column->codes ? column->by_code[code] : SW_KEYS_NONE;
    }
    struct sw_span text = value->type == SW_TYPE_STRING ? value->u.s : sw_span_of("", 0);
    return *find_slot(column, bits_of_value(value), text);
}

struct sw_value sw_key_column_value(const struct sw_key_column *column, uint32_t key)
{
    struct sw_value value = {.type = column->type, .is_null = key == column->null_key};
    sw_assert(key < column->count);
    if (value.is_null) {
        return value;
    }
    if (column->is_coded) {
        value.u.s = sw_dict_at(column->dict, (uint32_t)column->bits[key]);
    } else if (column->type == SW_TYPE_STRING) {
        value.u.s = column->texts[key];
    } else if (column->type == SW_TYPE_FLOAT) {
        memcpy(&value.u.f, &column->bits[key], sizeof(value.u.f));
    } else {
        value.u.i = (int64_t)column->bits[key];
    }
    return value;
}

/* -- rows ------------------------------------------------------------------------------ */

static bool is_null_row(const uint64_t *valid, uint32_t row)
{
    return valid != NULL && !sw_bits_has(valid, row);
}

/* Makes by_code speak of the chunk's dictionary and cover its codes. */
static sw_status ready_codes(struct sw_key_column *column, const struct sw_chunk *chunk)
{
    if (column->dict != chunk->dict) {
        column->dict = chunk->dict;
        if (column->codes > 0) {
            memset(column->by_code, 0xff, column->codes * sizeof(*column->by_code));
        }
    }
    return grow_codes(column, chunk->dict_count);
}

/* A code that by_code does not have yet. */
static sw_status add_code(struct sw_key_column *column, uint32_t code, uint32_t *key)
{
    if (column->is_coded) {
        return add_coded(column, code, key);
    }
    struct sw_span text = sw_dict_at(column->dict, code);
    SW_TRY(add_hashed(column, sw_hash(text.data, text.length), text, key));
    column->by_code[code] = *key;
    return SW_OK;
}

static sw_status of_codes(struct sw_key_column *column, struct sw_batch *batch, const uint16_t *row,
                          uint32_t n, uint32_t *key)
{
    const uint32_t *codes = sw_batch_codes(batch, column->column);
    const uint64_t *valid = sw_batch_valid(batch, column->column);
    SW_TRY(ready_codes(column, sw_batch_chunk(batch, column->column)));
    uint32_t unknown = valid != NULL;
    for (uint32_t i = 0; i < n && valid == NULL; i++) {
        key[i] = column->by_code[codes[row[i]]];
        unknown |= key[i] == SW_KEYS_NONE;
    }
    for (uint32_t i = 0; i < n && unknown; i++) {
        if (is_null_row(valid, row[i])) {
            SW_TRY(add_null(column, &key[i]));
            continue;
        }
        uint32_t code = codes[row[i]];
        key[i] = column->by_code[code];
        if (key[i] == SW_KEYS_NONE) {
            SW_TRY(add_code(column, code, &key[i]));
        }
    }
    return SW_OK;
}

static sw_status of_texts(struct sw_key_column *column, struct sw_batch *batch, const uint16_t *row,
                          uint32_t n, uint32_t *key)
{
    const uint64_t *valid = sw_batch_valid(batch, column->column);
    for (uint32_t i = 0; i < n; i++) {
        if (is_null_row(valid, row[i])) {
            SW_TRY(add_null(column, &key[i]));
            continue;
        }
        struct sw_span text = sw_batch_text(batch, column->column, row[i]);
        SW_TRY(add_hashed(column, sw_hash(text.data, text.length), text, &key[i]));
    }
    return SW_OK;
}

static sw_status of_ints(struct sw_key_column *column, struct sw_batch *batch, const uint16_t *row,
                         uint32_t n, uint32_t *key)
{
    const int64_t *values = sw_batch_ints(batch, column->column);
    const uint64_t *valid = sw_batch_valid(batch, column->column);
    for (uint32_t i = 0; i < n; i++) {
        if (is_null_row(valid, row[i])) {
            SW_TRY(add_null(column, &key[i]));
            continue;
        }
        uint64_t bits = (uint64_t)values[row[i]];
        uint64_t offset = bits - (uint64_t)column->lowest;
        bool is_near = offset < column->numbers;
        key[i] = is_near ? column->by_number[offset] : SW_KEYS_NONE;
        if (key[i] == SW_KEYS_NONE) {
            SW_TRY(add_hashed(column, bits, sw_span_of("", 0), &key[i]));
            if (is_near) {
                column->by_number[offset] = key[i];
            }
        }
    }
    return SW_OK;
}

static sw_status of_floats(struct sw_key_column *column, struct sw_batch *batch,
                           const uint16_t *row, uint32_t n, uint32_t *key)
{
    const double *values = sw_batch_floats(batch, column->column);
    const uint64_t *valid = sw_batch_valid(batch, column->column);
    for (uint32_t i = 0; i < n; i++) {
        if (is_null_row(valid, row[i])) {
            SW_TRY(add_null(column, &key[i]));
            continue;
        }
        SW_TRY(add_hashed(column, bits_of(values[row[i]]), sw_span_of("", 0), &key[i]));
    }
    return SW_OK;
}

sw_status sw_key_column_of(struct sw_key_column *column, struct sw_batch *batch,
                           const uint16_t *row, uint32_t n, uint32_t *key)
{
    switch (column->type) {
    case SW_TYPE_STRING:
        return sw_batch_is_coded(batch, column->column) ? of_codes(column, batch, row, n, key)
                                                        : of_texts(column, batch, row, n, key);
    case SW_TYPE_FLOAT:
        return of_floats(column, batch, row, n, key);
    case SW_TYPE_BOOL:
    case SW_TYPE_INT:
    case SW_TYPE_DATE:
    case SW_TYPE_TIMESTAMP:
        return of_ints(column, batch, row, n, key);
    case SW_TYPE_COUNT:
        break;
    }
    sw_assert(false);
    return SW_INTERNAL;
}
