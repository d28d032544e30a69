/* window: the columns and the sort of a page, from JSON to indices of a schema.
 * Used by table.page and download.create.  Loop thread.                         */
#ifndef SW_SESSION_WINDOW_H
#define SW_SESSION_WINDOW_H

#include "exec/page.h"

struct sw_window {
    uint32_t *columns; /* owned; NULL: all */
    uint32_t column_count;
    struct sw_sort_key sort[SW_SORT_KEYS_MAX];
    uint32_t sort_count;
};

/* columns: a list of names, or NULL; sort: a list of {column, desc?}, or NULL. */
SW_MUST_USE sw_status sw_window_init(struct sw_window *window, const struct sw_json *columns,
                                     const struct sw_json *sort, const struct sw_schema *schema,
                                     struct sw_err *err);
void sw_window_fini(struct sw_window *window);

#endif
