/* See decode.h.  cJSON gives the structure, strict.c the values, in the same order; both must say
 * the same about lists and objects.  Long lists of plain values or of rows (an append) have no
 * structure to give: cJSON sees them empty. */
#include "wire/decode.h"

#include <cjson/cJSON.h>

#include "base/arena_bulk.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/utf8.h"
#include "wire/strict.h"

#define KEYS_COMPARED_MAX 16u /* members compared one by one; a hash table above */
#define KEY_SHOWN_BYTES   64u /* of a name in a message */

struct decoder {
    struct sw_arena *arena;
    struct sw_span text;
    const struct sw_strict *strict;
    size_t next;                /* the next value */
    const struct sw_bulk *bulk; /* the next one */
    const struct sw_bulk *bulk_end;
    struct sw_err *err;
};

static sw_status fail_memory(struct decoder *decoder)
{
    return sw_fail(decoder->err, SW_NO_MEMORY, "out of memory while reading a message");
}

/* The second of two keys; both point into the text's copy. */
static sw_status fail_duplicate(struct decoder *decoder, struct sw_span key)
{
    struct sw_span shown = sw_utf8_cut(key, KEY_SHOWN_BYTES);
    size_t offset = (size_t)(key.data - decoder->strict->text);
    (void)sw_fail(decoder->err, SW_JSON, "the member `%.*s` at byte %zu occurs twice in its object",
                  (int)shown.length, shown.data, offset);
    if (decoder->err != NULL) {
        decoder->err->has_position = true;
        decoder->err->position = offset;
    }
    return SW_JSON;
}

/* No two members of a large object have one name: open addressing, at most half full. */
static sw_status check_keys_hashed(struct decoder *decoder, const struct sw_json *items,
                                   size_t count)
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
                return fail_duplicate(decoder, items[i].key);
            }
            at = (at + 1) & (slots - 1);
        }
        slot[at] = (uint32_t)i + 1;
    }
    return SW_OK;
}

static sw_status check_keys(struct decoder *decoder, const struct sw_json *items, size_t count)
{
    if (count > KEYS_COMPARED_MAX) {
        return check_keys_hashed(decoder, items, count);
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (sw_span_equal(items[i].key, items[j].key)) {
                return fail_duplicate(decoder, items[i].key);
            }
        }
    }
    return SW_OK;
}

/* Rows mostly have the names of the row before, in the same order: what was checked there need not
 * be again, and one name stands for both. */
static bool take_keys(const struct sw_json *before, struct sw_json *members, size_t count)
{
    if (before == NULL || before->u.list.count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!sw_span_equal(before->u.list.items[i].key, members[i].key)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        members[i].key = before->u.list.items[i].key;
    }
    return true;
}

/* Its values stand side by side already; those that are rows get a list of their own. */
static sw_status read_bulk(struct decoder *decoder, struct sw_json *into)
{
    sw_assert(decoder->bulk < decoder->bulk_end);
    const struct sw_bulk *bulk = decoder->bulk++;
    size_t count = into->u.list.count;
    struct sw_json *value = decoder->strict->value + bulk->first;
    sw_assert(decoder->next == bulk->first);
    decoder->next += bulk->values;
    into->u.list.items = value;
    if (bulk->values == count) {
        return SW_OK;
    }
    struct sw_json *items = sw_arena_raw(decoder->arena, count * sizeof *items);
    if (items == NULL) {
        return fail_memory(decoder);
    }
    const struct sw_json *before = NULL;
    for (size_t i = 0; i < count; i++) {
        items[i] = *value++;
        if (items[i].kind != SW_JSON_OBJECT) {
            continue;
        }
        size_t members = items[i].u.list.count;
        items[i].u.list.items = value;
        if (!take_keys(before, value, members)) {
            SW_TRY(check_keys(decoder, value, members));
        }
        before = &items[i];
        value += members;
    }
    into->u.list.items = items;
    return SW_OK;
}

static sw_status read_value(struct decoder *decoder, const cJSON *from, struct sw_json *into);

static sw_status read_list(struct decoder *decoder, const cJSON *from, struct sw_json *into)
{
    size_t count = into->u.list.count;
    if (from->child == NULL && count > 0) {
        return read_bulk(decoder, into);
    }
    struct sw_json *items = sw_arena_raw(decoder->arena, count * sizeof *items);
    if (items == NULL) {
        return fail_memory(decoder);
    }
    const cJSON *child = from->child;
    for (size_t i = 0; i < count; i++, child = child->next) {
        sw_assert(child != NULL);
        SW_TRY(read_value(decoder, child, &items[i]));
    }
    sw_assert(child == NULL);
    into->u.list.items = items;
    return into->kind == SW_JSON_OBJECT ? check_keys(decoder, items, count) : SW_OK;
}

static sw_status read_value(struct decoder *decoder, const cJSON *from, struct sw_json *into)
{
    sw_assert(decoder->next < decoder->strict->values);
    *into = decoder->strict->value[decoder->next++];
    sw_assert((into->kind == SW_JSON_ARRAY) == (cJSON_IsArray(from) != 0));
    sw_assert((into->kind == SW_JSON_OBJECT) == (cJSON_IsObject(from) != 0));
    bool is_list = into->kind == SW_JSON_ARRAY || into->kind == SW_JSON_OBJECT;
    return is_list ? read_list(decoder, from, into) : SW_OK;
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

/* The text without what stands in the bulks; the text itself where there is none. */
static bool make_outline(const struct decoder *decoder, struct sw_arena *arena,
                         struct sw_span *outline)
{
    *outline = decoder->text;
    if (decoder->bulk == decoder->bulk_end) {
        return true;
    }
    char *into = sw_arena_raw(arena, decoder->text.length);
    if (into == NULL) {
        return false;
    }
    size_t from = 0;
    size_t length = 0;
    for (const struct sw_bulk *bulk = decoder->bulk; bulk < decoder->bulk_end; bulk++) {
        memcpy(into + length, decoder->text.data + from, bulk->offset - from);
        length += bulk->offset - from;
        from = (size_t)bulk->offset + bulk->length;
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
        sw_assert(decoder->next == decoder->strict->values);
        sw_assert(decoder->bulk == decoder->bulk_end);
        *json = root;
    }
    return status;
}

sw_status sw_decode_json(struct sw_arena *arena, struct sw_span text, const struct sw_json **json,
                         struct sw_err *err)
{
    struct sw_strict strict;
    sw_status status = sw_strict_read(arena, text, &strict, err);
    if (status == SW_OK) {
        struct decoder decoder = {.arena = arena, .text = text, .strict = &strict, .err = err};
        if (strict.bulks.length > 0) {
            decoder.bulk = (const struct sw_bulk *)(const void *)strict.bulks.data;
            decoder.bulk_end = decoder.bulk + strict.bulks.length / sizeof *decoder.bulk;
        }
        status = decode_checked(&decoder, json);
    }
    sw_strict_fini(&strict);
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
