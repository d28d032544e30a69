/* page: a window of rows of a version, as a grid shows it: made by exec/page,
 * written by wire/encode_page.  Immutable once made, counted, any thread.       */
#ifndef SW_TABLE_PAGE_H
#define SW_TABLE_PAGE_H

#include "base/arena.h"
#include "table/type.h"

struct sw_page_exception {
    uint32_t column, row; /* of the page */
    struct sw_span text;
};

struct sw_page {
    _Atomic uint32_t refs;
    struct sw_arena arena; /* owns everything below, texts too */
    uint64_t version;
    uint64_t total; /* rows after the filter */
    uint64_t offset;
    uint32_t rows; /* in this page */
    uint32_t columns;
    const char **name;                   /* [columns] */
    enum sw_type *type;                  /* [columns] */
    const char **broken;                 /* [columns] why a formula has no values: all are null; or
                                            NULL */
    uint64_t *row_id;                    /* [rows] */
    struct sw_value **value;             /* [columns][rows] */
    uint32_t exceptions;                 /* cells that do not fit their type: null in value */
    struct sw_page_exception *exception; /* [exceptions] by column, then row */
};

SW_MUST_USE sw_status sw_page_new(struct sw_page **page); /* refs 1, empty arena */
struct sw_page *sw_page_ref(struct sw_page *page);
void sw_page_unref(struct sw_page *page);

#endif
