/* Arrow IPC streams (arrow.apache.org/docs/format/Columnar.html, "Serialization and IPC"), metadata
 * version 5: a schema, one record batch, the end mark.  The frame around it and the columns of each
 * series are in schema/series-frame.md.
 *
 *     ffffffff, u32 metadata bytes, metadata (a FlatBuffers Message), body      all 8-aligned
 *     ffffffff, 00000000                                                        the end
 */
#include "base/obj.h"
#include "wire/encode.h"
#include "wire/flat.h"

/* Numbers of Arrow's Message.fbs and Schema.fbs. */
enum { METADATA_V5 = 4 };
enum { HEADER_SCHEMA = 1, HEADER_RECORD_BATCH = 3 };
enum { TYPE_INT = 2, TYPE_FLOAT = 3, TYPE_UTF8 = 5, TYPE_BOOL = 6, TYPE_DATE = 8 };
enum { TYPE_TIMESTAMP = 10, TYPE_LIST = 12 };
enum { PRECISION_DOUBLE = 2, UNIT_DAY = 0, UNIT_MILLISECOND = 1 };

/* A record batch while its body grows; nodes and buffers are listed as Arrow's structs. */
struct batch {
    const struct sw_series *series;
    bool is_flat; /* arrays are columns; otherwise lists, one row per panel */
    size_t rows;
    struct sw_buf body;
    struct sw_buf nodes;   /* i64 length, i64 nulls */
    struct sw_buf buffers; /* i64 offset, i64 bytes */
    bool is_too_large;     /* an offset would not fit 32 bits */
};

/* -- schema ------------------------------------------------------------------------------ */

static bool is_list(const struct batch *batch, const struct sw_field *field)
{
    return !batch->is_flat && field->shape == SW_FIELD_ARRAY;
}

/* A column's values: the field of one place in each panel, one after the other. */
static const struct sw_field *field_of(const struct batch *batch, size_t panel, size_t index)
{
    const struct sw_panel *of = &batch->series->panel[panel];
    const struct sw_panel *first = &batch->series->panel[0];
    sw_assert(of->fields == first->fields);
    sw_assert(of->field[index].shape == first->field[index].shape);
    return &of->field[index];
}

/* The type as it is sent: an axis in milliseconds is a number; integers are floats where another
 * panel has floats (a sum beyond 64 bits). */
static enum sw_type sent_type(const struct batch *batch, size_t index)
{
    const struct sw_field *first = field_of(batch, 0, index);
    enum sw_type type = first->type;
    for (size_t panel = 1; panel < batch->series->panels; panel++) {
        enum sw_type other = field_of(batch, panel, index)->type;
        bool is_mixed = (type == SW_TYPE_INT && other == SW_TYPE_FLOAT) ||
                        (type == SW_TYPE_FLOAT && other == SW_TYPE_INT);
        sw_assert(is_mixed || type == other);
        type = is_mixed ? SW_TYPE_FLOAT : type;
    }
    bool is_time = type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP;
    return is_time && first->is_axis ? SW_TYPE_INT : type;
}

static int64_t arrow_type(enum sw_type type)
{
    static const int64_t types[SW_TYPE_COUNT] = {
        [SW_TYPE_BOOL] = TYPE_BOOL,   [SW_TYPE_INT] = TYPE_INT,
        [SW_TYPE_FLOAT] = TYPE_FLOAT, [SW_TYPE_STRING] = TYPE_UTF8,
        [SW_TYPE_DATE] = TYPE_DATE,   [SW_TYPE_TIMESTAMP] = TYPE_TIMESTAMP,
    };
    return types[type];
}

