/* history: the steps of a table that can be taken back, each with the version before
 * and after it.  A step shares all chunks that it did not touch, so it holds what
 * it changed; undo and redo are switches between versions.  Loop only.
 *
 * Steps [0, at) are done, [at, count) undone.  When a session's memory runs short the
 * oldest steps of all its tables are given up first.                             */
#ifndef SW_SESSION_HISTORY_H
#define SW_SESSION_HISTORY_H

#include "session/tables.h"

struct sw_step {
    struct sw_version *before, *after; /* counted */
    char *what;                        /* owned; a readable sentence */
    uint64_t rows;
    uint64_t number; /* version that it made */
    int64_t wall_ms; /* since 1970 */
    int64_t made_us; /* clock: the order of steps over all tables */
    size_t held;     /* charged to the budget, besides what the versions' chunks are */
};

struct sw_history {
    struct sw_step *step; /* [count]; owned */
    uint32_t count, capacity, at;
    uint64_t given_up;        /* done steps that can no longer be undone */
    bool is_redo_given_up;    /* undone steps went, too */
    struct sw_budget *budget; /* of the session */
};

/* What was done between two versions: undone steps go, this one is the newest. It is left out, and
 * everything before it given up, when there is no memory to remember it. */
void sw_history_push(struct sw_table *table, struct sw_budget *budget, struct sw_version *before,
                     const char *what, uint64_t rows, int64_t wall_ms, int64_t made_us);
/* The step to undo or redo, or SW_NOTHING_TO_UNDO with the reason. */
SW_MUST_USE sw_status sw_history_undo(const struct sw_table *table, const struct sw_step **step,
                                      struct sw_err *err);
SW_MUST_USE sw_status sw_history_redo(const struct sw_table *table, const struct sw_step **step,
                                      struct sw_err *err);
/* It was done: the table's version is another now. */
void sw_history_moved(struct sw_table *table, bool is_undo);
/* As it was saved: an empty history, then its steps (versions are referenced, the text is copied;
 * false: no memory), then history->at. */
SW_MUST_USE sw_status sw_history_new(struct sw_table *table, struct sw_budget *budget,
                                     uint64_t given_up, bool is_redo_given_up);
bool sw_history_add(struct sw_table *table, const struct sw_step *step);
/* Gives up the oldest step of all tables; false: there is none. */
bool sw_history_give_up(struct sw_tables *tables);
void sw_history_free(struct sw_history *history); /* NULL accepted */
/* [{"version", "what", "rows", "time", "undone"?}, ...], oldest first, the newest that fit */
void sw_history_put(const struct sw_history *history, struct sw_buf *out);

#endif
