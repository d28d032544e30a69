/* keeping: what makes a session outlive its process.  Every change is a record in the
 * session's log (spill/journal.h); now and then all of it is saved (spill/save.h) and
 * the log begins anew.  Nothing here waits for the disk: records queue, one append at
 * a time takes all that wait, and what answers them is held back until it is done.
 *
 *   a change takes effect -> sw_keep_add: it has a number -> replies put from then on wait
 *   for it (socket.c, outbox.h) -> the append is done: they go
 *
 * The store is made by the first change: a session in which nothing was done costs no
 * file.  When a record cannot be written (a full disk) the answers that wait become
 * errors, further changes are refused, and a save of the whole state is tried every
 * second; once that succeeds all is well again.
 *
 * Phases: LIVE -> sw_keep_end when the session's memory is at rest -> files closed or
 * removed on a disk thread -> freed.  Loop thread, what is named _work aside.
 * session->keep is NULL where the server keeps nothing (tests without a state).        */
#ifndef SW_SESSION_KEEPING_H
#define SW_SESSION_KEEPING_H

#include "session/disk.h"
#include "session/session.h"
#include "spill/cache.h"
#include "spill/save.h"

struct sw_keep_record;

struct sw_keep {
    struct sw_server *server;
    struct sw_session *session; /* NULL once ended */
    char name[SW_SESSION_NAME_TEXT];
    struct sw_store_facts facts;
    struct sw_store *store;              /* NULL: not made yet; a worker's while a task runs */
    struct sw_keep_record *first, *last; /* waiting */
    struct sw_keep_record *batch;        /* being appended */
    uint64_t queued, committed, saved;   /* numbers of records; queued: the newest */
    uint64_t saving_to;                  /* what the save that runs will contain */
    size_t log_bytes;                    /* since the last save */
    int64_t changed_ms, tried_ms;        /* clock: newest change, last try to save */
    bool is_begun;                       /* the log says which files the session has */
    bool has_store;                      /* the loop's word for store != NULL */
    bool is_appending, is_saving, is_broken, is_urgent, is_ended, is_removed;
    bool is_set_aside;    /* its files are damaged: they go where nobody opens them */
    struct sw_err broken; /* why it is */
    struct sw_disk_task append, save, write;
    struct sw_cache *cache; /* counted; NULL: all chunks stay in memory */
    bool is_writing;        /* chunks, behind (behind.h) */
    int64_t wrote_ms;       /* clock: when that failed last */
    struct sw_saved *state; /* being saved */
    void (*on_end)(void *context);
    void *on_end_context;
};

/* A change as it came. */
struct sw_keep_entry {
    struct sw_span method, message; /* the request as text */
    struct sw_span extra;           /* JSON: what else its repetition needs; may be empty */
    uint64_t shape;                 /* not 0: replaces the newest waiting one of the same shape */
};

/* `store` NULL: none yet; else it is open, and all up to `seq` is in its log. Takes it over. */
SW_MUST_USE sw_status sw_keep_new(struct sw_session *session, struct sw_store *store, uint64_t seq,
                                  struct sw_err *err);
/* May a change be made? SW_STORAGE, SW_LIMIT: it could not be recorded now. */
SW_MUST_USE sw_status sw_keep_check(const struct sw_session *session, struct sw_err *err);
/* It has taken effect. */
void sw_keep_add(struct sw_session *session, const struct sw_keep_entry *entry);
/* It has taken effect, but there was no memory to say what it was. */
void sw_keep_add_unknown(struct sw_session *session);
/* The record that replies put now wait for; 0: none. */
uint64_t sw_keep_need(const struct sw_session *session);
/* Bytes of its files; 0: none yet. */
int64_t sw_keep_disk_bytes(const struct sw_session *session);
bool sw_keep_is_committed(const struct sw_session *session, uint64_t seq);
/* All is saved, nothing is under way. */
bool sw_keep_is_clean(const struct sw_session *session);
/* Saves when that is due (is_now: whatever the clock says); once a second. */
void sw_keep_tick(struct sw_session *session, int64_t now_ms, bool is_now);
/* -- behind.c: chunks are written between saves. May that begin? It has ended. */
bool sw_keep_may_write(const struct sw_keep *keep);
void sw_keep_written(struct sw_keep *keep);
/* Made where there is none; opened anew after a failed sync. */
SW_MUST_USE sw_status sw_keep_need_store_work(struct sw_keep *keep, struct sw_err *err);
/* The session has ended: closes its files, or removes them and all spools of its uploads. What they
 * hold of the session's budget goes with them. */
void sw_keep_end(struct sw_keep *keep, bool is_removed);

#endif
