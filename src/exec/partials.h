/* partials: what a session's outputs came to in single row groups, kept for the versions to
 * come.  A scan that finds a row group's partial merges it and does not read the row group: after
 * an edit it folds the row groups that have changed, after an append the new ones, after an undo
 * none.
 *
 * A key (struct sw_identity) is made of all that a partial follows from: the definition, what its
 * plan found in the version, the filters that decide within the row group, and the ids of the
 * chunks that both read (exec/scan_keep.c).  So nothing ever becomes wrong; what is not asked for
 * any more ages out, the least recently used first.
 *
 * Memory: each partial is charged to the session's budget, all of a session's together stay below
 * a share of it, and they are the first to go: a charge that would be refused takes theirs
 * (sw_budget's shed), in the session and, through the set, in the server.
 *
 * Any thread: the set's lock, then a session's, are held for moments and no call leaves under
 * them.  A partial found is counted and never changes.                                        */
#ifndef SW_EXEC_PARTIALS_H
#define SW_EXEC_PARTIALS_H

#include "base/budget.h"
#include "base/identity.h"

struct sw_partial;
struct sw_partials;     /* of a session */
struct sw_partials_set; /* of a server: all of them */

/* Sheds where the server's budget runs short. */
SW_MUST_USE sw_status sw_partials_set_new(struct sw_budget *budget, struct sw_partials_set **set);
void sw_partials_set_free(struct sw_partials_set *set); /* empty by now; NULL accepted */

/* set may be NULL. */
SW_MUST_USE sw_status sw_partials_new(struct sw_partials_set *set, struct sw_budget *budget,
                                      struct sw_partials **partials);
/* No one looks into it any more; what was found in it may still be held. NULL accepted. */
void sw_partials_free(struct sw_partials *partials);

/* found[i]: the partial of key[i], a reference, or NULL. */
void sw_partials_find(struct sw_partials *partials, const struct sw_identity *key, uint32_t count,
                      struct sw_partial **found);
/* Keeps a settled state (fold/fold.h) that holds `bytes`, and returns a reference to it: the state
 * is taken over.  NULL: there is no room, it stays the caller's. */
struct sw_partial *sw_partials_keep(struct sw_partials *partials, const struct sw_identity *key,
                                    void *state, size_t bytes);
const void *sw_partial_state(const struct sw_partial *partial); /* borrowed */
void sw_partial_unref(struct sw_partial *partial);              /* NULL accepted */

/* Lets go of at least that many bytes, or of all; how many. */
size_t sw_partials_give_up(struct sw_partials *partials, size_t bytes);
size_t sw_partials_bytes(struct sw_partials *partials); /* held */

#endif
