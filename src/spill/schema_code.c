#include "spill/schema_code.h"

#include <stdlib.h>
#include <string.h>

/* -- writing ---------------------------------------------------------------------------- */

static void put_u8(struct sw_buf *out, uint8_t value)
{
    sw_buf_put(out, &value, sizeof(value));
}

static void put_u32(struct sw_buf *out, uint32_t value)
{
    sw_buf_put(out, &value, sizeof(value));
}

static void put_text(struct sw_buf *out, struct sw_span text)
{
    put_u32(out, (uint32_t)text.length);
    sw_buf_put(out, text.data, text.length);
}

static void put_value(struct sw_buf *out, const struct sw_json *value)
{
    put_u8(out, (uint8_t)value->kind);
    put_text(out, value->key);
    switch (value->kind) {
    case SW_JSON_NULL:
        break;
    case SW_JSON_BOOL:
        put_u8(out, value->u.boolean);
        break;
    case SW_JSON_INT:
        sw_buf_put(out, &value->u.integer, sizeof(value->u.integer));
        break;
    case SW_JSON_FLOAT:
        sw_buf_put(out, &value->u.number, sizeof(value->u.number));
        break;
    case SW_JSON_STRING:
        put_text(out, value->u.text);
        break;
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT:
        put_u32(out, (uint32_t)value->u.list.count);
        for (size_t i = 0; i < value->u.list.count; i++) {
            put_value(out, &value->u.list.items[i]);
        }
        break;
    }
}

static void put_formula(struct sw_buf *out, const struct sw_formula *formula)
{
    put_u8(out, formula->has_type);
    put_u8(out, formula->broken != NULL);
    put_text(out, formula->text);
    put_u32(out, formula->sources);
    for (uint32_t i = 0; i < formula->sources; i++) {
        put_u32(out, formula->source[i]);
    }
    put_u32(out, formula->inputs);
    for (uint32_t i = 0; i < formula->inputs; i++) {
        put_text(out, formula->input[i]);
        put_u8(out, formula->value[i] != NULL);
        if (formula->value[i] != NULL) {
            put_value(out, formula->value[i]);
        }
    }
    if (formula->broken != NULL) {
        put_text(out, sw_span_text(formula->broken));
    }
}

void sw_schema_encode(const struct sw_schema *schema, struct sw_buf *out)
{
    put_u32(out, schema->columns);
    for (uint32_t i = 0; i < schema->columns; i++) {
        const struct sw_column *column = &schema->column[i];
        put_u32(out, column->id);
        put_u8(out, (uint8_t)column->type);
        put_u8(out, column->formula != NULL);
        put_text(out, sw_span_text(column->name));
        if (column->formula != NULL) {
            put_formula(out, column->formula);
        }
    }
}

/* -- reading ---------------------------------------------------------------------------- */

struct reader {
    struct sw_span left;
    bool is_wrong;
    bool is_out_of_memory;
};

static void get(struct reader *reader, void *into, size_t size)
{
    if (reader->left.length < size) {
        reader->is_wrong = true;
        memset(into, 0, size);
        return;
    }
    memcpy(into, reader->left.data, size);
    reader->left.data += size;
    reader->left.length -= size;
}

static uint8_t get_u8(struct reader *reader)
{
    uint8_t value;
    get(reader, &value, sizeof(value));
    return value;
}

static bool get_bool(struct reader *reader)
{
    uint8_t value = get_u8(reader);
    reader->is_wrong = reader->is_wrong || value > 1;
    return value == 1;
}

static uint32_t get_u32(struct reader *reader)
{
    uint32_t value;
    get(reader, &value, sizeof(value));
    return value;
}

static struct sw_span get_text(struct reader *reader)
{
    uint32_t length = get_u32(reader);
    if (reader->is_wrong || reader->left.length < length) {
        reader->is_wrong = true;
        return sw_span_of("", 0);
    }
    struct sw_span text = sw_span_of(reader->left.data, length);
    reader->left.data += length;
    reader->left.length -= length;
    return text;
}

/* How many of things that take a byte at least. */
static uint32_t get_count(struct reader *reader, size_t least)
{
    uint32_t count = get_u32(reader);
    if (count > reader->left.length / least) {
        reader->is_wrong = true;
        return 0;
    }
    return count;
}

static void *take(struct reader *reader, struct sw_arena *arena, size_t count, size_t size)
{
    void *memory = sw_arena_array(arena, count > 0 ? count : 1, size);
    reader->is_out_of_memory = reader->is_out_of_memory || memory == NULL;
    return memory;
}

static struct sw_span keep_text(struct reader *reader, struct sw_arena *arena)
{
    struct sw_span text = get_text(reader);
    const char *kept = sw_arena_text(arena, text);
    reader->is_out_of_memory = reader->is_out_of_memory || kept == NULL;
    return sw_span_of(kept != NULL ? kept : "", kept != NULL ? text.length : 0);
}

