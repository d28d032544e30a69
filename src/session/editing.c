/* See editing.h. */
#include "session/editing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "session/derived.h"
#include "session/formulas.h"
#include "session/history.h"
#include "session/server_priv.h"
#include "wire/encode.h"

#define WORTH_BYTES (16 << 10) /* what giving up a step should bring */
#define STEP_US     500        /* a worker's turn: then other lanes may have it */

/* QUEUED -> RUNNING when no earlier one of the same table is left -> answered and freed.
 * A socket that goes takes nothing back; $/cancel and the session's end do. */
struct sw_edit_task_call {
    struct sw_job job;              /* first: a step finds the rest by it */
    struct sw_edit_task_call *next; /* session->edits, oldest first */
    struct sw_session *session;
    struct sw_pending *pending;
    enum sw_edit_task task;
    char *name;                /* of the table; owned */
    struct sw_edit_plan *plan; /* owned */
    size_t charged;            /* for the plan */
    int64_t if_version;
    bool is_batch, is_running, is_cancelled, has_given_up;
    /* while it runs */
    struct sw_table *table; /* counted */
    struct sw_edit *edit;   /* owned */
};

static void start_due(struct sw_session *session);

/* -- leaving -------------------------------------------------------------------------- */

static void unlink_call(struct sw_edit_task_call *call)
{
    struct sw_edit_task_call **link = &call->session->edits;
    while (*link != call) {
        link = &(*link)->next;
    }
    *link = call->next;
    call->session->edits_waiting--;
}

/* Result (taken) or error; the next one of the table may start. */
static void answer(struct sw_edit_task_call *call, struct sw_buf *result, const struct sw_err *err)
{
    unlink_call(call);
    sw_pending_answer(call->pending, result, err);
    sw_edit_free(call->edit);
    sw_edit_plan_free(call->plan);
    sw_budget_release(&call->session->budget, call->charged);
    sw_table_unref(call->table);
    free(call->name);
    free(call);
}

static void answer_error(struct sw_edit_task_call *call, const struct sw_err *err)
{
    struct sw_buf unused = {0};
    answer(call, &unused, err);
}

static sw_status say_cancelled(struct sw_err *err)
{
    return sw_fail(err, SW_CANCELLED, "the edit was cancelled; nothing was changed");
}

/* -- the table gets its new version --------------------------------------------------- */

/* A data set of the server becomes this session's own before it is changed: a struct of its own
 * that shares all chunks. */
