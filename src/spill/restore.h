/* restore: the state that the last save of a store contained, as objects again.
 *
 *   worker   sw_restore_step_work until done: a row group a step
 *   loop     sw_restore_take: the state; then the log is read and done again
 *
 * Row groups that versions shared are shared again, dictionaries too, row ids and
 * version numbers are those of before.  SW_DAMAGED: something in the files is;
 * nothing is restored then, and the store is to be closed.                          */
#ifndef SW_SPILL_RESTORE_H
#define SW_SPILL_RESTORE_H

#include "spill/save.h"

struct sw_restore;

/* Chunks and dictionaries are charged to `budget`. */
SW_MUST_USE sw_status sw_restore_new(struct sw_store *store, struct sw_budget *budget,
                                     struct sw_restore **restore, struct sw_err *err);
SW_MUST_USE sw_status sw_restore_step_work(struct sw_restore *restore, bool *is_done,
                                           struct sw_err *err);
double sw_restore_progress(const struct sw_restore *restore); /* from 0 to 1; any thread */
/* Once it is done: the state changes owner. A store that was never saved has no tables and no
 * facts. */
struct sw_saved *sw_restore_take(struct sw_restore *restore);
void sw_restore_free(struct sw_restore *restore); /* NULL accepted */

#endif
