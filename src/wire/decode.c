/* See decode.h.  cJSON gives the structure; numbers and strings are read from the source text at
 * the places that the precheck noted, in the same order as cJSON's tree.  Long lists of plain
 * values (the columns of an append) have no structure to give: cJSON sees them empty. */
#include "wire/decode.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/random.h"
#include "base/utf8.h"
#include "wire/precheck.h"

#define KEYS_COMPARED_MAX 16u /* members compared one by one; a hash table above */
#define KEY_SHOWN_BYTES   64u /* of a name in a message */

struct decoder {
    struct sw_arena *arena;
    struct sw_span text;
    const struct sw_token *token; /* the next one */
    const struct sw_token *end;
    const struct sw_plain_list *list; /* the next one: every list that cJSON sees empty */
    const struct sw_plain_list *list_end;
    struct sw_err *err;
};

static const struct sw_token *next_token(struct decoder *decoder)
{
    sw_assert(decoder->token < decoder->end);
    return decoder->token++;
}

static sw_status fail_memory(struct decoder *decoder)
{
    return sw_fail(decoder->err, SW_NO_MEMORY, "out of memory while reading a message");
}

static sw_status mark_position(struct sw_err *err, size_t position)
{
    if (err != NULL) {
        err->has_position = true;
        err->position = position;
    }
    return SW_JSON;
}

/* The value of a string or a name; an escape is always longer than what it stands for. */
static sw_status read_text(struct decoder *decoder, struct sw_span *into)
{
    const struct sw_token *token = next_token(decoder);
    const char *source = decoder->text.data + token->offset;
    char *text = sw_arena_alloc(decoder->arena, (size_t)token->decoded + 1);
    if (text == NULL) {
        return fail_memory(decoder);
    }
    *into = sw_span_of(text, token->decoded);
    if (token->length == token->decoded) {
        memcpy(text, source, token->length);
    } else {
        sw_precheck_unescape(sw_span_of(source, token->length), text);
    }
    return SW_OK;
}

static bool is_integer_text(struct sw_span text)
{
    bool has_mark = memchr(text.data, '.', text.length) != NULL ||
                    memchr(text.data, 'e', text.length) != NULL ||
                    memchr(text.data, 'E', text.length) != NULL;
    bool is_minus_zero = text.length == 2 && text.data[0] == '-' && text.data[1] == '0';
    return !has_mark && !is_minus_zero;
}

/* Most numbers of a large request are short decimals.  Up to 15 digits and a power of ten up to 22
 * are doubles without rounding, so that one division rounds to the nearest (Clinger 1990); all
 * others are strtod's. */
static bool read_short_decimal(struct sw_span text, struct sw_json *into)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool is_minus = text.length > 0 && text.data[0] == '-';
    uint64_t digits = 0;
    unsigned count = 0;
    unsigned fraction = 0;
    bool has_point = false;
    for (size_t i = is_minus; i < text.length; i++) {
        char c = text.data[i];
        if (c == '.') {
            has_point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++count > 15) {
            return false;
        }
        digits = digits * 10 + (uint64_t)(c - '0');
        fraction += has_point;
    }
    bool is_integer = !has_point && !(is_minus && digits == 0);
    double magnitude = (double)digits / powers[fraction];
    into->kind = is_integer ? SW_JSON_INT : SW_JSON_FLOAT;
    if (is_integer) {
        into->u.integer = is_minus ? -(int64_t)digits : (int64_t)digits;
    } else {
        into->u.number = is_minus ? -magnitude : magnitude;
    }
    return true;
}

