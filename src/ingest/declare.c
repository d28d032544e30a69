/* See declare.h. */
#include "ingest/declare.h"

#include <stdlib.h>

struct sw_declared {
    struct sw_arena arena;
    const struct sw_json *types; /* in the arena */
};

static bool ends_with(struct sw_span text, const char *end)
{
    const size_t length = strlen(end);
    return text.length > length && memcmp(text.data + text.length - length, end, length) == 0;
}

static bool parse_type(struct sw_span text, enum sw_type *type, sw_formats *allowed)
{
    *allowed = SW_FORMATS_ALL;
    const bool is_dmy = ends_with(text, ":dmy");
    const bool is_mdy = ends_with(text, ":mdy");
    if (is_dmy || is_mdy) {
        *allowed = SW_FORMATS_OF(is_dmy ? SW_ORDER_DMY : SW_ORDER_MDY);
        text.length -= 4;
    }
    if (!sw_type_parse(text, type)) {
        return false;
    }
    return *allowed == SW_FORMATS_ALL || *type == SW_TYPE_DATE || *type == SW_TYPE_TIMESTAMP;
}

static sw_status check_type(const struct sw_json *member, struct sw_err *err)
{
    enum sw_type type;
    sw_formats allowed;
    struct sw_span text = {"", 0};
    if (!sw_json_get_text(member, &text) || !parse_type(text, &type, &allowed)) {
        return sw_fail(err, SW_TYPE,
                       "types: '%.*s' of column '%.*s' is no type; use bool, int, float, string, "
                       "date, timestamp, or date:dmy, date:mdy, timestamp:dmy, timestamp:mdy.",
                       (int)(text.length < 40 ? text.length : 40), text.data,
                       (int)(member->key.length < 80 ? member->key.length : 80), member->key.data);
    }
    return SW_OK;
}

sw_status sw_declared_new(const struct sw_json *types, struct sw_declared **declared,
                          struct sw_err *err)
{
    *declared = NULL;
    if (sw_json_is_null(types)) {
        return SW_OK;
    }
    if (types->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_PARAMS,
                       "types: an object of column names and types is expected, such as "
                       "{\"zip\": \"string\"}.");
    }
    for (size_t i = 0; i < types->u.list.count; i++) {
        SW_TRY(check_type(&types->u.list.items[i], err));
    }
    struct sw_declared *made = calloc(1, sizeof(*made));
    if (made != NULL) {
        sw_arena_init(&made->arena);
        made->types = sw_json_copy(&made->arena, types);
    }
    if (made == NULL || made->types == NULL) {
        sw_declared_free(made);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
    }
    *declared = made;
    return SW_OK;
}

void sw_declared_free(struct sw_declared *declared)
{
    if (declared != NULL) {
        sw_arena_fini(&declared->arena);
        free(declared);
    }
}

sw_status sw_declared_check(const struct sw_declared *declared, char *const *names,
                            uint32_t columns, struct sw_err *err)
{
    for (size_t i = 0; declared != NULL && i < declared->types->u.list.count; i++) {
        const struct sw_span wanted = declared->types->u.list.items[i].key;
        bool is_there = false;
        for (uint32_t k = 0; k < columns && !is_there; k++) {
            is_there = sw_span_equal(wanted, sw_span_text(names[k]));
        }
        if (!is_there) {
            return sw_fail(err, SW_NO_COLUMN,
                           "types names the column '%.*s', which the file does not have; its "
                           "first column is '%s'.",
                           (int)(wanted.length < 80 ? wanted.length : 80), wanted.data, names[0]);
        }
    }
    return SW_OK;
}

bool sw_declared_find(const struct sw_declared *declared, const char *name, enum sw_type *type,
                      sw_formats *allowed)
{
    if (declared == NULL) {
        return false;
    }
    struct sw_span text;
    const struct sw_json *member = sw_json_member(declared->types, name);
    return sw_json_get_text(member, &text) && parse_type(text, type, allowed);
}
