#include "exec/sortkey.h"

#define SIGN_BIT (UINT64_C(1) << 63)

/* -- plan --------------------------------------------------------------------- */

/* Doubles as unsigned numbers of the same order; both zeros are one. */
static uint64_t order_float(double value)
{
    uint64_t bits;
    if (value == 0) {
        return SIGN_BIT;
    }
    memcpy(&bits, &value, sizeof(bits));
    return (bits & SIGN_BIT) != 0 ? ~bits : bits | SIGN_BIT;
}

static uint64_t order_int(int64_t value)
{
    return (uint64_t)value ^ SIGN_BIT;
}

static uint8_t bits_for(uint64_t most)
{
    return most == 0 ? 0 : (uint8_t)(64 - __builtin_clzll(most));
}

static struct sw_sort_level *open_level(struct sw_sort_plan *plan)
{
    sw_assert(plan->levels < SW_SORT_LEVELS_MAX);
    struct sw_sort_level *level = &plan->level[plan->levels++];
    *level = (struct sw_sort_level){.first = plan->fields, .end = plan->fields};
    return level;
}

/* Packs a field of `bits` bits behind the others, cut in two where a word ends. */
static void add_field(struct sw_sort_plan *plan, struct sw_sort_field field, uint8_t bits)
{
    while (bits > 0) {
        struct sw_sort_level *level =
            plan->levels == 0 ? open_level(plan) : &plan->level[plan->levels - 1];
        if (level->is_text || level->bits == 64) {
            level = open_level(plan);
        }
        uint8_t room = (uint8_t)(64 - level->bits);
        field.bits = bits < room ? bits : room;
        field.shift = (uint8_t)(bits - field.bits);
        bits = field.shift;
        level->bits = (uint8_t)(level->bits + field.bits);
        plan->field[plan->fields++] = field;
        level->end = plan->fields;
    }
}

/* As much of a text's first eight bytes as the word has room for. */
static void add_beginning(struct sw_sort_plan *plan, struct sw_sort_field field)
{
    struct sw_sort_level *level = &plan->level[plan->levels - 1];
    field.bits = (uint8_t)(64 - level->bits);
    field.shift = (uint8_t)(64 - field.bits);
    level->bits = 64;
    plan->field[plan->fields++] = field;
    level->end = plan->fields;
}

static size_t common_length(struct sw_span a, struct sw_span b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    size_t length = 0;
    while (length < shorter && a.data[length] == b.data[length]) {
        length++;
    }
    return length;
}

/* What all texts of a chunk, which is pinned, and those before it begin with. */
static void shorten(const struct sw_chunk *chunk, struct sw_buf *common, bool *has_text)
{
    for (uint32_t row = 0; row < chunk->rows; row++) {
        struct sw_value value = sw_chunk_value(chunk, row);
        if (value.is_null) {
            continue;
        }
        if (!*has_text) {
            sw_buf_put(common, value.u.s.data, value.u.s.length);
            *has_text = true;
        }
        common->length = common_length(sw_buf_peek(common), value.u.s);
        if (common->length == 0) {
            return;
        }
    }
}

/* How many bytes all texts of a column begin with in common; stops at the first that tells. */
static sw_status common_beginning(const struct sw_version *version, uint32_t column,
                                  uint32_t *length, struct sw_err *err)
{
    struct sw_buf common;
    bool has_text = false;
    sw_status status = SW_OK;
    sw_buf_init(&common);
    for (uint32_t group = 0; group < version->groups && status == SW_OK; group++) {
        const struct sw_chunk *chunk = version->group[group]->chunk[column];
        status = sw_chunk_pin(chunk, err);
        if (status == SW_OK) {
            shorten(chunk, &common, &has_text);
            sw_chunk_unpin(chunk);
        }
        if (has_text && common.length == 0) {
            break;
        }
    }
    *length = (uint32_t)common.length;
    sw_buf_fini(&common);
    return status;
}

