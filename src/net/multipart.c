#include "net/multipart.h"

#include "base/limits.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_boundary_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

/* One "; name=value" off the front of `rest`, the value without its quotes; false: none. */
static bool next_parameter(struct sw_span *rest, struct sw_span *name, struct sw_span *value)
{
    const char *p = rest->data;
    const char *end = p + rest->length;
    while (p < end && (*p == ';' || is_space(*p))) {
        p++;
    }
    name->data = p;
    while (p < end && *p != '=' && *p != ';') {
        p++;
    }
    name->length = (size_t)(p - name->data);
    if (p == end || *p != '=') {
        return false;
    }
    p++;
    bool is_quoted = p < end && *p == '"';
    p += is_quoted;
    value->data = p;
    while (p < end && *p != (is_quoted ? '"' : ';')) {
        /* A quote within a quoted value is escaped; any other backslash is itself. */
        p += is_quoted && *p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\') ? 2 : 1;
    }
    value->length = (size_t)(p - value->data);
    if (is_quoted) {
        if (p == end) {
            return false;
        }
        p++;
    } else {
        while (value->length > 0 && is_space(value->data[value->length - 1])) {
            value->length--;
        }
    }
    *rest = sw_span_of(p, (size_t)(end - p));
    return true;
}

static bool is_named(struct sw_span name, const char *wanted)
{
    return name.length == strlen(wanted) && strncasecmp(name.data, wanted, name.length) == 0;
}

sw_status sw_multipart_boundary(struct sw_span type, struct sw_span *boundary, struct sw_err *err)
{
    static const char wanted[] = "multipart/form-data";
    size_t length = sizeof(wanted) - 1;
    bool is_form =
        type.length >= length && strncasecmp(type.data, wanted, length) == 0 &&
        (type.length == length || type.data[length] == ';' || is_space(type.data[length]));
    if (!is_form) {
        return sw_fail(err, SW_PARAMS,
                       "POST /upload wants a form (Content-Type: multipart/form-data), as "
                       "`curl -F file=@data.csv` sends it; for a plain body use PUT /upload/NAME.");
    }
    struct sw_span rest = sw_span_of(type.data + length, type.length - length);
    struct sw_span name;
    struct sw_span value;
    while (next_parameter(&rest, &name, &value)) {
        if (!is_named(name, "boundary")) {
            continue;
        }
        bool is_good = value.length > 0 && value.length <= SW_BOUNDARY_BYTES_MAX &&
                       value.data[value.length - 1] != ' ';
        for (size_t i = 0; is_good && i < value.length; i++) {
            is_good = is_boundary_char(value.data[i]);
        }
        if (is_good) {
            *boundary = value;
            return SW_OK;
        }
        break;
    }
    return sw_fail(err, SW_PARAMS, "The form's Content-Type has no valid boundary.");
}

/* A delimiter may follow here without a CR LF of its own. */
static void lend_line_end(struct sw_multipart *multipart)
{
    multipart->matched = 2;
    multipart->borrowed = 2;
}

void sw_multipart_init(struct sw_multipart *multipart, struct sw_span boundary,
                       const struct sw_multipart_calls *calls)
{
    sw_assert(boundary.length > 0);
    sw_assert(boundary.length <= SW_BOUNDARY_BYTES_MAX);
    memset(multipart, 0, sizeof(*multipart));
    multipart->calls = *calls;
    multipart->state = SW_MULTIPART_DATA;
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary.data, boundary.length);
    multipart->delimiter_length = 4 + boundary.length;
    lend_line_end(multipart); /* the first delimiter may stand at the very start */
    sw_buf_init(&multipart->head);
}

void sw_multipart_fini(struct sw_multipart *multipart)
{
    sw_buf_fini(&multipart->head);
    memset(multipart, 0, sizeof(*multipart));
}

static sw_status emit(struct sw_multipart *multipart, const char *data, size_t length,
                      struct sw_err *err)
{
    if (!multipart->is_in_part || length == 0) {
        return SW_OK;
    }
    return multipart->calls.data(multipart->calls.context, sw_span_of(data, length), err);
}

