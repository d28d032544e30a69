/* exceptions: cells that do not fit their column's type.  To everything that
 * computes they are nulls; their text is kept beside the chunk, few and sorted by row,
 * so that it can be shown, exported as it came and given back by a cast to string.
 *
 * The builder has an open list, a chunk the sealed one: immutable, any thread, freed
 * by whoever owns the chunk.  String columns have none: every text fits.          */
#ifndef SW_TABLE_EXCEPTIONS_H
#define SW_TABLE_EXCEPTIONS_H

#include "base/buf.h"

struct sw_exceptions {
    uint32_t count; /* at least 1 */
    size_t size;    /* of the one block that it is */
    uint32_t *row;  /* [count] ascending; each is a null of the chunk */
    uint32_t *end;  /* [count] where its text ends in bytes */
    char *bytes;
};

void sw_exceptions_free(struct sw_exceptions *exceptions); /* NULL accepted */
/* The first exception of a row from `row` on; count: there is none. NULL: 0. */
uint32_t sw_exceptions_from(const struct sw_exceptions *exceptions, uint32_t row);
struct sw_span sw_exceptions_text(const struct sw_exceptions *exceptions, uint32_t i);
/* The text of a row; false: it is no exception. */
bool sw_exceptions_find(const struct sw_exceptions *exceptions, uint32_t row, struct sw_span *text);

/* -- the open list of a builder: one thread --------------------------------------- */

struct sw_exception_list {
    uint32_t count, capacity; /* count: also of those that were dropped */
    uint32_t dropped;
    uint32_t *row; /* [count] ascending; owned */
    uint32_t *end; /* [count] where its text ends in text, and SW_EXCEPTION_GONE's bit; owned */
    struct sw_buf text;
};
#define SW_EXCEPTION_GONE 0x80000000u

void sw_exception_list_fini(struct sw_exception_list *list);
void sw_exception_list_clear(struct sw_exception_list *list); /* keeps the memory */
/* Rows come in order. SW_NO_MEMORY, or SW_LIMIT over 2 GiB of texts. */
SW_MUST_USE sw_status sw_exception_list_add(struct sw_exception_list *list, uint32_t row,
                                            struct sw_span text);
/* Those of rows [start, start + n) of a chunk, for rows from `at` on. */
SW_MUST_USE sw_status sw_exception_list_add_from(struct sw_exception_list *list,
                                                 const struct sw_exceptions *exceptions,
                                                 uint32_t start, uint32_t n, uint32_t at);
SW_MUST_USE sw_status sw_exception_list_copy(struct sw_exception_list *into,
                                             const struct sw_exception_list *list);
/* The row has a value, or is null for good; it need not be in the list. */
void sw_exception_list_drop(struct sw_exception_list *list, uint32_t row);
/* Rows whose bit is 1 leave, the others move together. */
void sw_exception_list_squeeze(struct sw_exception_list *list, const uint64_t *bits);
/* Bytes that sealing will take; 0: there is none. */
size_t sw_exception_list_size(const struct sw_exception_list *list);
SW_MUST_USE sw_status sw_exception_list_seal(const struct sw_exception_list *list,
                                             struct sw_exceptions **exceptions);

#endif
