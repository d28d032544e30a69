/* Making derived tables: one job for a table at a time.
 *
 *   wanted -> sources are prepared -> the key is compared -> the run -> a new version
 *
 * A job ends in a version or an error, which is remembered with the moment at which its sources and
 * inputs were taken; or it is cancelled, when nobody waits for it, and then nothing is.          */
#include <stdio.h>
#include <stdlib.h>

#include "session/change.h"
#include "session/derived.h"
#include "session/editing.h"
#include "session/server_priv.h"

#define PROGRESS_MS 100 /* between two words about a table that is made for the first time */

struct sw_deriving {
    struct sw_deriving *next; /* session->derivings */
    struct sw_session *session;
    struct sw_table *table; /* counted */
    uint64_t moment;        /* of the sources and inputs */
    struct sw_need need[2];
    size_t needs;
    struct sw_prepare *prepare; /* of the sources, while it goes on */
    struct sw_derive *run;      /* while it goes on */
    struct sw_buf key;
    bool is_wanted, is_cancelled, is_again;
    /* the first time: the table is not in the session yet */
    struct sw_pending *pending;
    int64_t told_ms; /* clock: when its progress was told, or it was asked for */
    double told;     /* it never goes back */
    bool is_snapshot, is_replace;
};

static sw_status submit(struct sw_deriving *job, struct sw_err *err);

/* -- leaving -------------------------------------------------------------------------------- */

static void give_up_versions(struct sw_deriving *job)
{
    for (size_t i = 0; i < job->needs; i++) {
        if (job->need[i].version != NULL) {
            sw_version_unref(job->need[i].version);
            job->need[i].version = NULL;
        }
    }
}

static void free_job(struct sw_deriving *job)
{
    struct sw_deriving **link = &job->session->derivings;
    while (*link != job) {
        link = &(*link)->next;
    }
    *link = job->next;
    give_up_versions(job);
    sw_table_unref(job->table);
    sw_buf_fini(&job->key);
    free(job);
}

/* What became of the table at the job's moment. */
static void remember(struct sw_deriving *job, const struct sw_err *err)
{
    struct sw_derived *derived = job->table->derived;
    derived->moment = job->moment;
    derived->has_err = err != NULL;
    if (err != NULL) {
        derived->err = *err;
        (void)snprintf(derived->err.message, sizeof derived->err.message,
                       "`%.80s` cannot be derived: %.400s", job->table->name, err->message);
    }
}

/* -- a table for the first time ------------------------------------------------------------- */

static sw_status check_name(const struct sw_session *session, struct sw_span name, bool is_replace,
                            struct sw_err *err)
{
    const struct sw_table *old = sw_tables_find(&session->tables, name);
    if (old == NULL && session->tables.count == SW_TABLES_MAX) {
        return sw_fail_limit(err, "tables", SW_TABLES_MAX + 1, SW_TABLES_MAX,
                             "drop tables that are no longer needed");
    }
    if (old == NULL) {
        return SW_OK;
    }
    if (old->is_shared) {
        return sw_fail(err, SW_NOT_ALLOWED,
                       "`%s` is a data set of the server: give the new table another name",
                       old->name);
    }
    if (old->is_loading) {
        return sw_fail(err, SW_NOT_ALLOWED,
                       "`%s` is still being uploaded: give the new table another name", old->name);
    }
    return is_replace ? SW_OK
                      : sw_fail(err, SW_NOT_ALLOWED,
                                "there is a table `%s` already: give the new one another name, or "
                                "say \"replace\": true",
                                old->name);
}

