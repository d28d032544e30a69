/* See builder.h; sealing is in seal.c. */
#include "table/builder.h"

#include <stdlib.h>

#include "base/block.h"
#include "base/limits.h"
#include "table/table_priv.h"

#define WIDE_SIZE    (SW_CHUNK_ROWS * sizeof(int64_t))
#define CODES_SIZE   (SW_CHUNK_ROWS * sizeof(uint32_t))
#define OFFSETS_SIZE ((SW_CHUNK_ROWS + 1) * sizeof(uint32_t))
#define VALID_SIZE   (SW_CHUNK_ROWS / 8)

/* A charged array, or NULL with *status set. */
static void *new_array(struct sw_budget *budget, size_t size, sw_status *status, struct sw_err *err)
{
    *status = sw_budget_charge(budget, size, err);
    if (*status != SW_OK) {
        return NULL;
    }
    void *array = sw_block_alloc(size);
    if (array == NULL) {
        sw_budget_release(budget, size);
        *status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this table.");
    }
    return array;
}

static void free_array(struct sw_budget *budget, void *array, size_t size)
{
    if (array != NULL) {
        sw_block_free(array, size);
        sw_budget_release(budget, size);
    }
}

static sw_status new_values(struct sw_builder *builder, struct sw_err *err)
{
    sw_status status = SW_INTERNAL;
    struct sw_budget *budget = builder->budget;
    switch (builder->type) {
    case SW_TYPE_BOOL:
    case SW_TYPE_INT:
    case SW_TYPE_DATE:
    case SW_TYPE_TIMESTAMP:
        builder->ints = new_array(budget, WIDE_SIZE, &status, err);
        break;
    case SW_TYPE_FLOAT:
        builder->floats = new_array(budget, WIDE_SIZE, &status, err);
        break;
    case SW_TYPE_STRING:
        if (builder->dict != NULL) {
            builder->codes = new_array(budget, CODES_SIZE, &status, err);
        } else {
            builder->offsets = new_array(budget, OFFSETS_SIZE, &status, err);
        }
        break;
    case SW_TYPE_COUNT:
        sw_assert(false);
    }
    if (builder->offsets != NULL) {
        builder->offsets[0] = 0;
    }
    return status;
}

sw_status sw_builder_new(enum sw_type type, struct sw_dict *dict, struct sw_budget *budget,
                         struct sw_builder **builder, struct sw_err *err)
{
    sw_assert(type == SW_TYPE_STRING || dict == NULL);
    struct sw_builder *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this table.");
    }
    made->type = type;
    made->budget = budget;
    made->dict = dict != NULL ? sw_dict_ref(dict) : NULL;
    sw_buf_init(&made->text);
    sw_buf_init(&made->exceptions.text);
    sw_status status = new_values(made, err);
    if (status == SW_OK) {
        made->valid = new_array(budget, VALID_SIZE, &status, err);
    }
    if (status != SW_OK) {
        sw_builder_free(made);
        return status;
    }
    memset(made->valid, 0xff, VALID_SIZE);
    *builder = made;
    return SW_OK;
}

void sw_builder_free(struct sw_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    free_array(builder->budget, builder->ints, WIDE_SIZE);
    free_array(builder->budget, builder->floats, WIDE_SIZE);
    free_array(builder->budget, builder->codes, CODES_SIZE);
    free_array(builder->budget, builder->offsets, OFFSETS_SIZE);
    free_array(builder->budget, builder->valid, VALID_SIZE);
    free_array(builder->budget, builder->spelling, SW_CHUNK_ROWS);
    sw_buf_fini(&builder->text);
    sw_exception_list_fini(&builder->exceptions);
    sw_dict_unref(builder->dict);
    free(builder);
}

