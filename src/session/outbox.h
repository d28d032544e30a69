/* outbox: what a socket has yet to send.  Replies and events keep their order; of
 * each output only the newest value and state are kept, so a slow reader costs
 * memory by the number of outputs, not of updates.  The values of a flush go out
 * before its `flush`; while a client has `window` flushes unacknowledged the next
 * one waits, and newer values replace what waits with it.
 *
 * Order: replies and events first, then (window permitting) states, values, flush.
 *
 * Replies and events that were put after a change wait until its log record is committed
 * (sw_outbox_hold, _release), so that nobody is told what a crash could take back.  What
 * outputs show waits for the replies that were put before it, not for later ones.
 * Loop thread; owned by its socket.                                              */
#ifndef SW_SESSION_OUTBOX_H
#define SW_SESSION_OUTBOX_H

#include "reactive/graph.h"
#include "session/socket.h"

struct sw_outbox;

SW_MUST_USE sw_status sw_outbox_new(enum sw_format format, struct sw_outbox **outbox);
void sw_outbox_free(struct sw_outbox *outbox);
/* 0: no flow control.  Before the first flush is sent. */
SW_MUST_USE sw_status sw_outbox_set_window(struct sw_outbox *outbox, int64_t window);

/* A whole text message, taken over (its buf is emptied). SW_LIMIT: the reader is too slow. */
SW_MUST_USE sw_status sw_outbox_put(struct sw_outbox *outbox, struct sw_buf *message);
/* What is put from now on waits for a release of `seq` (of the session's log) or later. */
void sw_outbox_hold(struct sw_outbox *outbox, uint64_t seq);
void sw_outbox_release(struct sw_outbox *outbox, uint64_t seq);
/* The session is gone with its log: nothing waits for it any more, and what comes next is another
 * session's. */
void sw_outbox_let_go(struct sw_outbox *outbox);
/* The message that was just put answers a change: with sw_outbox_refuse it becomes an error. */
void sw_outbox_promise(struct sw_outbox *outbox, const struct sw_json *id);
/* The log cannot be written: answers to changes that wait become this error, all is released. */
void sw_outbox_refuse(struct sw_outbox *outbox, const struct sw_err *err);
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
bool sw_outbox_is_held(const struct sw_outbox *outbox);  /* some message waits for a release */
size_t sw_outbox_bytes(const struct sw_outbox *outbox);

#endif