static sw_status read_number(struct decoder *decoder, struct sw_json *into)
{
    const struct sw_token *token = next_token(decoder);
    char copy[SW_JSON_NUMBER_BYTES_MAX + 1];
    if (read_short_decimal(sw_span_of(decoder->text.data + token->offset, token->length), into)) {
        return SW_OK;
    }
    sw_assert(token->length < sizeof copy);
    memcpy(copy, decoder->text.data + token->offset, token->length);
    copy[token->length] = '\0';
    char *end = NULL;
    if (is_integer_text(sw_span_of(copy, token->length))) {
        errno = 0;
        into->kind = SW_JSON_INT;
        into->u.integer = strtoll(copy, &end, 10);
        if (errno == ERANGE) {
            (void)sw_fail(decoder->err, SW_JSON,
                          "the integer at byte %u does not fit 64 bits: send it as a string, or "
                          "with a decimal point as a float",
                          token->offset);
            return mark_position(decoder->err, token->offset);
        }
    } else {
        into->kind = SW_JSON_FLOAT;
        into->u.number = strtod(copy, &end); /* the process keeps the C locale */
        if (!isfinite(into->u.number)) {
            (void)sw_fail(decoder->err, SW_JSON,
                          "the number at byte %u is beyond the range of a 64-bit float",
                          token->offset);
            return mark_position(decoder->err, token->offset);
        }
    }
    sw_assert(end == copy + token->length);
    return SW_OK;
}

static sw_status fail_duplicate(struct decoder *decoder, struct sw_span key, uint32_t offset)
{
    struct sw_span shown = sw_utf8_cut(key, KEY_SHOWN_BYTES);
    (void)sw_fail(decoder->err, SW_JSON, "the member `%.*s` at byte %u occurs twice in its object",
                  (int)shown.length, shown.data, offset);
    return mark_position(decoder->err, offset);
}

/* No two members of a large object have one name: open addressing, at most half full. */
static sw_status check_keys_hashed(struct decoder *decoder, const struct sw_json *items,
                                   const uint32_t *offsets, size_t count)
{
    size_t slots = 64;
    while (slots < count * 2) {
        slots *= 2;
    }
    uint32_t *slot = sw_arena_array(decoder->arena, slots, sizeof *slot); /* index + 1 */
    if (slot == NULL) {
        return fail_memory(decoder);
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = sw_hash(items[i].key.data, items[i].key.length) & (slots - 1);
        while (slot[at] != 0) {
            if (sw_span_equal(items[slot[at] - 1].key, items[i].key)) {
                return fail_duplicate(decoder, items[i].key, offsets[i]);
            }
            at = (at + 1) & (slots - 1);
        }
        slot[at] = (uint32_t)i + 1;
    }
    return SW_OK;
}

static sw_status check_keys(struct decoder *decoder, const struct sw_json *items,
                            const uint32_t *offsets, size_t count)
{
    if (count > KEYS_COMPARED_MAX) {
        return check_keys_hashed(decoder, items, offsets, count);
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (sw_span_equal(items[i].key, items[j].key)) {
                return fail_duplicate(decoder, items[i].key, offsets[i]);
            }
        }
    }
    return SW_OK;
}

/* Numbers, strings and words, with commas and blanks between. */
static sw_status read_plain_list(struct decoder *decoder, struct sw_json *into)
{
    sw_assert(decoder->list < decoder->list_end);
    const struct sw_plain_list *list = decoder->list++;
    struct sw_json *items = sw_arena_array(decoder->arena, list->count, sizeof *items);
    if (items == NULL) {
        return fail_memory(decoder);
    }
    const char *data = decoder->text.data;
    size_t at = list->offset;
    for (uint32_t i = 0; i < list->count; i++) {
        while (data[at] == ',' || data[at] == ' ' || data[at] == '\t' || data[at] == '\n' ||
               data[at] == '\r') {
            at++;
        }
        const struct sw_token *token = decoder->token;
        switch (data[at]) {
        case '"':
            items[i].kind = SW_JSON_STRING;
            SW_TRY(read_text(decoder, &items[i].u.text));
            at = (size_t)token->offset + token->length + 1;
            break;
        case 'n':
        case 't':
        case 'f':
            items[i].kind = data[at] == 'n' ? SW_JSON_NULL : SW_JSON_BOOL;
            items[i].u.boolean = data[at] == 't';
            at += data[at] == 'f' ? 5 : 4;
            break;
        default:
            SW_TRY(read_number(decoder, &items[i]));
            at = (size_t)token->offset + token->length;
            break;
        }
    }
    into->kind = SW_JSON_ARRAY;
    into->u.list.items = items;
    into->u.list.count = list->count;
    return SW_OK;
}

