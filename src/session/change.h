/* change: requests that change what outlives the process, on their way into the
 * session's log (keeping.h).  For dispatch.c.  Loop thread.                        */
#ifndef SW_SESSION_CHANGE_H
#define SW_SESSION_CHANGE_H

#include "session/dispatch.h"

/* It has taken effect, within its handler. */
void sw_change_log(const struct sw_call *call);
/* It is answered later: what the log needs of it is kept until then. False: no memory. */
bool sw_change_note(struct sw_call *call, struct sw_pending *pending);

/* The inputs that a change looks up while it is read: those of now, or of then where it is done
 * again. With sw_seen_inputs_end they go into call->extra. */
struct sw_seen_inputs {
    struct sw_call *call;
    struct sw_span *name; /* [count]; owned; the names are the asker's */
    size_t count, room;
    bool failed;
};

const struct sw_json *sw_seen_input(void *seen, struct sw_span name);
void sw_seen_inputs_end(struct sw_seen_inputs *seen);

/* The same for a change that looks its inputs up when it begins, later than it was asked for: the
 * context is the session; with sw_pending_note_inputs they go where pending->extra had others. */
const struct sw_json *sw_change_input(void *session, struct sw_span name);
void sw_pending_note_inputs(struct sw_pending *pending, const struct sw_span *name, size_t count);

#endif
