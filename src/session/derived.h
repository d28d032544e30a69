/* derived: tables that are made from others (derive/derive.h) and follow them.  A derived
 * table is a struct sw_table with a definition; it is brought up to date by the preparation
 * (session/prepare.h) that precedes every reading: once, for all who ask.
 *
 *   marked   something that it follows has changed at that moment: a table, an input, its
 *            selection; outputs over it and tables over it are marked with it
 *   moment   its version (or its error) is that of then: stale while marked > moment
 *   key      what its version was made of, in text: versions of the sources, values of the
 *            inputs, filters.  An equal key needs no run, so marking may be generous.
 *
 * Loop thread.  deriving.c has the jobs, this the definitions.                        */
#ifndef SW_SESSION_DERIVED_H
#define SW_SESSION_DERIVED_H

#include "derive/derive.h"
#include "session/dispatch.h"
#include "session/prepare.h"

struct sw_derived {
    struct sw_derive_plan *plan; /* counted */
    struct sw_buf definition;    /* parameters of table.create, JSON */
    struct sw_buf key;           /* of the version; empty: none yet */
    uint64_t moment, marked;
    bool has_err;
    struct sw_err err; /* why it could not be made at `moment` */
};

/* `params` are those of table.create. */
SW_MUST_USE sw_status sw_derived_new(const struct sw_json *params, struct sw_derived **derived,
                                     struct sw_err *err);
void sw_derived_free(struct sw_derived *derived); /* NULL accepted */
bool sw_derived_is_stale(const struct sw_derived *derived);

/* Something that derived tables may follow has changed; the moment has been counted before. */
void sw_derived_table_changed(struct sw_session *session, struct sw_span table);
void sw_derived_inputs_changed(struct sw_session *session, const struct sw_json *values);
void sw_derived_select_changed(struct sw_session *session, struct sw_span select);
/* SW_NOT_ALLOWED where it is derived. */
SW_MUST_USE sw_status sw_derived_check_edit(const struct sw_table *table, struct sw_err *err);
/* SW_NOT_ALLOWED, with their names, where other tables are derived from it. */
SW_MUST_USE sw_status sw_derived_check_drop(const struct sw_session *session,
                                            const struct sw_table *table, struct sw_err *err);
/* SW_PARAMS where the plan's sources lead back to `name`, with the path; SW_LIMIT where they are
 * too many; SW_NO_TABLE. */
SW_MUST_USE sw_status sw_derived_check_sources(const struct sw_session *session,
                                               const struct sw_derive_plan *plan,
                                               struct sw_span name, bool is_snapshot,
                                               struct sw_err *err);

/* -- deriving.c ----------------------------------------------------------------------------- */

extern const struct sw_preparer sw_derived_preparer;
/* Makes the table for the first time, then puts it into the session and answers the call. Takes
 * over the table, which is not in the session yet, also on failure. */
SW_MUST_USE sw_status sw_deriving_create(struct sw_call *call, struct sw_table *table,
                                         bool is_snapshot, bool is_replace, struct sw_err *err);
/* Tables that take long to be made for the first time: how far they are, from time to time. */
void sw_deriving_tick(struct sw_session *session, int64_t now_ms);

#endif