/* The table of the type's own facts. */
static void put_type(struct sw_flat *flat, size_t link, enum sw_type type)
{
    size_t place[2];
    switch (type) {
    case SW_TYPE_BOOL:
    case SW_TYPE_STRING:
        sw_flat_table(flat, link, NULL, 0, place);
        break;
    case SW_TYPE_INT: /* bitWidth, is_signed */
        sw_flat_table(flat, link, (const uint8_t[]){4, 1}, 2, place);
        sw_flat_set(flat, place[0], 64, 4);
        sw_flat_set(flat, place[1], 1, 1);
        break;
    case SW_TYPE_FLOAT: /* precision */
        sw_flat_table(flat, link, (const uint8_t[]){2}, 1, place);
        sw_flat_set(flat, place[0], PRECISION_DOUBLE, 2);
        break;
    case SW_TYPE_DATE: /* unit */
        sw_flat_table(flat, link, (const uint8_t[]){2}, 1, place);
        sw_flat_set(flat, place[0], UNIT_DAY, 2);
        break;
    case SW_TYPE_TIMESTAMP: /* unit, timezone */
        sw_flat_table(flat, link, (const uint8_t[]){2, 4}, 2, place);
        sw_flat_set(flat, place[0], UNIT_MILLISECOND, 2);
        sw_flat_string(flat, place[1], "", "UTC");
        break;
    case SW_TYPE_COUNT:
        sw_assert(type != SW_TYPE_COUNT);
    }
}

/* Field: name, nullable, type_type, type, dictionary, children. */
static const uint8_t field_sizes[] = {4, 1, 1, 4, 0, 4};

static void put_leaf(struct sw_flat *flat, size_t link, const char *prefix, const char *name,
                     enum sw_type type)
{
    size_t place[6];
    sw_flat_table(flat, link, field_sizes, 6, place);
    sw_flat_set(flat, place[1], 1, 1);
    sw_flat_set(flat, place[2], arrow_type(type), 1);
    sw_flat_string(flat, place[0], prefix, name);
    put_type(flat, place[3], type);
    (void)sw_flat_vector(flat, place[5], 0, 4, 4);
}

static void put_list(struct sw_flat *flat, size_t link, const char *prefix, const char *name,
                     enum sw_type type)
{
    size_t place[6];
    sw_flat_table(flat, link, field_sizes, 6, place);
    sw_flat_set(flat, place[1], 1, 1);
    sw_flat_set(flat, place[2], TYPE_LIST, 1);
    sw_flat_string(flat, place[0], prefix, name);
    sw_flat_table(flat, place[3], NULL, 0, NULL);
    size_t children = sw_flat_vector(flat, place[5], 1, 4, 4);
    put_leaf(flat, children, "", "item", type);
}

static void put_field(struct sw_flat *flat, size_t link, const struct batch *batch, size_t index)
{
    const struct sw_field *field = field_of(batch, 0, index);
    struct sw_buf prefix;
    sw_buf_init(&prefix);
    if (field->group != NULL) {
        sw_buf_put_text(&prefix, field->group);
        sw_buf_put_byte(&prefix, '.');
    }
    sw_buf_put_byte(&prefix, '\0');
    flat->out->failed |= prefix.failed;
    if (!prefix.failed && is_list(batch, field)) {
        put_list(flat, link, prefix.data, field->name, sent_type(batch, index));
    } else if (!prefix.failed) {
        put_leaf(flat, link, prefix.data, field->name, sent_type(batch, index));
    }
    sw_buf_fini(&prefix);
}

/* Message: version, header_type, header, bodyLength.  Returns where the header's offset stands. */
static size_t put_message(struct sw_flat *flat, int64_t header, size_t body_bytes)
{
    size_t place[4];
    sw_flat_table(flat, 0, (const uint8_t[]){2, 1, 4, 8}, 4, place);
    sw_flat_set(flat, place[0], METADATA_V5, 2);
    sw_flat_set(flat, place[1], header, 1);
    sw_flat_set(flat, place[3], (int64_t)body_bytes, 8);
    return place[2];
}

/* The marks in front of a message; the length is set by end_message. */
static size_t begin_message(struct sw_buf *out)
{
    static const char head[8] = "\xff\xff\xff\xff\0\0\0";
    sw_buf_put(out, head, sizeof head);
    return out->length;
}

static void end_message(struct sw_buf *out, struct sw_flat *flat, size_t start)
{
    size_t bytes = sw_flat_end(flat);
    if (!out->failed) {
        uint32_t length = (uint32_t)bytes;
        for (size_t i = 0; i < sizeof length; i++) {
            out->data[start - 4 + i] = (char)(length >> (8 * i) & 0xff);
        }
    }
}

