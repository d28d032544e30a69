/* dispatch: a request to its handler, and answers that come later.
 *
 * A handler begins with its parameter list, writes its result as JSON into
 * call->result and returns SW_OK; or fails; or takes a struct sw_pending, starts
 * work and answers from the work's done half.  Loop thread.                     */
#ifndef SW_SESSION_DISPATCH_H
#define SW_SESSION_DISPATCH_H

#include "base/arena_bulk.h"
#include "session/socket_priv.h"
#include "wire/decode.h"

struct sw_deferred;

struct sw_call {
    struct sw_socket *socket;
    struct sw_session *session; /* NULL only in session.open */
    const struct sw_request *request;
    struct sw_arena_held *held; /* what it lies in, where that is much; NULL: copy it */
    struct sw_span message;     /* its text */
    bool is_change;             /* it goes into the session's log */
    struct sw_buf extra;        /* JSON members that its repetition needs besides; empty: none */
    struct sw_buf result;
    bool is_deferred;
    void (*replayed)(void *context, const struct sw_err *err); /* a change that is done again */
    void *replay_context;
    struct sw_deferred *prepared; /* what it waited for is ready; NULL: the first time */
};

/* A call that is answered later.  Freed by sw_pending_answer; a socket that goes cancels it and
 * nothing is sent.  A change goes into the session's log when it is answered without an error, or
 * before by sw_pending_log: at the moment at which it takes effect. */
struct sw_pending {
    struct sw_pending *next, **link; /* socket->pending */
    struct sw_socket *socket;        /* NULL: gone */
    struct sw_arena arena;           /* owns id */
    const struct sw_json *id;        /* NULL: a notification */
    void (*cancel)(void *work);
    void *work;
    struct sw_session *session; /* of a change; outlives the call */
    char *text;                 /* owned; a change's method and message, NULL: it is none */
    size_t method, message;     /* their bytes */
    struct sw_buf extra;        /* see sw_call */
    bool is_logged;
    void (*replayed)(void *context, const struct sw_err *err);
    void *replay_context;
};

SW_MUST_USE sw_status sw_pending_new(struct sw_call *call, struct sw_pending **pending,
                                     struct sw_err *err);
/* The change has taken effect, and its table (NULL: none) has got this version. (change.c) */
void sw_pending_log(struct sw_pending *pending, const struct sw_table *table);
/* It changed nothing. */
void sw_pending_log_nothing(struct sw_pending *pending);
/* Result (taken) or error (err != NULL). */
void sw_pending_answer(struct sw_pending *pending, struct sw_buf *result, const struct sw_err *err);
/* The socket goes: cancel its calls. */
void sw_pending_abandon(struct sw_socket *socket);

/* For a handler that reads a table: SW_OK and the version (a reference is the caller's; NULL: there
 * is none yet) when what `need` asks for is ready.  SW_AGAIN, to be returned at once: the handler
 * will be called anew with the same request when it is. */
SW_MUST_USE sw_status sw_call_prepare(struct sw_call *call, const struct sw_need *need,
                                      struct sw_version **version, struct sw_err *err);

/* A change once more, as its record has it: its message. SW_AGAIN: replayed(context, error or NULL)
 * is called when it is done, or has been. */
SW_MUST_USE sw_status sw_dispatch_replay(struct sw_session *session, struct sw_span message,
                                         void (*replayed)(void *context, const struct sw_err *err),
                                         void *context, struct sw_err *err);

/* One text message of a client. */
void sw_dispatch(struct sw_socket *socket, struct sw_span message);

typedef sw_status (*sw_handler_fn)(struct sw_call *call, struct sw_err *err);

/* method_session.c */
sw_status sw_method_session_open(struct sw_call *call, struct sw_err *err);
sw_status sw_method_session_info(struct sw_call *call, struct sw_err *err);
sw_status sw_method_session_close(struct sw_call *call, struct sw_err *err);
sw_status sw_method_cancel(struct sw_call *call, struct sw_err *err);
sw_status sw_method_flush_ack(struct sw_call *call, struct sw_err *err);
/* method_table.c */
sw_status sw_method_table_list(struct sw_call *call, struct sw_err *err);
sw_status sw_method_table_describe(struct sw_call *call, struct sw_err *err);
sw_status sw_method_table_page(struct sw_call *call, struct sw_err *err);
sw_status sw_method_table_drop(struct sw_call *call, struct sw_err *err);
void sw_put_tables(struct sw_buf *out, const struct sw_tables *tables);
/* method_create.c */
sw_status sw_method_table_create(struct sw_call *call, struct sw_err *err);
/* method_edit.c */
sw_status sw_method_table_edit(struct sw_call *call,
                               struct sw_err *err); /* whatever changes rows */
sw_status sw_method_table_undo(struct sw_call *call, struct sw_err *err);
sw_status sw_method_table_redo(struct sw_call *call, struct sw_err *err);
sw_status sw_method_table_history(struct sw_call *call, struct sw_err *err);
/* method_output.c */
sw_status sw_method_input_set(struct sw_call *call, struct sw_err *err);
sw_status sw_method_input_list(struct sw_call *call, struct sw_err *err);
sw_status sw_method_select_define(struct sw_call *call, struct sw_err *err);
sw_status sw_method_select_hint(struct sw_call *call, struct sw_err *err);
sw_status sw_method_output_define(struct sw_call *call, struct sw_err *err);
sw_status sw_method_output_drop(struct sw_call *call, struct sw_err *err);
sw_status sw_method_output_pause(struct sw_call *call, struct sw_err *err);
sw_status sw_method_output_resume(struct sw_call *call, struct sw_err *err);
sw_status sw_method_output_list(struct sw_call *call, struct sw_err *err);
/* method_download.c */
sw_status sw_method_download_create(struct sw_call *call, struct sw_err *err);

#endif