sw_status sw_builder_copy(const struct sw_builder *builder, struct sw_builder **copy,
                          struct sw_err *err)
{
    struct sw_builder *made = NULL;
    SW_TRY(sw_builder_new(builder->type, builder->dict, builder->budget, &made, err));
    sw_status status = SW_OK;
    if (builder->spelling != NULL) {
        made->spelling = new_array(builder->budget, SW_CHUNK_ROWS, &status, err);
    }
    sw_buf_put(&made->text, builder->text.data, builder->text.length);
    if (status == SW_OK) {
        status = sw_exception_list_copy(&made->exceptions, &builder->exceptions);
    }
    if (status == SW_NO_MEMORY || (status == SW_OK && made->text.failed)) {
        status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this table.");
    }
    if (status != SW_OK) {
        sw_builder_free(made);
        return status;
    }
    const size_t rows = builder->rows;
    if (builder->codes != NULL) {
        memcpy(made->codes, builder->codes, rows * sizeof(*made->codes));
    } else if (builder->offsets != NULL) {
        memcpy(made->offsets, builder->offsets, (rows + 1) * sizeof(*made->offsets));
    } else if (builder->floats != NULL) {
        memcpy(made->floats, builder->floats, rows * sizeof(*made->floats));
    } else {
        memcpy(made->ints, builder->ints, rows * sizeof(*made->ints));
    }
    if (made->spelling != NULL) {
        memcpy(made->spelling, builder->spelling, rows);
        memset(made->spelling + rows, SW_NULL_EMPTY, SW_CHUNK_ROWS - rows);
    }
    memcpy(made->valid, builder->valid, VALID_SIZE);
    made->rows = builder->rows;
    made->nulls = builder->nulls;
    *copy = made;
    return SW_OK;
}

bool sw_builder_is_full(const struct sw_builder *builder)
{
    return builder->rows == SW_CHUNK_ROWS || builder->text.length >= SW_CHUNK_TEXT_BYTES ||
           builder->exceptions.text.length >= SW_CHUNK_TEXT_BYTES;
}

static sw_status set_spelling(struct sw_builder *builder, enum sw_null_spelling spelling)
{
    if (builder->spelling == NULL) {
        sw_status status;
        builder->spelling = new_array(builder->budget, SW_CHUNK_ROWS, &status, NULL);
        if (builder->spelling == NULL) {
            return status;
        }
        memset(builder->spelling, SW_NULL_EMPTY, SW_CHUNK_ROWS);
    }
    builder->spelling[builder->rows] = (uint8_t)spelling;
    return SW_OK;
}

sw_status sw_builder_null(struct sw_builder *builder, enum sw_null_spelling spelling)
{
    uint32_t row = builder->rows;
    sw_assert(row < SW_CHUNK_ROWS);
    sw_assert(spelling < SW_NULL_SPELLINGS);
    if (builder->type == SW_TYPE_STRING && spelling != SW_NULL_EMPTY) {
        SW_TRY(set_spelling(builder, spelling));
    }
    if (builder->codes != NULL) {
        builder->codes[row] = 0;
    } else if (builder->offsets != NULL) {
        builder->offsets[row + 1] = builder->offsets[row];
    } else if (builder->floats != NULL) {
        builder->floats[row] = 0;
    } else {
        builder->ints[row] = 0;
    }
    builder->valid[row >> 6] &= ~((uint64_t)1 << (row & 63));
    builder->nulls++;
    builder->rows++;
    return SW_OK;
}

static void clear_bits(uint64_t *bits, uint32_t from, uint32_t end)
{
    for (; from < end && from % 64 != 0; from++) {
        bits[from / 64] &= ~((uint64_t)1 << from % 64);
    }
    for (; end - from >= 64; from += 64) {
        bits[from / 64] = 0;
    }
    for (; from < end; from++) {
        bits[from / 64] &= ~((uint64_t)1 << from % 64);
    }
}

sw_status sw_builder_nulls(struct sw_builder *builder, uint32_t count)
{
    uint32_t row = builder->rows;
    sw_assert(count <= SW_CHUNK_ROWS - row);
    if (builder->codes != NULL) {
        memset(builder->codes + row, 0, count * sizeof(*builder->codes));
    } else if (builder->offsets != NULL) {
        for (uint32_t i = 0; i < count; i++) {
            builder->offsets[row + i + 1] = builder->offsets[row];
        }
    } else if (builder->floats != NULL) {
        memset(builder->floats + row, 0, count * sizeof(*builder->floats));
    } else {
        memset(builder->ints + row, 0, count * sizeof(*builder->ints));
    }
    clear_bits(builder->valid, row, row + count);
    builder->nulls += count;
    builder->rows += count;
    return SW_OK;
}

sw_status sw_builder_exception(struct sw_builder *builder, struct sw_span text)
{
    sw_assert(builder->type != SW_TYPE_STRING);
    SW_TRY(sw_exception_list_add(&builder->exceptions, builder->rows, text));
    return sw_builder_null(builder, SW_NULL_EMPTY);
}

sw_status sw_builder_int(struct sw_builder *builder, int64_t value)
{
    sw_assert(builder->rows < SW_CHUNK_ROWS);
    builder->ints[builder->rows++] = value;
    return SW_OK;
}