/* Versions of a name go on counting. */
static sw_status renumber(struct sw_table *table, uint64_t number, struct sw_err *err)
{
    struct sw_version *made = NULL;
    const struct sw_version *now = table->version;
    if (now->number == number) {
        return SW_OK;
    }
    if (sw_version_new(number, now->schema, now->groups, now->group, now->next_row_id, &made) !=
        SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_table_set_version(table, made);
    return SW_OK;
}

static sw_status put_in_session(struct sw_deriving *job, struct sw_err *err)
{
    struct sw_session *session = job->session;
    struct sw_table *table = job->table;
    struct sw_span name = sw_span_text(table->name);
    struct sw_table *old = sw_tables_find(&session->tables, name);
    SW_TRY(check_name(session, name, job->is_replace, err));
    SW_TRY(sw_derived_check_sources(session, table->derived->plan, name, job->is_snapshot, err));
    SW_TRY(
        renumber(table, sw_table_version_number(old == NULL ? table : old) + (old != NULL), err));
    if (job->is_snapshot) {
        sw_derived_free(table->derived);
        table->derived = NULL;
    } else if (session->moment > job->moment) {
        table->derived->marked = session->moment; /* nobody could mark it while it was made */
    }
    if (old == NULL) {
        return sw_tables_add(&session->tables, table, err);
    }
    sw_tables_replace(&session->tables, old, table);
    return SW_OK;
}

static void answer_created(struct sw_deriving *job, sw_status status, const struct sw_err *cause)
{
    struct sw_session *session = job->session;
    struct sw_table *table = sw_table_ref(job->table);
    struct sw_err err = {0};
    struct sw_buf reply;
    sw_buf_init(&reply);
    if (status != SW_OK) {
        err = *cause;
    } else {
        status = put_in_session(job, &err);
    }
    if (status == SW_OK) {
        sw_buf_put_text(&reply, "{\"table\":");
        sw_json_put_text(&reply, sw_span_text(table->name));
        sw_buf_put_text(&reply, ",\"version\":");
        sw_json_put_int(&reply, (int64_t)table->version->number);
        sw_buf_put_text(&reply, ",\"rows\":");
        sw_json_put_int(&reply, (int64_t)table->version->rows);
        sw_buf_put_byte(&reply, '}');
        sw_session_tell_changed(session, table, table->source);
    }
    sw_pending_answer(job->pending, &reply, status == SW_OK ? NULL : &err);
    sw_buf_fini(&reply);
    free_job(job);
    if (status == SW_OK) {
        sw_session_table_changed(session, table);
    }
    sw_table_unref(table);
}

/* -- the end of a run ----------------------------------------------------------------------- */

static void take_version(struct sw_deriving *job, struct sw_version *version)
{
    struct sw_derived *derived = job->table->derived;
    struct sw_buf spent = derived->key;
    sw_table_set_version(job->table, version);
    derived->key = job->key;
    job->key = spent;
    remember(job, NULL);
}

/* The job is over; who waits is called back by a poke. */
static void conclude(struct sw_deriving *job, sw_status status, const struct sw_err *err)
{
    struct sw_session *session = job->session;
    if (job->pending != NULL) {
        answer_created(job, status, err);
    } else {
        if (status == SW_OK) {
            sw_session_tell_changed(session, job->table, job->table->source);
        } else if (status != SW_CANCELLED) {
            remember(job, err);
        }
        free_job(job);
    }
    sw_editing_keep_headroom(session);
}

static void run_done(void *context, sw_status status, struct sw_version *version,
                     const struct sw_err *cause)
{
    struct sw_deriving *job = context;
    struct sw_session *session = job->session;
    struct sw_err err = *cause;
    job->run = NULL;
    if (session->graph == NULL) {
        sw_version_unref(version);
        if (job->pending != NULL) {
            struct sw_buf unused = {0};
            sw_pending_answer(job->pending, &unused, &err);
        }
        free_job(job);
        return;
    }
    if (status == SW_LIMIT && !job->is_again && sw_editing_make_room(session, &err)) {
        job->is_again = true;
        status = submit(job, &err);
        if (status == SW_AGAIN) {
            return;
        }
    }
    if (status == SW_OK && job->pending == NULL &&
        sw_tables_find(&session->tables, sw_span_text(job->table->name)) != job->table) {
        sw_version_unref(version); /* it was dropped meanwhile */
        status = SW_CANCELLED;
    } else if (status == SW_OK) {
        take_version(job, version);
    }
    conclude(job, status, &err);
    sw_prepare_poke(session);
}

/* -- the start of a run --------------------------------------------------------------------- */

static void put_version(struct sw_buf *key, const struct sw_version *version)
{
    sw_buf_printf(key, "%llu", (unsigned long long)version->content);
    for (uint32_t i = 0; i < version->schema->columns; i++) {
        const struct sw_formula *formula = version->schema->column[i].formula;
        if (formula != NULL) {
            sw_buf_printf(key, "=%llu", (unsigned long long)formula->id);
        }
    }
    sw_buf_put_byte(key, '\n');
}

static sw_status put_key(struct sw_deriving *job, struct sw_span filters, struct sw_err *err)
{
    struct sw_buf *key = &job->key;
    const struct sw_span *name;
    size_t inputs = sw_derive_plan_inputs(job->table->derived->plan, &name);
    sw_buf_clear(key);
    for (size_t i = 0; i < job->needs; i++) {
        put_version(key, job->need[i].version);
    }
    for (size_t i = 0; i < inputs; i++) {
        const struct sw_json *value = sw_graph_expr_input(job->session->graph, name[i]);
        if (value != NULL) {
            sw_json_put(key, value);
        }
        sw_buf_put_byte(key, '\n');
    }
    sw_buf_put(key, filters.data, filters.length);
    return key->failed ? sw_fail(err, SW_NO_MEMORY, "out of memory") : SW_OK;
}

static sw_status check_needs(const struct sw_deriving *job, struct sw_err *err)
{
    for (size_t i = 0; i < job->needs; i++) {
        const struct sw_need *need = &job->need[i];
        if (need->status != SW_OK) {
            *err = need->err;
            return need->status;
        }
        if (need->version == NULL) {
            return sw_fail(err, SW_NO_TABLE, "the table `%.*s` is gone: load it again",
                           (int)need->table.length, need->table.data);
        }
    }
    return SW_OK;
}

static void free_filters(struct sw_filter **filters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sw_filter_free(filters[i]);
    }
}