static const struct sw_panel *first_panel(const struct batch *batch)
{
    static const struct sw_panel none;
    return batch->series->panels > 0 ? &batch->series->panel[0] : &none;
}

/* Schema: endianness (absent: little), fields. */
static void put_schema(struct sw_buf *out, const struct batch *batch)
{
    size_t start = begin_message(out);
    struct sw_flat flat = sw_flat_begin(out);
    size_t link = put_message(&flat, HEADER_SCHEMA, 0);
    size_t place[2];
    sw_flat_table(&flat, link, (const uint8_t[]){0, 4}, 2, place);
    const struct sw_panel *panel = first_panel(batch);
    size_t fields = sw_flat_vector(&flat, place[1], panel->fields, 4, 4);
    for (size_t i = 0; i < panel->fields; i++) {
        put_field(&flat, fields + 4 * i, batch, i);
    }
    end_message(out, &flat, start);
}

/* -- body --------------------------------------------------------------------------------- */

static void put_pair(struct sw_buf *out, size_t first, size_t second)
{
    int64_t pair[2] = {(int64_t)first, (int64_t)second};
    sw_buf_put(out, pair, sizeof pair); /* little-endian, as all machines that we build for */
}

/* Lists the buffer that began at `start` of the body and pads it. */
static void end_buffer(struct batch *batch, size_t start)
{
    static const char zeros[8];
    size_t bytes = batch->body.length - start;
    put_pair(&batch->buffers, start, bytes);
    sw_buf_put(&batch->body, zeros, (8 - bytes % 8) % 8);
}

static size_t count_values(const struct batch *batch, size_t index, size_t *nulls)
{
    size_t values = 0;
    *nulls = 0;
    for (size_t panel = 0; panel < batch->series->panels; panel++) {
        const struct sw_field *field = field_of(batch, panel, index);
        for (size_t i = 0; field->is_null != NULL && i < field->length; i++) {
            *nulls += field->is_null[i] != 0;
        }
        values += field->length;
    }
    return values;
}

/* Zeroed bytes at the body's end, to be filled; NULL when memory runs out. */
static char *add_bytes(struct batch *batch, size_t bytes)
{
    char *into = sw_buf_reserve(&batch->body, bytes);
    if (into != NULL) {
        memset(into, 0, bytes);
        batch->body.length += bytes;
    }
    return into;
}

static bool is_null(const struct sw_field *field, size_t i)
{
    return field->is_null != NULL && field->is_null[i] != 0;
}

/* Bits, lowest first: 1 for each value that is not null (`is_validity`) or true. */
static void put_bits(struct batch *batch, size_t index, size_t values, bool is_validity)
{
    size_t start = batch->body.length;
    char *bits = add_bytes(batch, (values + 7) / 8);
    size_t at = 0;
    for (size_t panel = 0; bits != NULL && panel < batch->series->panels; panel++) {
        const struct sw_field *field = field_of(batch, panel, index);
        for (size_t i = 0; i < field->length; i++, at++) {
            bool is_set = !is_null(field, i) && (is_validity || field->u.ints[i] != 0);
            bits[at / 8] = (char)(bits[at / 8] | is_set << (at % 8));
        }
    }
    end_buffer(batch, start);
}

static void put_validity(struct batch *batch, size_t index, size_t values, size_t nulls)
{
    if (nulls == 0) {
        end_buffer(batch, batch->body.length); /* none: all are valid */
    } else {
        put_bits(batch, index, values, true);
    }
}

static void put_days(struct sw_buf *out, const struct sw_field *field)
{
    for (size_t i = 0; i < field->length; i++) {
        int32_t days = (int32_t)field->u.ints[i];
        sw_buf_put(out, &days, sizeof days);
    }
}

static void put_as_floats(struct sw_buf *out, const struct sw_field *field)
{
    for (size_t i = 0; i < field->length; i++) {
        double value = (double)field->u.ints[i];
        sw_buf_put(out, &value, sizeof value);
    }
}