sw_status sw_builder_float(struct sw_builder *builder, double value)
{
    sw_assert(builder->rows < SW_CHUNK_ROWS);
    builder->floats[builder->rows++] = value;
    return SW_OK;
}

static sw_status put_plain(struct sw_builder *builder, uint32_t row, struct sw_span text)
{
    if (text.length > UINT32_MAX - builder->text.length) {
        return SW_LIMIT;
    }
    sw_buf_put(&builder->text, text.data, text.length);
    if (builder->text.failed) {
        return SW_NO_MEMORY;
    }
    builder->offsets[row + 1] = (uint32_t)builder->text.length;
    return SW_OK;
}

sw_status sw_builder_leave_dictionary(struct sw_builder *builder)
{
    sw_status status;
    builder->offsets = new_array(builder->budget, OFFSETS_SIZE, &status, NULL);
    if (builder->offsets == NULL) {
        return status;
    }
    builder->offsets[0] = 0;
    for (uint32_t row = 0; row < builder->rows; row++) {
        bool is_null = (builder->valid[row >> 6] >> (row & 63) & 1) == 0;
        struct sw_span text = {NULL, 0};
        if (!is_null) {
            text = sw_dict_at(builder->dict, builder->codes[row]);
        }
        status = put_plain(builder, row, text);
        if (status != SW_OK) {
            free_array(builder->budget, builder->offsets, OFFSETS_SIZE);
            builder->offsets = NULL;
            sw_buf_fini(&builder->text);
            sw_buf_init(&builder->text);
            return status;
        }
    }
    free_array(builder->budget, builder->codes, CODES_SIZE);
    builder->codes = NULL;
    sw_dict_unref(builder->dict);
    builder->dict = NULL;
    return SW_OK;
}

/* Codes of as many of the strings as the dictionary takes; the rest is *done .. count. */
static sw_status intern_texts(struct sw_builder *builder, const struct sw_span *texts, size_t count,
                              size_t *done)
{
    bool is_ours = !sw_dict_is_writer(builder->dict);
    uint32_t *codes = builder->codes + builder->rows;
    sw_status status;
    if (is_ours) {
        sw_dict_write_begin(builder->dict);
    }
    if (count == 1) {
        status = sw_dict_intern(builder->dict, texts[0], codes);
        *done = status == SW_OK;
    } else {
        status = sw_dict_intern_all(builder->dict, texts, count, codes, done);
    }
    if (is_ours) {
        sw_dict_write_end(builder->dict);
    }
    builder->rows += (uint32_t)*done;
    return status;
}

sw_status sw_builder_texts(struct sw_builder *builder, const struct sw_span *texts, size_t count)
{
    sw_assert(count <= SW_CHUNK_ROWS - builder->rows);
    size_t done = 0;
    if (builder->dict != NULL) {
        sw_status status = intern_texts(builder, texts, count, &done);
        if (status != SW_LIMIT || texts[done].length > SW_FIELD_BYTES_MAX) {
            return status;
        }
        /* A holder of the write lock keeps its own reference, so the lock outlives ours. */
        SW_TRY(sw_builder_leave_dictionary(builder));
    }
    for (; done < count; done++) {
        if (texts[done].length > SW_FIELD_BYTES_MAX) {
            return SW_LIMIT;
        }
        SW_TRY(put_plain(builder, builder->rows, texts[done]));
        builder->rows++;
    }
    return SW_OK;
}

sw_status sw_builder_text(struct sw_builder *builder, struct sw_span text)
{
    return sw_builder_texts(builder, &text, 1);
}

sw_status sw_builder_value(struct sw_builder *builder, const struct sw_value *value)
{
    if (value->is_null) {
        return sw_builder_null(builder, SW_NULL_EMPTY);
    }
    sw_assert(value->type == builder->type);
    switch (builder->type) {
    case SW_TYPE_FLOAT:
        return sw_builder_float(builder, value->u.f);
    case SW_TYPE_STRING:
        return sw_builder_text(builder, value->u.s);
    case SW_TYPE_BOOL:
    case SW_TYPE_INT:
    case SW_TYPE_DATE:
    case SW_TYPE_TIMESTAMP:
        return sw_builder_int(builder, value->u.i);
    case SW_TYPE_COUNT:
        break;
    }
    sw_assert(false);
    return SW_INTERNAL;
}