static sw_status add_text(struct sw_sort_plan *plan, const struct sw_sort_key *key,
                          struct sw_err *err)
{
    struct sw_sort_field field = {
        .kind = SW_SORT_TEXT, .column = key->column, .is_descending = key->is_descending};
    SW_TRY(common_beginning(plan->version, key->column, &field.skip, err));
    const struct sw_sort_level *last = plan->levels > 0 ? &plan->level[plan->levels - 1] : NULL;
    if (last != NULL && !last->is_text && last->bits < 64) {
        add_beginning(plan, field);
    }
    struct sw_sort_level *level = open_level(plan);
    level->is_text = true;
    level->is_descending = key->is_descending;
    level->column = key->column;
    level->skip = field.skip;
    level->bits = 64;
    return SW_OK;
}

/* The dictionary that all chunks of a column share, or NULL; *count: codes that occur. */
static struct sw_dict *shared_dict(const struct sw_version *version, uint32_t column,
                                   uint32_t *count)
{
    struct sw_dict *dict = NULL;
    *count = 0;
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column];
        if (chunk->encoding != SW_ENC_DICT || (dict != NULL && chunk->dict != dict)) {
            return NULL;
        }
        dict = chunk->dict;
        *count = chunk->dict_count > *count ? chunk->dict_count : *count;
    }
    return dict;
}

static sw_status add_string(struct sw_sort_plan *plan, const struct sw_sort_key *key,
                            struct sw_err *err)
{
    uint32_t count;
    struct sw_dict *dict = shared_dict(plan->version, key->column, &count);
    if (dict == NULL) {
        return add_text(plan, key, err);
    }
    if (count < 2) {
        return SW_OK;
    }
    struct sw_sort_field field = {.kind = SW_SORT_RANK,
                                  .column = key->column,
                                  .is_descending = key->is_descending,
                                  .from = key->is_descending ? count - 1 : 0,
                                  .ranks = sw_dict_ranks(dict, count)};
    if (field.ranks == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "the server has no memory left to sort by that column");
    }
    add_field(plan, field, bits_for(count - 1));
    return SW_OK;
}

static sw_status add_column(struct sw_sort_plan *plan, const struct sw_sort_key *key,
                            struct sw_err *err)
{
    struct sw_column_zone zone = sw_version_zone(plan->version, key->column);
    enum sw_type type = plan->version->schema->column[key->column].type;
    struct sw_sort_field field = {
        .kind = SW_SORT_CLASS, .column = key->column, .is_descending = key->is_descending};
    field.null_class = zone.nans > 0 ? 2 : 1;
    if (zone.nulls + zone.nans > 0) {
        add_field(plan, field, zone.nulls > 0 ? field.null_class : 1);
    }
    if (zone.nulls + zone.nans == plan->version->rows) {
        return SW_OK;
    }
    if (type == SW_TYPE_STRING) {
        return add_string(plan, key, err);
    }
    bool is_float = type == SW_TYPE_FLOAT;
    uint64_t low = is_float ? order_float(zone.min_f) : order_int(zone.min_i);
    uint64_t high = is_float ? order_float(zone.max_f) : order_int(zone.max_i);
    field.kind = is_float ? SW_SORT_FLOAT : SW_SORT_INT;
    field.from = key->is_descending ? high : low;
    add_field(plan, field, bits_for(high - low));
    return SW_OK;
}

sw_status sw_sort_plan_work(const struct sw_version *version, const struct sw_sort_key *sort,
                            uint32_t count, struct sw_sort_plan *plan, struct sw_err *err)
{
    sw_assert(count <= SW_SORT_KEYS_MAX);
    *plan = (struct sw_sort_plan){.version = version};
    for (uint32_t i = 0; i < count; i++) {
        SW_TRY(add_column(plan, &sort[i], err));
    }
    return SW_OK;
}

/* -- words ---------------------------------------------------------------------- */

static uint64_t from_start(const struct sw_sort_field *field, uint64_t ordered)
{
    return field->is_descending ? field->from - ordered : ordered - field->from;
}

