/* pageparams: columns, sort, where and select of table.page and download.create,
 * resolved against a version.  Loop thread.                                     */
#ifndef SW_SESSION_PAGEPARAMS_H
#define SW_SESSION_PAGEPARAMS_H

#include "exec/page.h"
#include "session/dispatch.h"
#include "session/session.h"
#include "session/window.h"

struct sw_page_params {
    struct sw_span table, where, select; /* empty: none */
    int64_t offset, limit;
    const struct sw_json *columns; /* list of names; NULL: all */
    const struct sw_json *sort;    /* list of {column, desc?}; NULL: as the rows lie */
    bool is_shown;                 /* columns that are broken formulas are nulls, and no error */
};

/* Storage that a spec points into. */
struct sw_page_resolved {
    struct sw_window window;
    struct sw_filter *filters[SW_CLAUSES_MAX + 1];
    struct sw_buf key; /* owned */
};

/* sw_call_prepare for what the page reads of its table. */
SW_MUST_USE sw_status sw_page_params_prepare(struct sw_call *call,
                                             const struct sw_page_params *params,
                                             struct sw_version **version, struct sw_err *err);
/* Fills spec, whose pointers lead into `resolved`; its filters are the caller's to hand on. */
SW_MUST_USE sw_status sw_page_params_resolve(struct sw_session *session,
                                             const struct sw_page_params *params,
                                             struct sw_version *version,
                                             struct sw_page_resolved *resolved,
                                             struct sw_page_spec *spec, struct sw_err *err);
void sw_page_params_drop_filters(const struct sw_page_spec *spec);
void sw_page_params_fini(struct sw_page_resolved *resolved); /* not the filters */

#endif
