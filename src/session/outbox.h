/* outbox: what a socket has yet to send.  Replies and events keep their order; of
 * each output only the newest value and state are kept, so a slow reader costs
 * memory by the number of outputs, not of updates.  The values of a flush go out
 * before its `flush`; while a client has `window` flushes unacknowledged the next
 * one waits, and newer values replace what waits with it.
 *
 * Order: replies and events first, then (window permitting) states, values, flush.
 * Loop thread; owned by its socket.                                              */
#ifndef SW_SESSION_OUTBOX_H
#define SW_SESSION_OUTBOX_H

#include "reactive/graph.h"
#include "session/socket.h"

struct sw_outbox;

SW_MUST_USE sw_status sw_outbox_new(enum sw_format format, struct sw_outbox **outbox);
void sw_outbox_free(struct sw_outbox *outbox);
void sw_outbox_set_window(struct sw_outbox *outbox, int64_t window); /* 0: no flow control */

/* A whole text message, taken over (its buf is emptied). SW_LIMIT: the reader is too slow. */
SW_MUST_USE sw_status sw_outbox_put(struct sw_outbox *outbox, struct sw_buf *message);
void sw_outbox_put_value(struct sw_outbox *outbox, struct sw_output_value *value);
void sw_outbox_put_state(struct sw_outbox *outbox, const char *output, enum sw_output_state state,
                         double progress, const struct sw_err *err);
/* Closes the values put since the flush before; epoch is this socket's own. */
void sw_outbox_put_flush(struct sw_outbox *outbox, const struct sw_flush *flush, int64_t epoch);
/* Nothing of a dropped output is sent any more. */
void sw_outbox_forget(struct sw_outbox *outbox, struct sw_span output);
void sw_outbox_acknowledge(struct sw_outbox *outbox, int64_t epoch);

/* See sw_socket_next. */
bool sw_outbox_next(struct sw_outbox *outbox, struct sw_outgoing *message);
void sw_outbox_sent(struct sw_outbox *outbox);
bool sw_outbox_is_empty(const struct sw_outbox *outbox); /* nothing to send now */
size_t sw_outbox_bytes(const struct sw_outbox *outbox);

#endif
