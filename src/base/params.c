#include "base/params.h"

#include <inttypes.h>
#include <math.h>

#include "base/limits.h"
#include "base/utf8.h"

#define KEY_SHOWN_BYTES 64u /* of an unknown name in a message */

static const char *const wanted[] = {
    [SW_PARAM_NAME] = "a name (text of 1 to 255 bytes)",
    [SW_PARAM_TEXT] = "a text",
    [SW_PARAM_INT] = "an integer",
    [SW_PARAM_FLOAT] = "a number",
    [SW_PARAM_BOOL] = "true or false",
    [SW_PARAM_ARRAY] = "a list",
    [SW_PARAM_OBJECT] = "an object",
    [SW_PARAM_ANY] = "a value",
};

static bool is_name(struct sw_span text)
{
    if (text.length == 0 || text.length > SW_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool read_text(const struct sw_json *value, bool name_only, struct sw_span *into)
{
    struct sw_span text;
    if (!sw_json_get_text(value, &text) || (name_only && !is_name(text))) {
        return false;
    }
    *into = text;
    return true;
}

static bool read_float(const struct sw_json *value, double *into)
{
    double number;
    if (!sw_json_get_float(value, &number) || !isfinite(number)) {
        return false;
    }
    *into = number;
    return true;
}

static bool read_node(const struct sw_json *value, enum sw_json_kind kind,
                      const struct sw_json **into)
{
    if (value->kind != kind) {
        return false;
    }
    *into = value;
    return true;
}

static bool read_value(const struct sw_param *param, const struct sw_json *value)
{
    switch (param->kind) {
    case SW_PARAM_NAME:
        return read_text(value, true, param->into);
    case SW_PARAM_TEXT:
        return read_text(value, false, param->into);
    case SW_PARAM_INT:
        return sw_json_get_int(value, param->into);
    case SW_PARAM_FLOAT:
        return read_float(value, param->into);
    case SW_PARAM_BOOL:
        if (value->kind != SW_JSON_BOOL) {
            return false;
        }
        *(bool *)param->into = value->u.boolean;
        return true;
    case SW_PARAM_ARRAY:
        return read_node(value, SW_JSON_ARRAY, param->into);
    case SW_PARAM_OBJECT:
        return read_node(value, SW_JSON_OBJECT, param->into);
    case SW_PARAM_ANY:
        *(const struct sw_json **)param->into = value;
        return true;
    }
    return false;
}

static sw_status check_range(const char *what, const struct sw_param *param, struct sw_err *err)
{
    if (param->kind != SW_PARAM_INT || param->low >= param->high) {
        return SW_OK;
    }
    int64_t value = *(const int64_t *)param->into;
    if (value >= param->low && value <= param->high) {
        return SW_OK;
    }
    return sw_fail(err, SW_PARAMS, "%s: %s must be from %" PRId64 " to %" PRId64 ", not %" PRId64,
                   what, param->name, param->low, param->high, value);
}

static bool is_known(struct sw_span key, const struct sw_param *params, size_t count,
                     const char *const *also)
{
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(key, sw_span_text(params[i].name))) {
            return true;
        }
    }
    for (; also != NULL && *also != NULL; also++) {
        if (sw_span_equal(key, sw_span_text(*also))) {
            return true;
        }
    }
    return false;
}

static sw_status refuse_unknown(const struct sw_json *object, const char *what,
                                const struct sw_param *params, size_t count,
                                const char *const *also, struct sw_err *err)
{
    if (object == NULL) {
        return SW_OK;
    }
    for (size_t i = 0; i < object->u.list.count; i++) {
        struct sw_span key = object->u.list.items[i].key;
        if (!is_known(key, params, count, also)) {
            struct sw_span shown = sw_utf8_cut(key, KEY_SHOWN_BYTES);
            return sw_fail(err, SW_PARAMS, "%s has no parameter `%.*s`", what, (int)shown.length,
                           shown.data);
        }
    }
    return SW_OK;
}

sw_status sw_params_read(const struct sw_json *object, const char *what,
                         const struct sw_param *params, size_t count, const char *const *also,
                         struct sw_err *err)
{
    if (sw_json_is_null(object)) {
        object = NULL;
    } else if (object->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_PARAMS, "%s: the parameters must be an object", what);
    }
    SW_TRY(refuse_unknown(object, what, params, count, also, err));
    for (size_t i = 0; i < count; i++) {
        const struct sw_json *value = sw_json_member(object, params[i].name);
        if (sw_json_is_null(value)) {
            if (params[i].is_required) {
                return sw_fail(err, SW_PARAMS, "%s needs `%s`: %s", what, params[i].name,
                               wanted[params[i].kind]);
            }
            continue;
        }
        if (!read_value(&params[i], value)) {
            return sw_fail(err, SW_PARAMS, "%s: `%s` must be %s", what, params[i].name,
                           wanted[params[i].kind]);
        }
        SW_TRY(check_range(what, &params[i], err));
    }
    return SW_OK;
}