/* The sources are there.  SW_AGAIN: the run goes on; SW_OK: the version that there is will do. */
static sw_status submit_filtered(struct sw_deriving *job, struct sw_filter **filters, size_t count,
                                 struct sw_span filter_key, struct sw_err *err)
{
    struct sw_session *session = job->session;
    struct sw_derived *derived = job->table->derived;
    sw_status status = put_key(job, filter_key, err);
    bool is_same = status == SW_OK && job->table->version != NULL &&
                   sw_span_equal(sw_buf_peek(&job->key), sw_buf_peek(&derived->key));
    if (status != SW_OK || is_same) {
        free_filters(filters, count);
        return status;
    }
    /* a snapshot follows nothing: made again after a restart, it sees the inputs of now */
    const bool is_once = job->pending != NULL && job->is_snapshot;
    if (is_once) {
        const struct sw_span *name;
        size_t inputs = sw_derive_plan_inputs(derived->plan, &name);
        sw_pending_note_inputs(job->pending, name, inputs);
    }
    const struct sw_derive_spec spec = {
        .plan = derived->plan,
        .from = job->need[0].version,
        .join = job->needs > 1 ? job->need[1].version : NULL,
        .filters = filters,
        .filter_count = (uint32_t)count,
        .input = is_once ? sw_change_input : sw_graph_expr_input,
        .input_context = is_once ? (void *)session : session->graph,
        .number = sw_table_version_number(job->table) + 1,
        .budget = &session->budget,
        .clock = session->server->clock,
    };
    status = sw_derive_submit(session->server->pool, session->lane, &spec, run_done, job, &job->run,
                              err);
    return status == SW_OK ? SW_AGAIN : status;
}