static void put_numbers(struct batch *batch, size_t index, enum sw_type type)
{
    size_t start = batch->body.length;
    for (size_t panel = 0; panel < batch->series->panels; panel++) {
        const struct sw_field *field = field_of(batch, panel, index);
        if (type == SW_TYPE_DATE) {
            put_days(&batch->body, field);
        } else if (field->type == SW_TYPE_FLOAT) {
            sw_buf_put(&batch->body, field->u.floats, field->length * sizeof(double));
        } else if (type == SW_TYPE_FLOAT) {
            put_as_floats(&batch->body, field);
        } else {
            sw_buf_put(&batch->body, field->u.ints, field->length * sizeof(int64_t));
        }
    }
    end_buffer(batch, start);
}

static void put_offset(struct batch *batch, size_t offset)
{
    batch->is_too_large |= offset > INT32_MAX;
    int32_t narrow = (int32_t)offset;
    sw_buf_put(&batch->body, &narrow, sizeof narrow);
}

static void put_texts(struct batch *batch, size_t index)
{
    size_t start = batch->body.length;
    size_t bytes = 0;
    put_offset(batch, 0);
    for (size_t panel = 0; panel < batch->series->panels; panel++) {
        const struct sw_field *field = field_of(batch, panel, index);
        for (size_t i = 0; i < field->length; i++) {
            bytes += is_null(field, i) ? 0 : field->u.texts[i].length;
            put_offset(batch, bytes);
        }
    }
    end_buffer(batch, start);
    start = batch->body.length;
    for (size_t panel = 0; panel < batch->series->panels; panel++) {
        const struct sw_field *field = field_of(batch, panel, index);
        for (size_t i = 0; i < field->length; i++) {
            size_t length = is_null(field, i) ? 0 : field->u.texts[i].length;
            sw_buf_put(&batch->body, field->u.texts[i].data, length);
        }
    }
    end_buffer(batch, start);
}

static void put_values(struct batch *batch, size_t index, enum sw_type type)
{
    size_t nulls;
    size_t values = count_values(batch, index, &nulls);
    put_pair(&batch->nodes, values, nulls);
    put_validity(batch, index, values, nulls);
    switch (type) {
    case SW_TYPE_BOOL:
        put_bits(batch, index, values, false);
        break;
    case SW_TYPE_INT:
    case SW_TYPE_FLOAT:
    case SW_TYPE_DATE:
    case SW_TYPE_TIMESTAMP:
        put_numbers(batch, index, type);
        break;
    case SW_TYPE_STRING:
        put_texts(batch, index);
        break;
    case SW_TYPE_COUNT:
        sw_assert(type != SW_TYPE_COUNT);
    }
}

/* The list around the values: no nulls, an offset per panel. */
static void put_list_rows(struct batch *batch, size_t index)
{
    put_pair(&batch->nodes, batch->rows, 0);
    end_buffer(batch, batch->body.length);
    size_t start = batch->body.length;
    size_t values = 0;
    put_offset(batch, 0);
    for (size_t panel = 0; panel < batch->series->panels; panel++) {
        values += field_of(batch, panel, index)->length;
        put_offset(batch, values);
    }
    end_buffer(batch, start);
}

static void put_body(struct batch *batch)
{
    const struct sw_panel *panel = first_panel(batch);
    for (size_t i = 0; i < panel->fields; i++) {
        if (is_list(batch, &panel->field[i])) {
            put_list_rows(batch, i);
        }
        put_values(batch, i, sent_type(batch, i));
    }
}

static void put_structs(struct sw_flat *flat, size_t link, const struct sw_buf *structs)
{
    size_t first = sw_flat_vector(flat, link, structs->length / 16, 16, 8);
    if (!flat->out->failed && structs->length > 0) {
        memcpy(flat->out->data + flat->start + first, structs->data, structs->length);
    }
}

