/* prepare: what has to be computed before a table can be read: formulas that nothing
 * has read yet, derived tables whose sources have changed.  Asked by whatever reads
 * (a run of the graph, a page, a description, a download) with its needs: tables and
 * columns.  Either all is there, or it is being computed on the session's lane and the
 * asker is called back.  Loop thread only.
 *
 *   asker ---needs---> sw_prepare: every need through every kind of preparation
 *     SW_OK      each need has its version (pinned from here on) or its error
 *     SW_AGAIN   done(context) follows, on the loop, once
 *
 * How it works: nothing is remembered but the requests.  Each need that is not answered
 * goes through the kinds in their order (prepare.c: `kinds`): each says SW_OK (nothing
 * left to do for it), an error, or SW_AGAIN (a job is under way, started now or before).
 * When a job ends, whoever ran it calls sw_prepare_poke and all open requests go through
 * the kinds again.  So two askers with one need share the job, and a kind that finds out
 * that one more thing is missing simply says SW_AGAIN again.
 *
 * Another kind of preparation is a struct sw_preparer in `kinds`.  It
 *   - keeps its jobs itself (in a list of the session) and finds the one that serves a need;
 *   - may put a newer version into need->version (counted: the old reference is given up);
 *   - says an error of a job that has ended in `ready`, and forgets the job in `sweep`: a
 *     need that a job failed for must not start it again at once;
 *   - keeps the sessions' rule that nothing starves: what was computed from the inputs and
 *     tables of need->moment or later will do, though there may be newer ones by now
 *     (session->moment counts their changes);
 *   - may ask for needs of its own (the sources of a derived table) by sw_prepare.       */
#ifndef SW_SESSION_PREPARE_H
#define SW_SESSION_PREPARE_H

#include "session/session.h"

struct sw_prepare;
typedef void (*sw_prepare_done_fn)(void *context);

/* table, is_all or column, first_row and rows of each need are the asker's; all else is filled here
 * (version: the present one of that table).  The needs and what they point to stay where they are
 * until the answer; then their versions are the asker's to give up.  SW_OK: answered, done is not
 * called, *prepare is NULL. */
SW_MUST_USE sw_status sw_prepare(struct sw_session *session, struct sw_need *needs, size_t count,
                                 sw_prepare_done_fn done, void *context,
                                 struct sw_prepare **prepare);
/* It is no longer wanted: what is not answered yet becomes SW_CANCELLED, done follows. */
void sw_prepare_cancel(struct sw_prepare *prepare);
/* The same, but done is not called and the needs are not looked at again. */
void sw_prepare_forget(struct sw_prepare *prepare);
double sw_prepare_progress(const struct sw_prepare *prepare); /* 0..1 */

/* -- for the kinds ----------------------------------------------------------- */

struct sw_preparer {
    /* See above.  May be called any number of times for one need. */
    sw_status (*ready)(struct sw_session *session, struct sw_need *need, struct sw_err *err);
    /* 0..1 of what `ready` said SW_AGAIN for. */
    double (*progress)(const struct sw_session *session, const struct sw_need *need);
    /* Around each round of `ready` for all that is open: a job for which none of them said
     * SW_AGAIN is wanted by nobody and may be cancelled, one that has ended is forgotten. */
    void (*sweep_begin)(struct sw_session *session);
    void (*sweep_end)(struct sw_session *session);
    /* The session ends, and with it all requests: cancel what runs. */
    void (*end)(struct sw_session *session);
};

/* A job has ended, or something else that a need waits for has changed.  Calls back; from a job's
 * done half only, so that nobody is called back from within his own question. */
void sw_prepare_poke(struct sw_session *session);
/* Adds the columns that a need names to `set` (one byte per column of the schema). */
void sw_need_columns(const struct sw_need *need, const struct sw_schema *schema, uint8_t *set);
/* Shows the version of each need that waits to exchange(context, ...), which may put another with
 * the same contents in its place. */
void sw_prepare_exchange(struct sw_session *session,
                         void (*exchange)(void *context, struct sw_version **version),
                         void *context);
/* The session ends, its graph is gone: all requests are called back with SW_CANCELLED, jobs that
 * still run end by themselves. */
void sw_prepare_end(struct sw_session *session);

#endif