static sw_status end_part(struct sw_multipart *multipart, struct sw_err *err)
{
    multipart->state = SW_MULTIPART_AFTER;
    multipart->matched = 0;
    multipart->borrowed = 0;
    if (!multipart->is_in_part) {
        return SW_OK;
    }
    multipart->is_in_part = false;
    return multipart->calls.part_end(multipart->calls.context, err);
}

/* How many bytes at the end of the block could be the start of the delimiter. A CR stands only at
 * the delimiter's front, so the block's last CR is the only candidate. */
static size_t match_tail(const struct sw_multipart *multipart, const char *data, size_t length)
{
    size_t window = multipart->delimiter_length - 1;
    window = window < length ? window : length;
    const char *from = memrchr(data + length - window, '\r', window);
    if (from == NULL) {
        return 0;
    }
    size_t tail = (size_t)(data + length - from);
    return memcmp(from, multipart->delimiter, tail) == 0 ? tail : 0;
}

/* Goes on with a delimiter that began in an earlier piece. */
static sw_status resume_match(struct sw_multipart *multipart, struct sw_span *rest,
                              struct sw_err *err)
{
    while (rest->length > 0 && multipart->matched < multipart->delimiter_length &&
           rest->data[0] == multipart->delimiter[multipart->matched]) {
        multipart->matched++;
        rest->data++;
        rest->length--;
    }
    if (multipart->matched == multipart->delimiter_length) {
        return end_part(multipart, err);
    }
    if (rest->length == 0) {
        return SW_OK;
    }
    size_t borrowed = multipart->borrowed;
    size_t length = multipart->matched - borrowed;
    multipart->matched = 0;
    multipart->borrowed = 0;
    return emit(multipart, multipart->delimiter + borrowed, length, err);
}

static sw_status push_data(struct sw_multipart *multipart, struct sw_span *rest, struct sw_err *err)
{
    if (multipart->matched > 0) {
        return resume_match(multipart, rest, err);
    }
    const char *found =
        memmem(rest->data, rest->length, multipart->delimiter, multipart->delimiter_length);
    if (found == NULL) {
        struct sw_span block = *rest;
        multipart->matched = match_tail(multipart, block.data, block.length);
        *rest = sw_span_of(block.data + block.length, 0);
        return emit(multipart, block.data, block.length - multipart->matched, err);
    }
    size_t length = (size_t)(found - rest->data);
    SW_TRY(emit(multipart, rest->data, length, err));
    rest->data += length + multipart->delimiter_length;
    rest->length -= length + multipart->delimiter_length;
    return end_part(multipart, err);
}

/* A quoted value with its escapes undone, in place at the end of `out`. */
static struct sw_span unescape(struct sw_buf *out, struct sw_span value)
{
    size_t from = out->length;
    for (size_t i = 0; i < value.length; i++) {
        bool is_escape = value.data[i] == '\\' && i + 1 < value.length &&
                         (value.data[i + 1] == '"' || value.data[i + 1] == '\\');
        i += is_escape;
        sw_buf_put_byte(out, value.data[i]);
    }
    return out->failed ? sw_span_of("", 0) : sw_span_of(out->data + from, out->length - from);
}

/* Finds the Content-Disposition line of a part's header. */
static bool find_disposition(struct sw_span head, struct sw_span *value)
{
    static const char wanted[] = "content-disposition:";
    size_t length = sizeof(wanted) - 1;
    const char *p = head.data;
    const char *end = p + head.length;
    while (p < end) {
        const char *stop = memmem(p, (size_t)(end - p), "\r\n", 2);
        stop = stop != NULL ? stop : end;
        if ((size_t)(stop - p) > length && strncasecmp(p, wanted, length) == 0) {
            *value = sw_span_of(p + length, (size_t)(stop - p) - length);
            return true;
        }
        p = stop + 2;
    }
    return false;
}