static sw_status submit(struct sw_deriving *job, struct sw_err *err)
{
    const struct sw_derive_plan *plan = job->table->derived->plan;
    struct sw_filter *filters[SW_CLAUSES_MAX + 1];
    const struct sw_span no_where = {0};
    struct sw_buf key;
    size_t count = 0;
    SW_TRY(check_needs(job, err));
    sw_buf_init(&key);
    sw_status status = SW_OK;
    if (sw_derive_plan_select(plan).length > 0) {
        status = sw_graph_filters(job->session->graph, job->need[0].version,
                                  sw_derive_plan_from(plan), sw_derive_plan_select(plan), no_where,
                                  filters, SW_CLAUSES_MAX + 1, &count, &key, err);
    }
    if (status == SW_OK) {
        status = submit_filtered(job, filters, count, sw_buf_peek(&key), err);
    }
    sw_buf_fini(&key);
    return status;
}

/* Called back when the sources had to be prepared first. */
static void sources_done(void *context)
{
    struct sw_deriving *job = context;
    struct sw_session *session = job->session;
    struct sw_err err = {0};
    job->prepare = NULL;
    sw_status status =
        session->graph == NULL ? sw_fail(&err, SW_CANCELLED, "cancelled") : submit(job, &err);
    if (status == SW_AGAIN) {
        return;
    }
    if (session->graph == NULL) {
        run_done(job, SW_CANCELLED, NULL, &err);
        return;
    }
    if (status == SW_OK) {
        remember(job, NULL);
        free_job(job); /* nothing has changed: a table for the first time is never the same */
    } else {
        conclude(job, status, &err);
    }
    sw_prepare_poke(session);
}

/* -- jobs ----------------------------------------------------------------------------------- */

static sw_status new_job(struct sw_session *session, struct sw_table *table,
                         struct sw_deriving **job, struct sw_err *err)
{
    struct sw_deriving *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    const struct sw_derive_plan *plan = table->derived->plan;
    made->session = session;
    made->table = sw_table_ref(table);
    made->moment = session->moment;
    made->needs = sw_derive_plan_join(plan).length > 0 ? 2 : 1;
    made->need[0] = (struct sw_need){.table = sw_derive_plan_from(plan), .is_all = true};
    made->need[1] = (struct sw_need){.table = sw_derive_plan_join(plan), .is_all = true};
    made->is_wanted = true;
    sw_buf_init(&made->key);
    made->next = session->derivings;
    session->derivings = made;
    *job = made;
    return SW_OK;
}

/* SW_AGAIN: it goes on. Else the job may go: SW_OK, nothing has changed, or an error. */
static sw_status start(struct sw_deriving *job, struct sw_err *err)
{
    sw_status status =
        sw_prepare(job->session, job->need, job->needs, sources_done, job, &job->prepare);
    return status == SW_AGAIN ? SW_AGAIN : submit(job, err);
}

static struct sw_deriving *job_of(const struct sw_session *session, const struct sw_table *table)
{
    struct sw_deriving *job = session->derivings;
    while (job != NULL && (job->table != table || job->is_cancelled)) {
        job = job->next;
    }
    return job;
}

static void stop(struct sw_deriving *job)
{
    job->is_cancelled = true;
    if (job->run != NULL) {
        sw_derive_cancel(job->run);
    } else if (job->pending != NULL) {
        sw_prepare_cancel(job->prepare);
    } else {
        struct sw_prepare *prepare = job->prepare;
        free_job(job);
        sw_prepare_forget(prepare);
    }
}

/* -- the preparer --------------------------------------------------------------------------- */

static sw_status say_ready(const struct sw_table *table, struct sw_need *need, struct sw_err *err)
{
    if (table->derived->has_err) {
        *err = table->derived->err;
        return err->status;
    }
    sw_version_unref(need->version);
    need->version = sw_version_ref(table->version);
    return SW_OK;
}

static sw_status ready(struct sw_session *session, struct sw_need *need, struct sw_err *err)
{
    struct sw_table *table = sw_tables_find(&session->tables, need->table);
    if (table == NULL || table->derived == NULL) {
        return SW_OK;
    }
    const struct sw_derived *derived = table->derived;
    if (!sw_derived_is_stale(derived) || derived->moment >= need->moment) {
        return say_ready(table, need, err);
    }
    struct sw_deriving *job = job_of(session, table);
    if (job != NULL) {
        job->is_wanted = true;
        return SW_AGAIN;
    }
    SW_TRY(new_job(session, table, &job, err));
    sw_status status = start(job, err);
    if (status == SW_AGAIN) {
        return SW_AGAIN;
    }
    remember(job, status == SW_OK ? NULL : err);
    free_job(job);
    return say_ready(table, need, err);
}