/* Recursion: as deep as a request may nest. */
static void get_value(struct reader *reader, struct sw_arena *arena, uint32_t depth,
                      struct sw_json *value)
{
    uint8_t kind = get_u8(reader);
    value->key = keep_text(reader, arena);
    value->kind = SW_JSON_NULL;
    if (kind > SW_JSON_OBJECT || depth > SW_JSON_DEPTH_MAX) {
        reader->is_wrong = true;
        return;
    }
    value->kind = (enum sw_json_kind)kind;
    switch (value->kind) {
    case SW_JSON_NULL:
        break;
    case SW_JSON_BOOL:
        value->u.boolean = get_bool(reader);
        break;
    case SW_JSON_INT:
        get(reader, &value->u.integer, sizeof(value->u.integer));
        break;
    case SW_JSON_FLOAT:
        get(reader, &value->u.number, sizeof(value->u.number));
        break;
    case SW_JSON_STRING:
        value->u.text = keep_text(reader, arena);
        break;
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT: {
        uint32_t count = get_count(reader, 5);
        struct sw_json *items = take(reader, arena, count, sizeof(*items));
        for (uint32_t i = 0; items != NULL && i < count && !reader->is_wrong; i++) {
            get_value(reader, arena, depth + 1, &items[i]);
        }
        value->u.list.items = items;
        value->u.list.count = items != NULL ? count : 0;
        break;
    }
    }
}

static void get_inputs(struct reader *reader, struct sw_formula *formula)
{
    struct sw_arena *arena = &formula->arena;
    uint32_t count = get_count(reader, 5);
    formula->input = take(reader, arena, count, sizeof(*formula->input));
    formula->value = take(reader, arena, count, sizeof(*formula->value));
    if (reader->is_out_of_memory) {
        return;
    }
    formula->inputs = count;
    for (uint32_t i = 0; i < count && !reader->is_wrong; i++) {
        formula->input[i] = keep_text(reader, arena);
        if (get_bool(reader)) {
            struct sw_json *value = take(reader, arena, 1, sizeof(*value));
            if (value == NULL) {
                return;
            }
            get_value(reader, arena, 1, value);
            formula->value[i] = value;
        }
    }
}

static void get_formula(struct reader *reader, struct sw_formula *formula)
{
    formula->has_type = get_bool(reader);
    bool is_broken = get_bool(reader);
    formula->text = keep_text(reader, &formula->arena);
    uint32_t sources = get_count(reader, sizeof(uint32_t));
    formula->source = take(reader, &formula->arena, sources, sizeof(*formula->source));
    if (formula->source == NULL) {
        return;
    }
    formula->sources = sources;
    for (uint32_t i = 0; i < sources; i++) {
        formula->source[i] = get_u32(reader);
    }
    get_inputs(reader, formula);
    if (is_broken) {
        struct sw_span broken = keep_text(reader, &formula->arena);
        reader->is_wrong = reader->is_wrong || memchr(broken.data, '\0', broken.length) != NULL;
        formula->broken = broken.data;
    }
}

static bool is_name(struct sw_span name)
{
    return name.length <= SW_NAME_BYTES_MAX && memchr(name.data, '\0', name.length) == NULL;
}

static void get_column(struct reader *reader, struct sw_schema *schema, uint32_t index)
{
    struct sw_column *column = &schema->column[index];
    column->id = get_u32(reader);
    uint8_t type = get_u8(reader);
    bool is_formula = get_bool(reader);
    struct sw_span name = get_text(reader);
    if (type >= SW_TYPE_COUNT || !is_name(name)) {
        reader->is_wrong = true;
        return;
    }
    column->type = (enum sw_type)type;
    free(column->name);
    column->name = sw_span_dup(name);
    struct sw_formula *formula = NULL;
    if (column->name == NULL || (is_formula && sw_formula_alloc(&formula) != SW_OK)) {
        reader->is_out_of_memory = true;
        return;
    }
    if (is_formula) {
        get_formula(reader, formula);
        sw_schema_set_formula(schema, index, formula);
    }
}

/* A schema of so many columns without names. */
static sw_status new_schema(uint32_t columns, struct sw_schema **schema)
{
    const char **names = calloc(columns, sizeof(*names));
    enum sw_type *types = calloc(columns, sizeof(*types));
    sw_status status = names != NULL && types != NULL ? SW_OK : SW_NO_MEMORY;
    for (uint32_t i = 0; status == SW_OK && i < columns; i++) {
        names[i] = "";
    }
    status = status == SW_OK ? sw_schema_new(columns, names, types, schema) : status;
    free(names);
    free(types);
    return status;
}

sw_status sw_schema_decode(struct sw_span bytes, struct sw_schema **schema)
{
    struct reader reader = {.left = bytes};
    struct sw_schema *made;
    uint32_t columns = get_count(&reader, 10);
    if (reader.is_wrong || columns < 1 || columns > SW_COLUMNS_MAX) {
        return SW_DAMAGED;
    }
    SW_TRY(new_schema(columns, &made));
    for (uint32_t i = 0; i < columns && !reader.is_wrong && !reader.is_out_of_memory; i++) {
        get_column(&reader, made, i);
    }
    bool is_wrong = reader.is_wrong || reader.left.length > 0 || made->formulas == columns;
    if (is_wrong || reader.is_out_of_memory) {
        sw_schema_unref(made);
        return reader.is_out_of_memory ? SW_NO_MEMORY : SW_DAMAGED;
    }
    *schema = made;
    return SW_OK;
}