static sw_status read_value(struct decoder *decoder, const cJSON *from, struct sw_json *into);

static sw_status read_list(struct decoder *decoder, const cJSON *from, struct sw_json *into)
{
    size_t count = 0;
    for (const cJSON *child = from->child; child != NULL; child = child->next) {
        count++;
    }
    bool is_object = cJSON_IsObject(from) != 0;
    if (count == 0 && !is_object) {
        return read_plain_list(decoder, into);
    }
    struct sw_json *items = sw_arena_array(decoder->arena, count, sizeof *items);
    uint32_t *offsets = sw_arena_array(decoder->arena, is_object ? count : 0, sizeof *offsets);
    if (items == NULL || offsets == NULL) {
        return fail_memory(decoder);
    }
    size_t i = 0;
    for (const cJSON *child = from->child; child != NULL; child = child->next, i++) {
        if (is_object) {
            offsets[i] = decoder->token->offset;
            SW_TRY(read_text(decoder, &items[i].key));
        }
        SW_TRY(read_value(decoder, child, &items[i]));
    }
    into->kind = is_object ? SW_JSON_OBJECT : SW_JSON_ARRAY;
    into->u.list.items = items;
    into->u.list.count = count;
    return is_object ? check_keys(decoder, items, offsets, count) : SW_OK;
}

static sw_status read_value(struct decoder *decoder, const cJSON *from, struct sw_json *into)
{
    if (cJSON_IsNumber(from)) {
        return read_number(decoder, into);
    }
    if (cJSON_IsString(from)) {
        into->kind = SW_JSON_STRING;
        return read_text(decoder, &into->u.text);
    }
    if (cJSON_IsArray(from) || cJSON_IsObject(from)) {
        return read_list(decoder, from, into);
    }
    into->kind = cJSON_IsNull(from) ? SW_JSON_NULL : SW_JSON_BOOL;
    into->u.boolean = cJSON_IsTrue(from) != 0;
    return SW_OK;
}

/* cJSON's nodes of one text, freed at once.  Loop thread: cJSON has one set of hooks. */
static struct sw_arena *nodes;

static void *node_alloc(size_t size)
{
    return sw_arena_alloc(nodes, size);
}

static void node_free(void *node)
{
    (void)node;
}

static cJSON *parse_structure(struct sw_arena *arena, struct sw_span text)
{
    cJSON_Hooks hooks = {node_alloc, node_free};
    nodes = arena;
    cJSON_InitHooks(&hooks);
    cJSON *tree = cJSON_ParseWithLengthOpts(text.data, text.length, NULL, 0);
    cJSON_InitHooks(NULL);
    nodes = NULL;
    return tree;
}

/* The text without what stands in the plain lists; the text itself where there is none. */
static bool make_outline(const struct decoder *decoder, struct sw_arena *arena,
                         struct sw_span *outline)
{
    *outline = decoder->text;
    if (decoder->list == decoder->list_end) {
        return true;
    }
    char *into = sw_arena_alloc(arena, decoder->text.length);
    if (into == NULL) {
        return false;
    }
    size_t from = 0;
    size_t length = 0;
    for (const struct sw_plain_list *list = decoder->list; list < decoder->list_end; list++) {
        memcpy(into + length, decoder->text.data + from, list->offset - from);
        length += list->offset - from;
        from = (size_t)list->offset + list->length;
    }
    memcpy(into + length, decoder->text.data + from, decoder->text.length - from);
    *outline = sw_span_of(into, length + decoder->text.length - from);
    return true;
}

