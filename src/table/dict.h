/* dict: the distinct strings of a column, append-only; a code, once given,
 * always means the same bytes.  One writer at a time (the builder, between
 * sw_dict_write_begin and _end); readers on any thread: sw_dict_at needs no
 * lock for codes below a count that was published to them (chunk->dict_count),
 * find and ranks lock inside.  Counted: chunks and builders hold references.   */
#ifndef SW_TABLE_DICT_H
#define SW_TABLE_DICT_H

#include "base/budget.h"
#include "base/span.h"

#define SW_DICT_NONE UINT32_MAX

struct sw_dict;

SW_MUST_USE sw_status sw_dict_new(struct sw_budget *budget, struct sw_dict **dict,
                                  struct sw_err *err);
struct sw_dict *sw_dict_ref(struct sw_dict *dict);
void sw_dict_unref(struct sw_dict *dict); /* NULL accepted */

void sw_dict_write_begin(struct sw_dict *dict);
void sw_dict_write_end(struct sw_dict *dict);
/* The code of the bytes, new or known; SW_LIMIT when the dictionary is full. Writer only. */
SW_MUST_USE sw_status sw_dict_intern(struct sw_dict *dict, struct sw_span text, uint32_t *code);
/* The same for many, faster where the dictionary is large. *done: how many have their code. */
SW_MUST_USE sw_status sw_dict_intern_all(struct sw_dict *dict, const struct sw_span *texts,
                                         size_t count, uint32_t *codes, size_t *done);
/* No string is coming for now: what only looking up needs goes, until it is needed again.  Any
 * thread but the writer. */
void sw_dict_settle(struct sw_dict *dict);
/* Does the calling thread stand between _begin and _end? */
bool sw_dict_is_writer(const struct sw_dict *dict);

/* Who is charged for it. */
const struct sw_budget *sw_dict_budget(const struct sw_dict *dict);
uint32_t sw_dict_count(const struct sw_dict *dict);
size_t sw_dict_bytes(const struct sw_dict *dict);
struct sw_span sw_dict_at(const struct sw_dict *dict, uint32_t code); /* as long as the dict */
uint32_t sw_dict_find(struct sw_dict *dict, struct sw_span text);     /* SW_DICT_NONE: absent */
/* ranks[code] for codes below count = place of that string in byte order.  Cached per count and
 * borrowed as long as the dict: callers copy nothing. NULL when memory runs out. */
const uint32_t *sw_dict_ranks(struct sw_dict *dict, uint32_t count);

#endif