static sw_status begin_part(struct sw_multipart *multipart, struct sw_err *err)
{
    struct sw_span value;
    struct sw_part part = {.name = {NULL, 0}};
    struct sw_span name = {NULL, 0};
    struct sw_span filename = {NULL, 0};
    if (find_disposition(sw_buf_peek(&multipart->head), &value)) {
        const char *semicolon = memchr(value.data, ';', value.length);
        struct sw_span rest =
            semicolon == NULL
                ? sw_span_of(value.data, 0)
                : sw_span_of(semicolon, value.length - (size_t)(semicolon - value.data));
        struct sw_span key;
        while (next_parameter(&rest, &key, &value)) {
            if (is_named(key, "name")) {
                name = value;
            } else if (is_named(key, "filename")) {
                filename = value;
                part.is_file = true;
            }
        }
    }
    if (name.data == NULL) {
        return sw_fail(err, SW_PARAMS,
                       "A part of the form has no Content-Disposition: form-data; name=\"...\".");
    }
    struct sw_buf text;
    sw_buf_init(&text);
    if (sw_buf_reserve(&text, name.length + filename.length + 1) == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
    }
    part.name = unescape(&text, name);
    part.filename = unescape(&text, filename);
    multipart->is_in_part = true;
    multipart->state = SW_MULTIPART_DATA;
    lend_line_end(multipart); /* an empty part: the delimiter follows the blank line */
    sw_status status = multipart->calls.part(multipart->calls.context, &part, err);
    sw_buf_fini(&text);
    sw_buf_clear(&multipart->head);
    return status;
}

static bool is_head_complete(struct sw_span head)
{
    if (head.length == 2) {
        return memcmp(head.data, "\r\n", 2) == 0;
    }
    return head.length >= 4 && memcmp(head.data + head.length - 4, "\r\n\r\n", 4) == 0;
}

static sw_status push_head(struct sw_multipart *multipart, struct sw_span *rest, struct sw_err *err)
{
    struct sw_buf *head = &multipart->head;
    while (rest->length > 0) {
        if (head->length >= SW_PART_HEAD_BYTES_MAX) {
            return sw_fail(err, SW_PARAMS, "A part of the form has a header of more than %u bytes.",
                           SW_PART_HEAD_BYTES_MAX);
        }
        char byte = rest->data[0];
        sw_buf_put_byte(head, byte);
        rest->data++;
        rest->length--;
        if (head->failed) {
            return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
        }
        if (is_head_complete(sw_buf_peek(head))) {
            return begin_part(multipart, err);
        }
    }
    return SW_OK;
}

static sw_status push_line_end(struct sw_multipart *multipart, struct sw_span *rest,
                               struct sw_err *err)
{
    char byte = rest->data[0];
    rest->data++;
    rest->length--;
    if (multipart->state == SW_MULTIPART_AFTER && is_space(byte)) {
        return SW_OK;
    }
    if (multipart->state == SW_MULTIPART_AFTER && (byte == '-' || byte == '\r')) {
        multipart->state = byte == '-' ? SW_MULTIPART_DASH : SW_MULTIPART_RETURN;
        return SW_OK;
    }
    if (multipart->state == SW_MULTIPART_DASH && byte == '-') {
        multipart->state = SW_MULTIPART_END;
        return SW_OK;
    }
    if (multipart->state == SW_MULTIPART_RETURN && byte == '\n') {
        multipart->state = SW_MULTIPART_HEAD;
        return SW_OK;
    }
    return sw_fail(err, SW_PARAMS, "The form is malformed: a boundary must end its line.");
}

sw_status sw_multipart_push(struct sw_multipart *multipart, struct sw_span bytes,
                            struct sw_err *err)
{
    struct sw_span rest = bytes;
    while (rest.length > 0) {
        switch (multipart->state) {
        case SW_MULTIPART_DATA:
            SW_TRY(push_data(multipart, &rest, err));
            break;
        case SW_MULTIPART_AFTER:
        case SW_MULTIPART_DASH:
        case SW_MULTIPART_RETURN:
            SW_TRY(push_line_end(multipart, &rest, err));
            break;
        case SW_MULTIPART_HEAD:
            SW_TRY(push_head(multipart, &rest, err));
            break;
        case SW_MULTIPART_END:
            return SW_OK;
        }
    }
    return SW_OK;
}

sw_status sw_multipart_finish(const struct sw_multipart *multipart, struct sw_err *err)
{
    if (multipart->state == SW_MULTIPART_END) {
        return SW_OK;
    }
    return sw_fail(err, SW_PARAMS, "The form ends before its last boundary.");
}
