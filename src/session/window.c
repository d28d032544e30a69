#include "session/window.h"

#include <stdlib.h>

#include "base/params.h"

static sw_status resolve_columns(struct sw_window *window, const struct sw_json *names,
                                 const struct sw_schema *schema, struct sw_err *err)
{
    if (names == NULL) {
        return SW_OK;
    }
    size_t count = names->u.list.count;
    if (count == 0 || count > SW_COLUMNS_MAX) {
        return sw_fail(err, SW_PARAMS, "`columns` must name 1 to %u columns", SW_COLUMNS_MAX);
    }
    window->columns = calloc(count, sizeof window->columns[0]);
    if (window->columns == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    window->column_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        struct sw_span name;
        if (!sw_json_get_text(&names->u.list.items[i], &name)) {
            return sw_fail(err, SW_PARAMS, "`columns` must be a list of column names");
        }
        SW_TRY(sw_schema_need(schema, name, &window->columns[i], err));
    }
    return SW_OK;
}

static sw_status resolve_sort(struct sw_window *window, const struct sw_json *keys,
                              const struct sw_schema *schema, struct sw_err *err)
{
    size_t count = keys == NULL ? 0 : keys->u.list.count;
    if (count > SW_SORT_KEYS_MAX) {
        return sw_fail_limit(err, "sort_keys", (int64_t)count, SW_SORT_KEYS_MAX,
                             "sort by fewer columns");
    }
    for (size_t i = 0; i < count; i++) {
        struct sw_span name = {0};
        const struct sw_param list[] = {
            {"column", SW_PARAM_TEXT, true, &name, 0, 0},
            {"desc", SW_PARAM_BOOL, false, &window->sort[i].is_descending, 0, 0},
        };
        SW_TRY(sw_params_read(&keys->u.list.items[i], "sort", list, 2, NULL, err));
        SW_TRY(sw_schema_need(schema, name, &window->sort[i].column, err));
    }
    window->sort_count = (uint32_t)count;
    return SW_OK;
}

sw_status sw_window_init(struct sw_window *window, const struct sw_json *columns,
                         const struct sw_json *sort, const struct sw_schema *schema,
                         struct sw_err *err)
{
    *window = (struct sw_window){0};
    sw_status status = resolve_columns(window, columns, schema, err);
    if (status == SW_OK) {
        status = resolve_sort(window, sort, schema, err);
    }
    if (status != SW_OK) {
        sw_window_fini(window);
    }
    return status;
}

void sw_window_fini(struct sw_window *window)
{
    free(window->columns);
    *window = (struct sw_window){0};
}