static uint64_t piece(const struct sw_sort_field *field, uint64_t value)
{
    uint64_t mask = field->bits == 64 ? UINT64_MAX : (UINT64_C(1) << field->bits) - 1;
    return (value >> field->shift) & mask;
}

static void push(uint64_t *word, const struct sw_sort_field *field, uint64_t value)
{
    uint64_t above = field->bits == 64 ? 0 : *word << field->bits;
    *word = above | piece(field, value);
}

static uint64_t text_word(struct sw_span text, size_t from, bool is_descending)
{
    uint64_t word = 0;
    if (from < text.length) {
        size_t length = text.length - from < 8 ? text.length - from : 8;
        unsigned char bytes[8] = {0};
        memcpy(bytes, text.data + from, length);
        for (int i = 0; i < 8; i++) {
            word = word << 8 | bytes[i];
        }
    }
    return is_descending ? ~word : word;
}

static bool is_valid(const uint64_t *valid, uint32_t row)
{
    return valid == NULL || ((valid[row >> 6] >> (row & 63)) & 1) != 0;
}

static void push_classes(const struct sw_sort_field *field, struct sw_batch *batch, uint64_t *words)
{
    const uint64_t *valid = sw_batch_valid(batch, field->column);
    enum sw_type type = batch->version->schema->column[field->column].type;
    const double *floats = type == SW_TYPE_FLOAT ? sw_batch_floats(batch, field->column) : NULL;
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint64_t class_of_row = 0;
        if (!is_valid(valid, i)) {
            class_of_row = field->null_class;
        } else if (floats != NULL && floats[i] != floats[i]) {
            class_of_row = 1;
        }
        push(&words[i], field, class_of_row);
    }
}

static void push_ints(const struct sw_sort_field *field, struct sw_batch *batch, uint64_t *words)
{
    const uint64_t *valid = sw_batch_valid(batch, field->column);
    const int64_t *ints = sw_batch_ints(batch, field->column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint64_t value = is_valid(valid, i) ? from_start(field, order_int(ints[i])) : 0;
        push(&words[i], field, value);
    }
}

static void push_floats(const struct sw_sort_field *field, struct sw_batch *batch, uint64_t *words)
{
    const uint64_t *valid = sw_batch_valid(batch, field->column);
    const double *floats = sw_batch_floats(batch, field->column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        bool is_number = is_valid(valid, i) && floats[i] == floats[i];
        push(&words[i], field, is_number ? from_start(field, order_float(floats[i])) : 0);
    }
}

static void push_ranks(const struct sw_sort_field *field, struct sw_batch *batch, uint64_t *words)
{
    const uint64_t *valid = sw_batch_valid(batch, field->column);
    const uint32_t *codes = sw_batch_codes(batch, field->column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint64_t value = is_valid(valid, i) ? from_start(field, field->ranks[codes[i]]) : 0;
        push(&words[i], field, value);
    }
}

static void push_texts(const struct sw_sort_level *level, struct sw_batch *batch, uint64_t *words)
{
    for (uint32_t i = 0; i < batch->rows; i++) {
        words[i] =
            text_word(sw_batch_text(batch, level->column, i), level->skip, level->is_descending);
    }
}

static void push_beginnings(const struct sw_sort_field *field, struct sw_batch *batch,
                            uint64_t *words)
{
    const uint64_t *valid = sw_batch_valid(batch, field->column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint64_t value = 0;
        if (is_valid(valid, i)) {
            value = text_word(sw_batch_text(batch, field->column, i), field->skip,
                              field->is_descending);
        }
        push(&words[i], field, value);
    }
}