/* RecordBatch: length, nodes, buffers. */
static void put_batch(struct sw_buf *out, const struct batch *batch)
{
    size_t start = begin_message(out);
    struct sw_flat flat = sw_flat_begin(out);
    size_t link = put_message(&flat, HEADER_RECORD_BATCH, batch->body.length);
    size_t place[3];
    sw_flat_table(&flat, link, (const uint8_t[]){8, 4, 4}, 3, place);
    sw_flat_set(&flat, place[0], (int64_t)batch->rows, 8);
    put_structs(&flat, place[1], &batch->nodes);
    put_structs(&flat, place[2], &batch->buffers);
    end_message(out, &flat, start);
    sw_buf_put(out, batch->body.data, batch->body.length);
}

/* -- frames --------------------------------------------------------------------------------- */

static void put_frame_head(struct sw_buf *out, struct sw_span header)
{
    static const char zeros[8];
    uint32_t length = (uint32_t)header.length;
    sw_buf_put(out, &length, sizeof length);
    sw_buf_put(out, header.data, header.length);
    sw_buf_put(out, zeros, (8 - (4 + header.length) % 8) % 8);
}

static sw_status put_frame(struct sw_buf *out, struct sw_span header, struct batch *batch)
{
    static const char end[8] = "\xff\xff\xff\xff\0\0\0";
    sw_assert(batch->series->magic == SW_SERIES_MAGIC);
    sw_assert(header.length <= UINT32_MAX);
    put_body(batch);
    put_frame_head(out, header);
    put_schema(out, batch);
    put_batch(out, batch);
    sw_buf_put(out, end, sizeof end);
    bool is_short =
        out->failed || batch->body.failed || batch->nodes.failed || batch->buffers.failed;
    sw_buf_fini(&batch->body);
    sw_buf_fini(&batch->nodes);
    sw_buf_fini(&batch->buffers);
    return is_short ? SW_NO_MEMORY : batch->is_too_large ? SW_LIMIT : SW_OK;
}

sw_status sw_encode_series_arrow(struct sw_buf *out, struct sw_span header,
                                 const struct sw_series *series)
{
    struct batch batch = {.series = series, .rows = series->panels};
    return put_frame(out, header, &batch);
}

static bool has_column(const struct sw_page *page, const char *name)
{
    for (uint32_t i = 0; i < page->columns; i++) {
        if (strcmp(page->name[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The page as a panel of arrays: first the row ids, then the columns.  Readers of Arrow confuse
 * columns of one name: "row_ids" gets as many underscores in front as it takes. */
static sw_status fill_panel(struct sw_series *series, const struct sw_page *page)
{
    static const char underscored[] = "________row_ids";
    const char *name = underscored + strlen(underscored) - strlen("row_ids");
    while (name > underscored && has_column(page, name)) {
        name--;
    }
    SW_TRY(sw_series_ints(series, 0, NULL, name, SW_TYPE_INT, (const int64_t *)page->row_id, NULL,
                          page->rows));
    for (uint32_t i = 0; i < page->columns; i++) {
        SW_TRY(sw_series_values(series, 0, NULL, page->name[i], page->type[i], page->value[i],
                                page->rows));
    }
    return SW_OK;
}

/* The header with the page's offset, and what does not fit its types, as more members. */
static void put_page_header(struct sw_buf *out, struct sw_span header, const struct sw_page *page)
{
    sw_assert(header.length >= 2 && header.data[header.length - 1] == '}');
    sw_buf_put(out, header.data, header.length - 1);
    sw_buf_put_text(out, header.length == 2 ? "\"offset\":" : ",\"offset\":");
    sw_json_put_int(out, (int64_t)page->offset);
    sw_encode_page_notes(out, page);
    sw_buf_put_byte(out, '}');
}

sw_status sw_encode_page_arrow(struct sw_buf *out, struct sw_span header,
                               const struct sw_page *page)
{
    struct sw_series *series;
    SW_TRY(sw_series_new(1, &series));
    struct sw_buf with_offset;
    sw_buf_init(&with_offset);
    put_page_header(&with_offset, header, page);
    sw_status status = with_offset.failed ? SW_NO_MEMORY : fill_panel(series, page);
    if (status == SW_OK) {
        struct batch batch = {.series = series, .is_flat = true, .rows = page->rows};
        status = put_frame(out, sw_buf_peek(&with_offset), &batch);
    }
    sw_buf_fini(&with_offset);
    sw_series_unref(series);
    return status;
}
