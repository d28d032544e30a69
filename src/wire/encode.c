#include "wire/encode.h"

#include "table/datetime.h"

static void put_id(struct sw_buf *out, const struct sw_json *id)
{
    if (id != NULL && id->kind == SW_JSON_INT) {
        sw_buf_put_int(out, id->u.integer); /* as it came, also beyond 2^53 */
    } else {
        sw_json_put(out, id);
    }
}

static void put_head(struct sw_buf *out, const struct sw_json *id)
{
    sw_buf_put_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    put_id(out, id);
}

void sw_encode_reply(struct sw_buf *out, const struct sw_json *id, struct sw_span result)
{
    put_head(out, id);
    sw_buf_put_text(out, ",\"result\":");
    sw_buf_put(out, result.data, result.length);
    sw_buf_put_byte(out, '}');
}

/* The facts that belong to the status, or nothing. */
static void put_error_data(struct sw_buf *out, const struct sw_err *err)
{
    if (err->status == SW_LIMIT && err->limit[0] != '\0') {
        sw_buf_put_text(out, ",\"data\":{\"limit\":");
        sw_json_put_text(out, sw_span_text(err->limit));
        sw_buf_put_text(out, ",\"value\":");
        sw_json_put_int(out, err->limit_value);
        sw_buf_put_text(out, ",\"allowed\":");
        sw_json_put_int(out, err->limit_allowed);
        sw_buf_put_text(out, ",\"hint\":");
        sw_json_put_text(out, sw_span_text(err->hint));
        sw_buf_put_byte(out, '}');
    } else if (err->status == SW_CONFLICT) {
        sw_buf_put_text(out, ",\"data\":{\"version\":");
        sw_json_put_int(out, err->version);
        sw_buf_put_byte(out, '}');
    } else if (err->has_position) {
        sw_buf_put_text(out, ",\"data\":{\"position\":");
        sw_json_put_int(out, (int64_t)err->position);
        sw_buf_put_byte(out, '}');
    }
}

void sw_encode_error_object(struct sw_buf *out, const struct sw_err *err)
{
    /* What fails without a word has found no memory: every other failure has a reason to give. */
    bool is_told = err->status != SW_OK;
    sw_buf_put_text(out, "{\"code\":");
    sw_buf_put_int(out, sw_status_code(is_told ? err->status : SW_NO_MEMORY));
    sw_buf_put_text(out, ",\"message\":");
    sw_json_put_text(out, sw_span_text(is_told ? err->message : "out of memory"));
    put_error_data(out, err);
    sw_buf_put_byte(out, '}');
}

void sw_encode_error(struct sw_buf *out, const struct sw_json *id, const struct sw_err *err)
{
    put_head(out, id);
    sw_buf_put_text(out, ",\"error\":");
    sw_encode_error_object(out, err);
    sw_buf_put_byte(out, '}');
}

void sw_encode_notification(struct sw_buf *out, const char *method, struct sw_span params)
{
    sw_buf_put_text(out, "{\"jsonrpc\":\"2.0\",\"method\":");
    sw_json_put_text(out, sw_span_text(method));
    sw_buf_put_text(out, ",\"params\":");
    sw_buf_put(out, params.data, params.length);
    sw_buf_put_byte(out, '}');
}

static void put_date(struct sw_buf *out, int64_t days)
{
    char text[SW_DATE_TEXT_MAX];
    sw_json_put_text(out, sw_span_of(text, sw_date_format(days, text)));
}

static void put_timestamp(struct sw_buf *out, int64_t ms)
{
    char text[SW_TIMESTAMP_TEXT_MAX];
    sw_json_put_text(out, sw_span_of(text, sw_timestamp_format(ms, text)));
}