static double progress(const struct sw_session *session, const struct sw_need *need)
{
    const struct sw_table *table = sw_tables_find(&session->tables, need->table);
    const struct sw_deriving *job = table == NULL ? NULL : job_of(session, table);
    if (job == NULL) {
        return 1;
    }
    return job->run != NULL ? sw_derive_progress(job->run) : 0;
}

static void sweep_begin(struct sw_session *session)
{
    for (struct sw_deriving *job = session->derivings; job != NULL; job = job->next) {
        job->is_wanted = job->pending != NULL;
    }
}

/* Stopping one may end others, and the list may be another then. */
static void sweep_end(struct sw_session *session)
{
    struct sw_deriving *job = session->derivings;
    while (job != NULL) {
        bool is_spare = !job->is_wanted && !job->is_cancelled;
        if (is_spare) {
            stop(job);
        }
        job = is_spare ? session->derivings : job->next;
    }
}

static void end(struct sw_session *session)
{
    for (struct sw_deriving *job = session->derivings; job != NULL; job = job->next) {
        if (job->run != NULL && !job->is_cancelled) {
            job->is_cancelled = true;
            sw_derive_cancel(job->run);
        }
    }
}

const struct sw_preparer sw_derived_preparer = {ready, progress, sweep_begin, sweep_end, end};

static void tell_progress(struct sw_session *session, struct sw_deriving *job)
{
    struct sw_buf params;
    double part = job->run != NULL ? sw_derive_progress(job->run) : 0;
    job->told = part > job->told ? part : job->told;
    sw_buf_init(&params);
    sw_buf_put_text(&params, "{\"table\":");
    sw_json_put_text(&params, sw_span_text(job->table->name));
    sw_buf_put_text(&params, ",\"progress\":");
    sw_json_put_float(&params, job->told);
    sw_buf_put_byte(&params, '}');
    if (!params.failed) {
        sw_session_notify(session, "table.progress", sw_buf_peek(&params));
    }
    sw_buf_fini(&params);
}

void sw_deriving_tick(struct sw_session *session, int64_t now_ms)
{
    for (struct sw_deriving *job = session->derivings; job != NULL; job = job->next) {
        if (job->pending != NULL && !job->is_cancelled && session->replay == NULL &&
            now_ms - job->told_ms >= PROGRESS_MS) {
            job->told_ms = now_ms;
            tell_progress(session, job);
        }
    }
}

/* -- table.create --------------------------------------------------------------------------- */

static void cancel_creation(void *work)
{
    struct sw_deriving *job = work;
    if (job->pending->socket != NULL && !job->is_cancelled) {
        stop(job); /* a socket that has gone takes nothing back */
    }
}

sw_status sw_deriving_create(struct sw_call *call, struct sw_table *table, bool is_snapshot,
                             bool is_replace, struct sw_err *err)
{
    struct sw_session *session = call->session;
    struct sw_deriving *job = NULL;
    sw_status status = check_name(session, sw_span_text(table->name), is_replace, err);
    if (status == SW_OK) {
        status = new_job(session, table, &job, err);
    }
    sw_table_unref(table);
    SW_TRY(status);
    status = sw_pending_new(call, &job->pending, err);
    if (status != SW_OK) {
        free_job(job);
        return status;
    }
    job->pending->cancel = cancel_creation;
    job->pending->work = job;
    job->is_snapshot = is_snapshot;
    job->is_replace = is_replace;
    job->told_ms = sw_clock_ms(session->server->clock);
    status = start(job, err);
    if (status != SW_AGAIN) {
        const struct sw_err copy = *err;
        answer_created(job, status, &copy);
    }
    return SW_OK;
}