static sw_status decode_checked(struct decoder *decoder, const struct sw_json **json)
{
    struct sw_json *root = sw_arena_alloc(decoder->arena, sizeof *root);
    struct sw_arena arena;
    sw_arena_init(&arena);
    struct sw_span outline;
    const cJSON *tree =
        make_outline(decoder, &arena, &outline) ? parse_structure(&arena, outline) : NULL;
    /* the text is JSON: only memory can be short */
    sw_status status =
        root == NULL || tree == NULL ? fail_memory(decoder) : read_value(decoder, tree, root);
    sw_arena_fini(&arena);
    if (status == SW_OK) {
        sw_assert(decoder->token == decoder->end && decoder->list == decoder->list_end);
        *json = root;
    }
    return status;
}

sw_status sw_decode_json(struct sw_arena *arena, struct sw_span text, const struct sw_json **json,
                         struct sw_err *err)
{
    struct sw_buf tokens;
    struct sw_buf lists;
    sw_buf_init(&tokens);
    sw_buf_init(&lists);
    sw_status status = sw_precheck_json(text, &tokens, &lists, err);
    if (status == SW_OK) {
        struct decoder decoder = {.arena = arena, .text = text, .err = err};
        if (tokens.length > 0) {
            decoder.token = (const struct sw_token *)(const void *)tokens.data;
            decoder.end = decoder.token + tokens.length / sizeof *decoder.token;
        }
        if (lists.length > 0) {
            decoder.list = (const struct sw_plain_list *)(const void *)lists.data;
            decoder.list_end = decoder.list + lists.length / sizeof *decoder.list;
        }
        status = decode_checked(&decoder, json);
    }
    sw_buf_fini(&lists);
    sw_buf_fini(&tokens);
    return status;
}

static sw_status read_id(const struct sw_json *message, struct sw_request *request,
                         struct sw_err *err)
{
    const struct sw_json *id = sw_json_member(message, "id");
    if (id == NULL) {
        return SW_OK;
    }
    if (id->kind != SW_JSON_INT && id->kind != SW_JSON_STRING) {
        return sw_fail(err, SW_REQUEST, "`id` must be an integer or a string");
    }
    if (id->kind == SW_JSON_STRING && id->u.text.length > SW_ID_BYTES_MAX) {
        return sw_fail_limit(err, "id_bytes", (int64_t)id->u.text.length, SW_ID_BYTES_MAX,
                             "use a shorter request id");
    }
    request->id = id;
    return SW_OK;
}

static sw_status read_params(const struct sw_json *message, struct sw_request *request,
                             struct sw_err *err)
{
    const struct sw_json *params = sw_json_member(message, "params");
    if (sw_json_is_null(params)) {
        return SW_OK;
    }
    if (params->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_REQUEST, "`params` must be an object with named members");
    }
    request->params = params;
    return SW_OK;
}

sw_status sw_decode_request(struct sw_arena *arena, struct sw_span text, struct sw_request *request,
                            struct sw_err *err)
{
    *request = (struct sw_request){0};
    const struct sw_json *message = NULL;
    SW_TRY(sw_decode_json(arena, text, &message, err));
    if (message->kind == SW_JSON_ARRAY) {
        return sw_fail(err, SW_REQUEST, "batches are not taken: send one request per message");
    }
    if (message->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_REQUEST,
                       "a request is an object with `jsonrpc`, `method`, `params`");
    }
    SW_TRY(read_id(message, request, err));
    struct sw_span version;
    if (!sw_json_get_text(sw_json_member(message, "jsonrpc"), &version) ||
        !sw_span_equal(version, sw_span_text("2.0"))) {
        return sw_fail(err, SW_REQUEST, "`jsonrpc` must be \"2.0\"");
    }
    if (!sw_json_get_text(sw_json_member(message, "method"), &request->method) ||
        request->method.length == 0) {
        return sw_fail(err, SW_REQUEST, "`method` must be the name of a method");
    }
    return read_params(message, request, err);
}