void sw_sort_words(const struct sw_sort_plan *plan, struct sw_batch *batch, uint64_t *words)
{
    memset(words, 0, batch->rows * sizeof(*words));
    if (plan->levels == 0) {
        return;
    }
    const struct sw_sort_level *level = &plan->level[0];
    if (level->is_text) {
        push_texts(level, batch, words);
        return;
    }
    for (uint32_t i = level->first; i < level->end; i++) {
        const struct sw_sort_field *field = &plan->field[i];
        switch (field->kind) {
        case SW_SORT_CLASS:
            push_classes(field, batch, words);
            break;
        case SW_SORT_INT:
            push_ints(field, batch, words);
            break;
        case SW_SORT_FLOAT:
            push_floats(field, batch, words);
            break;
        case SW_SORT_RANK:
            push_ranks(field, batch, words);
            break;
        case SW_SORT_TEXT:
            push_beginnings(field, batch, words);
            break;
        }
    }
}

static uint32_t code_at(const struct sw_chunk *chunk, uint32_t row)
{
    switch (chunk->width) {
    case 0:
        return (uint32_t)chunk->base;
    case 1:
        return ((const uint8_t *)chunk->data)[row];
    case 2:
        return ((const uint16_t *)chunk->data)[row];
    default:
        return ((const uint32_t *)chunk->data)[row];
    }
}

static uint64_t field_at(const struct sw_sort_field *field, const struct sw_chunk *chunk,
                         uint32_t row)
{
    bool is_null = sw_chunk_is_null(chunk, row);
    struct sw_value value;
    switch (field->kind) {
    case SW_SORT_CLASS:
        value = sw_chunk_value(chunk, row);
        if (is_null) {
            return field->null_class;
        }
        return chunk->type == SW_TYPE_FLOAT && value.u.f != value.u.f;
    case SW_SORT_INT:
        return is_null ? 0 : from_start(field, order_int(sw_chunk_value(chunk, row).u.i));
    case SW_SORT_FLOAT:
        value = sw_chunk_value(chunk, row);
        return is_null || value.u.f != value.u.f ? 0 : from_start(field, order_float(value.u.f));
    case SW_SORT_RANK:
        return is_null ? 0 : from_start(field, field->ranks[code_at(chunk, row)]);
    case SW_SORT_TEXT:
        value = sw_chunk_value(chunk, row);
        return is_null ? 0 : text_word(value.u.s, field->skip, field->is_descending);
    }
    return 0;
}

/* Until the next look at a row. */
static struct sw_span text_at(const struct sw_sort_plan *plan, struct sw_pins *pins,
                              uint32_t column, uint64_t position)
{
    uint32_t group;
    uint32_t row;
    sw_version_locate(plan->version, position, &group, &row);
    const struct sw_chunk *chunk = sw_pins_get(pins, plan->version->group[group]->chunk[column]);
    if (chunk == NULL) {
        return (struct sw_span){0};
    }
    struct sw_value value = sw_chunk_value(chunk, row);
    return value.is_null ? (struct sw_span){0} : value.u.s;
}

uint64_t sw_sort_word(const struct sw_sort_plan *plan, struct sw_pins *pins, uint32_t index,
                      uint32_t depth, uint64_t position)
{
    const struct sw_sort_level *level = &plan->level[index];
    if (level->is_text) {
        size_t from = level->skip + (size_t)depth * 8;
        return text_word(text_at(plan, pins, level->column, position), from, level->is_descending);
    }
    uint32_t group;
    uint32_t row;
    uint64_t word = 0;
    sw_version_locate(plan->version, position, &group, &row);
    for (uint32_t i = level->first; i < level->end; i++) {
        const struct sw_sort_field *field = &plan->field[i];
        const struct sw_chunk *chunk =
            sw_pins_get(pins, plan->version->group[group]->chunk[field->column]);
        push(&word, field, chunk == NULL ? 0 : field_at(field, chunk, row));
    }
    return word;
}

uint64_t sw_sort_length(const struct sw_sort_plan *plan, struct sw_pins *pins, uint32_t index,
                        uint64_t position)
{
    const struct sw_sort_level *level = &plan->level[index];
    sw_assert(level->is_text);
    uint64_t length = text_at(plan, pins, level->column, position).length;
    return level->is_descending ? ~length : length;
}