static sw_status own_table(struct sw_edit_task_call *call, struct sw_err *err)
{
    struct sw_table *table = call->table;
    if (!table->is_shared) {
        return SW_OK;
    }
    struct sw_table *own = NULL;
    if (sw_table_copy(table, &own) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_tables_replace(&call->session->tables, table, own);
    sw_table_unref(call->table);
    call->table = own;
    return SW_OK;
}

/* Above so many bytes even without cold chunks? While some are unwritten, that is not known: they
 * can leave soon. */
static bool is_over(struct sw_session *session, int64_t most)
{
    return sw_budget_used(&session->budget) > most &&
           (session->cache == NULL || sw_cache_make_room(session->cache)) &&
           sw_budget_used(&session->budget) > most;
}

/* Some memory stays free for what the session does next: what is kept for speed alone goes first,
 * then old steps.  A step whose chunks somebody else still holds (a save, a scan) gives nothing
 * back now: to give up more would be in vain, and the next edit comes by here again. */
void sw_editing_keep_headroom(struct sw_session *session)
{
    int64_t most = session->budget.limit - session->budget.limit / SW_HISTORY_SHARE;
    int64_t over = sw_budget_used(&session->budget) - most;
    if (over > 0) {
        sw_graph_give_up(session->graph);
        (void)sw_partials_give_up(session->partials, (size_t)over);
    }
    int64_t given;
    do {
        if (!is_over(session, most)) {
            return;
        }
        given = sw_budget_used(&session->budget);
        if (!sw_history_give_up(&session->tables)) {
            return;
        }
        given -= sw_budget_used(&session->budget);
    } while (given >= WORTH_BYTES);
}

static sw_status change(struct sw_edit_task_call *call, const struct sw_edit_result *result,
                        struct sw_err *err)
{
    struct sw_session *session = call->session;
    SW_TRY(own_table(call, err));
    struct sw_version *before = sw_version_ref(call->table->version);
    sw_status status = sw_formulas_install(session, call->table, result->version, err);
    status = status == SW_OK ? sw_session_renumber(session, call->table) : status;
    if (status != SW_OK) {
        sw_version_unref(before);
        return status;
    }
    sw_history_push(call->table, &session->budget, before, result->what, result->rows,
                    sw_session_wall_ms(session), sw_clock_us(session->server->clock));
    sw_pending_log(call->pending, call->table);
    sw_version_unref(before);
    sw_editing_keep_headroom(session);
    sw_session_tell_changed(session, call->table, result->what);
    return SW_OK;
}

/* -- replies -------------------------------------------------------------------------- */

static void put_examples(struct sw_buf *out, const struct sw_edit_outcome *outcome)
{
    sw_buf_printf(out, ",\"misfits\":%" PRIu64 ",\"examples\":[", outcome->misfits);
    for (uint32_t i = 0; i < outcome->examples; i++) {
        const struct sw_edit_example *example = &outcome->example[i];
        sw_buf_printf(out, "%s{\"row_id\":%" PRIu64 ",\"value\":", i == 0 ? "" : ",",
                      example->row_id);
        sw_json_put_text(out, sw_span_text(example->text));
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_byte(out, ']');
}

static void put_cast_sample(struct sw_buf *out, const struct sw_edit_outcome *outcome)
{
    sw_buf_printf(out, ",\"rows\":%" PRIu64 ",\"nulls\":%" PRIu64 ",\"sample\":[", outcome->rows,
                  outcome->nulls);
    for (uint32_t i = 0; i < outcome->samples; i++) {
        sw_buf_put_text(out, i == 0 ? "[" : ",[");
        sw_encode_value(out, &outcome->sample[i].before);
        sw_buf_put_byte(out, ',');
        sw_encode_value(out, &outcome->sample[i].after);
        sw_buf_put_byte(out, ']');
    }
    sw_buf_put_byte(out, ']');
}

static void put_preview(struct sw_buf *out, const struct sw_edit_outcome *outcome,
                        uint64_t table_rows)
{
    sw_buf_printf(out, ",\"rows\":%" PRIu64 ",\"table_rows\":%" PRIu64 ",\"row_ids\":[",
                  outcome->rows, table_rows);
    for (uint32_t i = 0; i < outcome->samples; i++) {
        sw_buf_printf(out, "%s%" PRIu64, i == 0 ? "" : ",", outcome->sample[i].row_id);
    }
    sw_buf_put_byte(out, ']');
    if (!outcome->has_type) {
        return;
    }
    sw_buf_printf(out, ",\"type\":\"%s\",\"values\":[", sw_type_name(outcome->type));
    for (uint32_t i = 0; i < outcome->samples; i++) {
        sw_buf_put_text(out, i == 0 ? "" : ",");
        sw_encode_value(out, &outcome->sample[i].after);
    }
    sw_buf_put_byte(out, ']');
    put_examples(out, outcome);
}

/* ,"member": value, ... */
static void put_outcome(struct sw_buf *out, const struct sw_edit_outcome *outcome,
                        uint64_t table_rows)
{
    switch (outcome->kind) {
    case SW_EDIT_UPDATE:
        sw_buf_printf(out, ",\"changed\":%" PRIu64, outcome->rows);
        break;
    case SW_EDIT_APPEND:
        sw_buf_printf(out, ",\"rows\":%" PRIu64 ",\"appended\":%" PRIu64, table_rows,
                      outcome->rows);
        break;
    case SW_EDIT_DELETE_ROWS:
        sw_buf_printf(out, ",\"deleted\":%" PRIu64, outcome->rows);
        break;
    case SW_EDIT_CAST_COLUMN:
        put_examples(out, outcome);
        if (outcome->is_preview) {
            put_cast_sample(out, outcome);
        }
        break;
    case SW_EDIT_PREVIEW:
        put_preview(out, outcome, table_rows);
        break;
    case SW_EDIT_ADD_COLUMN:
    case SW_EDIT_DROP_COLUMN:
    case SW_EDIT_RENAME_COLUMN:
    case SW_EDIT_SET_FORMULA:
    case SW_EDIT_FREEZE_COLUMN:
    case SW_EDIT_KINDS:
        break;
    }
}

static void put_result(struct sw_buf *out, const struct sw_edit_task_call *call,
                       const struct sw_edit_result *result)
{
    sw_buf_printf(out, "{\"version\":%" PRIu64, result->version->number);
    if (!call->is_batch) {
        put_outcome(out, &result->outcome[0], result->version->rows);
        sw_buf_put_byte(out, '}');
        return;
    }
    sw_buf_put_text(out, ",\"results\":[");
    for (uint32_t i = 0; i < result->outcomes; i++) {
        struct sw_buf one;
        sw_buf_init(&one);
        put_outcome(&one, &result->outcome[i], result->outcome[i].table_rows);
        sw_buf_put_text(out, i == 0 ? "{" : ",{");
        if (one.length > 0) {
            sw_buf_put(out, one.data + 1, one.length - 1);
        }
        sw_buf_put_byte(out, '}');
        out->failed = out->failed || one.failed;
        sw_buf_fini(&one);
    }
    sw_buf_put_text(out, "]}");
}

/* -- a plan on the worker ------------------------------------------------------------- */

static bool step_work(struct sw_job *job, unsigned worker)
{
    struct sw_edit_task_call *call = (struct sw_edit_task_call *)job;
    int64_t until = sw_clock_us(&sw_clock_system) + STEP_US;
    bool is_any = false;
    while (sw_edit_step_work(call->edit, worker)) {
        is_any = true;
        if (sw_clock_us(&sw_clock_system) >= until || sw_job_is_cancelled(job)) {
            break;
        }
    }
    return is_any;
}

static void plan_done(struct sw_job *job);
static const struct sw_job_ops plan_ops = {step_work, plan_done};

bool sw_editing_is_short(const struct sw_session *session, const struct sw_err *err)
{
    return err->status == SW_LIMIT && (strcmp(err->limit, session->budget.name) == 0 ||
                                       strcmp(err->limit, session->budget.parent->name) == 0);
}

/* Old steps make room, down to three quarters of the limit at first, then all of them. */
bool sw_editing_make_room(struct sw_session *session, const struct sw_err *err)
{
    if (!sw_editing_is_short(session, err)) {
        return false;
    }
    int64_t most = session->budget.limit / 4 * 3;
    most = sw_budget_used(&session->budget) > most ? most : 0;
    bool is_any = false;
    while (sw_budget_used(&session->budget) > most && sw_history_give_up(&session->tables)) {
        is_any = true;
    }
    return is_any;
}

static sw_status submit(struct sw_edit_task_call *call, struct sw_err *err)
{
    struct sw_session *session = call->session;
    SW_TRY(sw_formulas_refresh(session, call->table, err));
    SW_TRY(sw_edit_new(call->plan, call->table->version, &session->budget, &call->edit, err));
    sw_job_init(&call->job, &plan_ops, session->lane, SW_CLASS_INTERACTIVE, 0);
    sw_pool_submit(session->server->pool, &call->job);
    return SW_OK;
}

/* What is kept for speed alone goes before old steps do: once for an edit. */
static bool give_up_indexes(struct sw_edit_task_call *call, const struct sw_err *err)
{
    if (call->has_given_up || !sw_editing_is_short(call->session, err)) {
        return false;
    }
    call->has_given_up = true;
    sw_graph_give_up(call->session->graph);
    (void)sw_partials_give_up(call->session->partials, SIZE_MAX / 2);
    return true;
}

static sw_status finish_plan(struct sw_edit_task_call *call, struct sw_buf *reply, bool *is_again,
                             bool *is_changed, struct sw_err *err)
{
    struct sw_session *session = call->session;
    struct sw_edit_result result;
    if (call->is_cancelled || session->graph == NULL) {
        return say_cancelled(err);
    }
    if (sw_tables_find(&session->tables, sw_span_text(call->name)) != call->table) {
        return sw_fail(err, SW_NO_TABLE, "`%s` was dropped before the edit was done", call->name);
    }
    sw_status status = sw_edit_result(call->edit, &result, err);
    if (status != SW_OK) {
        *is_again = give_up_indexes(call, err) || sw_editing_make_room(session, err);
        return status;
    }
    if (result.is_changed) {
        SW_TRY(change(call, &result, err));
        *is_changed = true;
    }
    sw_pending_log_nothing(call->pending);
    put_result(reply, call, &result);
    return SW_OK;
}

static void plan_done(struct sw_job *job)
{
    struct sw_edit_task_call *call = (struct sw_edit_task_call *)job;
    struct sw_session *session = call->session;
    struct sw_buf reply;
    struct sw_err err = {0};
    bool is_again = false;
    bool is_changed = false;
    sw_buf_init(&reply);
    sw_status status = finish_plan(call, &reply, &is_again, &is_changed, &err);
    if (is_again) {
        sw_edit_free(call->edit);
        call->edit = NULL;
        status = submit(call, &err);
        if (status == SW_OK) {
            return;
        }
    }
    struct sw_table *table = sw_table_ref(call->table);
    answer(call, &reply, status == SW_OK ? NULL : &err);
    sw_buf_fini(&reply);
    if (is_changed) {
        sw_session_table_changed(session, table);
    }
    sw_table_unref(table);
    start_due(session);
}

/* -- undo and redo: a switch ---------------------------------------------------------- */

static sw_status move(struct sw_edit_task_call *call, struct sw_buf *reply, struct sw_err *err)
{
    bool is_undo = call->task == SW_TASK_UNDO;
    struct sw_table *table = call->table;
    const struct sw_step *step = NULL;
    SW_TRY(is_undo ? sw_history_undo(table, &step, err) : sw_history_redo(table, &step, err));
    SW_TRY(sw_formulas_install(call->session, table, is_undo ? step->before : step->after, err));
    SW_TRY(sw_session_renumber(call->session, table));
    sw_pending_log(call->pending, table);
    struct sw_buf what;
    sw_buf_init(&what);
    sw_buf_printf(&what, "%s: %s", is_undo ? "undone" : "redone", step->what);
    sw_buf_put_byte(&what, '\0');
    sw_buf_printf(reply, "{\"version\":%" PRIu64 ",\"%s\":", table->version->number,
                  is_undo ? "undone" : "redone");
    sw_json_put_text(reply, sw_span_text(step->what));
    sw_buf_put_byte(reply, '}');
    sw_history_moved(table, is_undo);
    sw_session_tell_changed(call->session, table, what.failed ? "undone" : what.data);
    sw_buf_fini(&what);
    return SW_OK;
}

/* -- the queue ------------------------------------------------------------------------ */

static sw_status check(struct sw_edit_task_call *call, struct sw_err *err)
{
    struct sw_session *session = call->session;
    struct sw_table *table = NULL;
    if (call->is_cancelled) {
        return say_cancelled(err);
    }
    SW_TRY(sw_tables_need(&session->tables, sw_span_text(call->name), &table, err));
    SW_TRY(sw_derived_check_edit(table, err));
    if (table->version == NULL || table->is_loading) {
        return sw_fail(err, SW_NOT_ALLOWED, "`%s` is still loading: edit it when it is complete",
                       table->name);
    }
    uint64_t number = table->version->number;
    uint64_t edited = number - table->followed; /* what inputs have changed since is no conflict */
    bool is_known = (uint64_t)call->if_version >= edited && (uint64_t)call->if_version <= number;
    if (session->replay == NULL && call->if_version >= 0 && !is_known) {
        (void)sw_fail(err, SW_CONFLICT,
                      "`%s` is at version %" PRIu64 ", no longer at %" PRId64
                      ": look at it again, then repeat the edit",
                      table->name, number, call->if_version);
        if (err != NULL) {
            err->version = (int64_t)number;
        }
        return SW_CONFLICT;
    }
    call->table = sw_table_ref(table);
    return SW_OK;
}

/* It is its turn: undo and redo are done at once, as is what is refused. */
static void start(struct sw_edit_task_call *call)
{
    struct sw_session *session = call->session;
    struct sw_err err = {0};
    struct sw_buf reply;
    sw_buf_init(&reply);
    call->is_running = true;
    sw_status status = check(call, &err);
    if (status == SW_OK && call->task == SW_TASK_PLAN) {
        status = submit(call, &err);
        if (status == SW_OK) {
            return;
        }
    } else if (status == SW_OK) {
        status = move(call, &reply, &err);
    }
    struct sw_table *table = call->table == NULL ? NULL : sw_table_ref(call->table);
    answer(call, &reply, status == SW_OK ? NULL : &err);
    sw_buf_fini(&reply);
    if (status == SW_OK) {
        sw_session_table_changed(session, table);
    }
    sw_table_unref(table);
}

/* The oldest one that no earlier one of its table holds up, or NULL. */
static struct sw_edit_task_call *next_due(const struct sw_session *session)
{
    for (struct sw_edit_task_call *call = session->edits; call != NULL; call = call->next) {
        struct sw_edit_task_call *earlier = session->edits;
        while (earlier != call && strcmp(earlier->name, call->name) != 0) {
            earlier = earlier->next;
        }
        if (earlier == call && !call->is_running) {
            return call;
        }
    }
    return NULL;
}

static void start_due(struct sw_session *session)
{
    for (struct sw_edit_task_call *call = next_due(session); call != NULL && session->graph != NULL;
         call = next_due(session)) {
        start(call);
    }
}

static void cancel(void *work)
{
    struct sw_edit_task_call *call = work;
    if (call->pending->socket == NULL) {
        return; /* the socket has gone: what it asked for is done all the same */
    }
    call->is_cancelled = true;
    if (call->is_running) {
        sw_job_cancel(call->session->server->pool, &call->job);
    }
}

static sw_status new_call(struct sw_call *call, struct sw_span table, struct sw_edit_plan *plan,
                          struct sw_edit_task_call **made, struct sw_err *err)
{
    struct sw_session *session = call->session;
    if (session->edits_waiting >= SW_EDITS_WAITING_MAX) {
        return sw_fail_limit(err, "edits_waiting", (int64_t)session->edits_waiting + 1,
                             SW_EDITS_WAITING_MAX, "wait for replies, or use table.batch");
    }
    size_t bytes = plan == NULL ? 0 : sw_edit_plan_bytes(plan);
    SW_TRY(sw_budget_charge(&session->budget, bytes, err));
    struct sw_edit_task_call *fresh = calloc(1, sizeof *fresh);
    char *name = strndup(table.data, table.length);
    sw_status status = fresh == NULL || name == NULL ? sw_fail(err, SW_NO_MEMORY, "out of memory")
                                                     : sw_pending_new(call, &fresh->pending, err);
    if (status != SW_OK) {
        sw_budget_release(&session->budget, bytes);
        free(fresh);
        free(name);
        return status;
    }
    fresh->session = session;
    fresh->name = name;
    fresh->plan = plan;
    fresh->charged = bytes;
    fresh->pending->cancel = cancel;
    fresh->pending->work = fresh;
    *made = fresh;
    return SW_OK;
}

/* A socket that asks for another preview has no more use for the one before. */
static void cancel_previews(struct sw_session *session, const struct sw_socket *socket)
{
    for (struct sw_edit_task_call *call = session->edits; call != NULL; call = call->next) {
        if (sw_edit_plan_is_preview(call->plan) && call->pending->socket == socket) {
            cancel(call);
        }
    }
}

sw_status sw_editing_add(struct sw_call *call, enum sw_edit_task task, struct sw_span table,
                         struct sw_edit_plan *plan, int64_t if_version, struct sw_err *err)
{
    struct sw_edit_task_call *made = NULL;
    if (sw_edit_plan_is_preview(plan)) {
        cancel_previews(call->session, call->socket);
    }
    sw_status status = new_call(call, table, plan, &made, err);
    if (status != SW_OK) {
        sw_edit_plan_free(plan);
        return status;
    }
    made->task = task;
    made->is_batch = sw_span_equal(call->request->method, sw_span_text("table.batch"));
    made->if_version = if_version;
    struct sw_edit_task_call **link = &call->session->edits;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = made;
    call->session->edits_waiting++;
    start_due(call->session);
    return SW_OK;
}

void sw_editing_end(struct sw_session *session)
{
    struct sw_err err;
    (void)say_cancelled(&err);
    struct sw_edit_task_call *next;
    for (struct sw_edit_task_call *call = session->edits; call != NULL; call = next) {
        next = call->next;
        call->is_cancelled = true;
        if (call->is_running) {
            sw_job_cancel(session->server->pool, &call->job);
        } else {
            answer_error(call, &err);
        }
    }
}
