/* params: a declarative list of what a request or an output's definition may
 * hold.  A handler begins with its list; sw_params_read fills the fields or
 * says which member is missing, unknown or of the wrong kind (SW_PARAMS).
 * Loop or worker; nothing is allocated: spans and nodes point into the JSON.  */
#ifndef SW_BASE_PARAMS_H
#define SW_BASE_PARAMS_H

#include "base/json.h"

enum sw_param_kind {
    SW_PARAM_NAME,   /* struct sw_span: 1..SW_NAME_BYTES_MAX bytes of UTF-8 without control bytes */
    SW_PARAM_TEXT,   /* struct sw_span */
    SW_PARAM_INT,    /* int64_t, within [low, high] when low < high */
    SW_PARAM_FLOAT,  /* double, finite */
    SW_PARAM_BOOL,   /* bool */
    SW_PARAM_ARRAY,  /* const struct sw_json * */
    SW_PARAM_OBJECT, /* const struct sw_json * */
    SW_PARAM_ANY     /* const struct sw_json * */
};

struct sw_param {
    const char *name;
    enum sw_param_kind kind;
    bool is_required;
    void *into;        /* left as it is when the member is absent or null */
    int64_t low, high; /* SW_PARAM_INT only */
};

/* `what` names the thing in messages ("table.page", "histogram").  Members that no
 * entry names are refused unless listed in `also` (NULL-terminated, may be NULL).   */
SW_MUST_USE sw_status sw_params_read(const struct sw_json *object, const char *what,
                                     const struct sw_param *params, size_t count,
                                     const char *const *also, struct sw_err *err);

#endif
