/* See prepare.h. */
#include "session/prepare.h"

#include <stdlib.h>

#include "session/derived.h"
#include "session/formulas.h"
#include "session/server_priv.h"

/* In this order: what gives a table a newer version comes before what its columns need. */
static const struct sw_preparer *const kinds[] = {&sw_derived_preparer, &sw_formulas_preparer,
                                                  NULL};

struct sw_prepare {
    struct sw_prepare *next; /* session->prepares */
    struct sw_session *session;
    struct sw_need *need;
    size_t count;
    bool *is_open; /* [count]: not answered yet; owned */
    sw_prepare_done_fn done;
    void *context;
    bool is_cancelled;
};

static void fail_need(struct sw_need *need, sw_status status, const char *message)
{
    need->status = sw_fail(&need->err, status, "%s", message);
}

/* -- one need ---------------------------------------------------------------------------- */

/* True: it is answered. */
static bool is_ready(struct sw_session *session, struct sw_need *need)
{
    for (size_t i = 0; kinds[i] != NULL; i++) {
        need->status = kinds[i]->ready(session, need, &need->err);
        if (need->status != SW_OK) {
            return need->status != SW_AGAIN;
        }
    }
    return true;
}

/* True: it is answered. */
static bool begin_need(struct sw_session *session, struct sw_need *need)
{
    struct sw_table *table = sw_tables_find(&session->tables, need->table);
    need->version = NULL;
    need->moment = session->moment;
    need->status = table == NULL ? SW_OK : sw_formulas_refresh(session, table, &need->err);
    if (need->status != SW_OK || table == NULL || table->version == NULL) {
        return true;
    }
    need->version = sw_version_ref(table->version);
    return is_ready(session, need);
}

void sw_need_columns(const struct sw_need *need, const struct sw_schema *schema, uint8_t *set)
{
    for (uint32_t i = 0; need->is_all && i < schema->columns; i++) {
        set[i] = 1;
    }
    for (size_t i = 0; !need->is_all && i < need->columns; i++) {
        int32_t column = sw_schema_find(schema, need->column[i]);
        if (column >= 0) {
            set[column] = 1;
        }
    }
}

/* -- requests ------------------------------------------------------------------------------ */

static void unlink_request(struct sw_prepare *prepare)
{
    struct sw_prepare **link = &prepare->session->prepares;
    while (*link != prepare) {
        link = &(*link)->next;
    }
    *link = prepare->next;
}

static void free_request(struct sw_prepare *prepare)
{
    free(prepare->is_open);
    free(prepare);
}

/* Whatever is open goes through the kinds. */
static void advance(struct sw_prepare *prepare)
{
    for (size_t i = 0; i < prepare->count; i++) {
        if (prepare->is_open[i] && prepare->is_cancelled) {
            fail_need(&prepare->need[i], SW_CANCELLED, "cancelled");
            prepare->is_open[i] = false;
        }
        if (prepare->is_open[i]) {
            prepare->is_open[i] = !is_ready(prepare->session, &prepare->need[i]);
        }
    }
}

/* The next one to be called back, taken out of the list; NULL: all others wait. */
static struct sw_prepare *take_answered(struct sw_session *session)
{
    for (struct sw_prepare *prepare = session->prepares; prepare != NULL; prepare = prepare->next) {
        bool is_open = false;
        for (size_t i = 0; i < prepare->count; i++) {
            is_open = is_open || prepare->is_open[i];
        }
        if (!is_open) {
            unlink_request(prepare);
            return prepare;
        }
    }
    return NULL;
}

/* All that is open, once more; jobs that nobody wants now are cancelled. Nobody is called back. */
static void sweep(struct sw_session *session)
{
    for (size_t i = 0; kinds[i] != NULL; i++) {
        kinds[i]->sweep_begin(session);
    }
    for (struct sw_prepare *prepare = session->prepares; prepare != NULL; prepare = prepare->next) {
        advance(prepare);
    }
    for (size_t i = 0; kinds[i] != NULL; i++) {
        kinds[i]->sweep_end(session);
    }
}

/* Who is called back may ask anew, end the interest in others, or both. */
static void call_back(struct sw_session *session)
{
    struct sw_prepare *prepare;
    while ((prepare = take_answered(session)) != NULL) {
        prepare->done(prepare->context);
        free_request(prepare);
    }
}

void sw_prepare_poke(struct sw_session *session)
{
    if (session->graph == NULL) {
        return; /* the session has ended, and with it all requests */
    }
    sweep(session);
    call_back(session);
}

static sw_status refuse(struct sw_need *needs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fail_need(&needs[i], SW_NO_MEMORY, "out of memory");
    }
    return SW_OK;
}

sw_status sw_prepare(struct sw_session *session, struct sw_need *needs, size_t count,
                     sw_prepare_done_fn done, void *context, struct sw_prepare **prepare)
{
    bool is_all_ready = true;
    *prepare = NULL;
    bool *is_open = calloc(count + 1, sizeof *is_open);
    for (size_t i = 0; i < count; i++) {
        bool is_answered = begin_need(session, &needs[i]);
        is_all_ready = is_all_ready && is_answered;
        if (is_open != NULL) {
            is_open[i] = !is_answered;
        }
    }
    struct sw_prepare *made = is_all_ready ? NULL : calloc(1, sizeof *made);
    if (is_open == NULL || made == NULL) {
        free(is_open);
        return is_all_ready && is_open != NULL ? SW_OK : refuse(needs, count);
    }
    *made = (struct sw_prepare){.session = session,
                                .need = needs,
                                .count = count,
                                .is_open = is_open,
                                .done = done,
                                .context = context,
                                .next = session->prepares};
    session->prepares = made;
    *prepare = made;
    return SW_AGAIN;
}

void sw_prepare_cancel(struct sw_prepare *prepare)
{
    prepare->is_cancelled = true;
    sweep(prepare->session);
}

void sw_prepare_forget(struct sw_prepare *prepare)
{
    if (prepare == NULL) {
        return;
    }
    struct sw_session *session = prepare->session;
    unlink_request(prepare);
    free_request(prepare);
    sweep(session);
}

double sw_prepare_progress(const struct sw_prepare *prepare)
{
    double sum = 0;
    for (size_t i = 0; i < prepare->count; i++) {
        double least = 1;
        for (size_t k = 0; prepare->is_open[i] && kinds[k] != NULL; k++) {
            double progress = kinds[k]->progress(prepare->session, &prepare->need[i]);
            least = progress < least ? progress : least;
        }
        sum += least;
    }
    return prepare->count == 0 ? 1 : sum / (double)prepare->count;
}

void sw_prepare_exchange(struct sw_session *session,
                         void (*exchange)(void *context, struct sw_version **version),
                         void *context)
{
    for (struct sw_prepare *prepare = session->prepares; prepare != NULL; prepare = prepare->next) {
        for (size_t i = 0; i < prepare->count; i++) {
            if (prepare->is_open[i]) {
                exchange(context, &prepare->need[i].version);
            }
        }
    }
}

void sw_prepare_end(struct sw_session *session)
{
    for (struct sw_prepare *prepare = session->prepares; prepare != NULL; prepare = prepare->next) {
        prepare->is_cancelled = true;
        advance(prepare);
    }
    call_back(session);
    for (size_t i = 0; kinds[i] != NULL; i++) {
        kinds[i]->end(session);
    }
}