void sw_encode_value(struct sw_buf *out, const struct sw_value *value)
{
    if (value->is_null) {
        sw_buf_put_text(out, "null");
        return;
    }
    switch (value->type) {
    case SW_TYPE_BOOL:
        sw_buf_put_text(out, value->u.i != 0 ? "true" : "false");
        break;
    case SW_TYPE_INT:
        sw_json_put_int(out, value->u.i);
        break;
    case SW_TYPE_FLOAT:
        sw_json_put_float(out, value->u.f);
        break;
    case SW_TYPE_STRING:
        sw_json_put_text(out, value->u.s);
        break;
    case SW_TYPE_DATE:
        put_date(out, value->u.i);
        break;
    case SW_TYPE_TIMESTAMP:
        put_timestamp(out, value->u.i);
        break;
    case SW_TYPE_COUNT:
        sw_assert(value->type != SW_TYPE_COUNT);
    }
}

static void put_names(struct sw_buf *out, const struct sw_page *page)
{
    sw_buf_put_text(out, ",\"columns\":[");
    for (uint32_t i = 0; i < page->columns; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        sw_json_put_text(out, sw_span_text(page->name[i]));
    }
    sw_buf_put_text(out, "],\"types\":[");
    for (uint32_t i = 0; i < page->columns; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        sw_json_put_text(out, sw_span_text(sw_type_name(page->type[i])));
    }
    sw_buf_put_byte(out, ']');
}

static void put_column(struct sw_buf *out, const struct sw_value *values, uint32_t rows)
{
    sw_buf_put_byte(out, '[');
    for (uint32_t row = 0; row < rows; row++) {
        if (row > 0) {
            sw_buf_put_byte(out, ',');
        }
        sw_encode_value(out, &values[row]);
    }
    sw_buf_put_byte(out, ']');
}

static void put_broken(struct sw_buf *out, const struct sw_page *page)
{
    bool is_any = false;
    for (uint32_t i = 0; i < page->columns; i++) {
        const char *reason = page->broken == NULL ? NULL : page->broken[i];
        if (reason == NULL) {
            continue;
        }
        sw_buf_put_text(out, is_any ? ",{\"column\":" : ",\"formula_errors\":[{\"column\":");
        sw_json_put_text(out, sw_span_text(page->name[i]));
        sw_buf_put_text(out, ",\"message\":");
        sw_json_put_text(out, sw_span_text(reason));
        sw_buf_put_byte(out, '}');
        is_any = true;
    }
    if (is_any) {
        sw_buf_put_byte(out, ']');
    }
}

void sw_encode_page_notes(struct sw_buf *out, const struct sw_page *page)
{
    for (uint32_t i = 0; i < page->exceptions; i++) {
        const struct sw_page_exception *exception = &page->exception[i];
        sw_buf_put_text(out, i == 0 ? ",\"exceptions\":[[" : ",[");
        sw_json_put_int(out, exception->column);
        sw_buf_put_byte(out, ',');
        sw_json_put_int(out, exception->row);
        sw_buf_put_byte(out, ',');
        sw_json_put_text(out, exception->text);
        sw_buf_put_byte(out, ']');
    }
    if (page->exceptions > 0) {
        sw_buf_put_byte(out, ']');
    }
    put_broken(out, page);
}

void sw_encode_page(struct sw_buf *out, const struct sw_page *page)
{
    sw_buf_put_text(out, "{\"version\":");
    sw_json_put_int(out, (int64_t)page->version);
    sw_buf_put_text(out, ",\"rows\":");
    sw_json_put_int(out, (int64_t)page->total);
    sw_buf_put_text(out, ",\"offset\":");
    sw_json_put_int(out, (int64_t)page->offset);
    sw_buf_put_text(out, ",\"row_ids\":[");
    for (uint32_t row = 0; row < page->rows; row++) {
        if (row > 0) {
            sw_buf_put_byte(out, ',');
        }
        sw_json_put_int(out, (int64_t)page->row_id[row]);
    }
    sw_buf_put_byte(out, ']');
    put_names(out, page);
    sw_buf_put_text(out, ",\"data\":[");
    for (uint32_t i = 0; i < page->columns; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        put_column(out, page->value[i], page->rows);
    }
    sw_buf_put_byte(out, ']');
    sw_encode_page_notes(out, page);
    sw_buf_put_byte(out, '}');
}
