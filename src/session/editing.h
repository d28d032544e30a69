/* editing: a session's edits, one after another for each table in the order in which
 * they came; the work runs on the session's lane.  Loop thread.                   */
#ifndef SW_SESSION_EDITING_H
#define SW_SESSION_EDITING_H

#include "edit/edit.h"
#include "session/dispatch.h"

enum sw_edit_task { SW_TASK_PLAN, SW_TASK_UNDO, SW_TASK_REDO };

/* Queues it; answered later. Takes over the plan (NULL for undo and redo), also on failure.
 * if_version < 0: none. */
SW_MUST_USE sw_status sw_editing_add(struct sw_call *call, enum sw_edit_task task,
                                     struct sw_span table, struct sw_edit_plan *plan,
                                     int64_t if_version, struct sw_err *err);
/* Is the session's or the server's memory what was short? */
bool sw_editing_is_short(const struct sw_session *session, const struct sw_err *err);
/* Old steps of the history make room where the error says that memory was short: worth another
 * try. */
bool sw_editing_make_room(struct sw_session *session, const struct sw_err *err);
/* The same before it is short: a part of the session's memory (SW_HISTORY_SHARE) stays free. */
void sw_editing_keep_headroom(struct sw_session *session);
/* The session ends: nothing more is done to its tables. */
void sw_editing_end(struct sw_session *session);

#endif
