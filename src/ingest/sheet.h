/* sheet: the table while it grows: columns with their chunks, the row groups cut so
 * far, and the versions made of them.  Worker thread; the load owns it.
 *
 * All columns are cut into the same row groups: of SW_CHUNK_ROWS rows, or fewer where
 * a column's text is long.  The rows behind the last group are open: a version shows
 * them through a group made from copies, which the next version replaces.
 *
 * A column that is behind (column.h) takes no rows; no version can be made until it
 * has caught up: sw_sheet_again_begin, then sw_sheet_again_take with the rows of the
 * file from the first on, until *is_done.                                         */
#ifndef SW_INGEST_SHEET_H
#define SW_INGEST_SHEET_H

#include "ingest/column.h"
#include "table/table.h"

struct sw_sheet {
    struct sw_budget *budget;
    uint32_t columns;
    struct sw_csv_column *column; /* [columns]; owned */
    char **name;                  /* [columns]; owned */
    uint64_t rows;                /* taken */
    uint32_t open_rows;           /* of them, behind the last group */
    uint64_t open_bytes;          /* text they came from */
    uint32_t groups, capacity;
    uint32_t *group_rows;       /* [groups]; owned */
    struct sw_rowgroup **group; /* [groups] made so far, counted; NULL: to be made */
    struct sw_schema *schema;   /* of the last version; counted */
    uint64_t versions;          /* made */
    uint64_t shown_rows;        /* of the last version */
    uint32_t shown_groups;
    /* reading again */
    uint32_t *again; /* [again_count] columns; owned */
    uint32_t again_count;
    uint64_t again_rows;
    uint32_t again_group, again_open;
};

/* Takes over the names, also on failure. */
SW_MUST_USE sw_status sw_sheet_init_take(struct sw_sheet *sheet, struct sw_budget *budget,
                                         char **names, uint32_t columns, struct sw_err *err);
void sw_sheet_fini(struct sw_sheet *sheet);

/* Appends the rows of a block from row `from` on. */
SW_MUST_USE sw_status sw_sheet_take_rows(struct sw_sheet *sheet, const struct sw_rows *rows,
                                         uint32_t from, struct sw_parse *parse, struct sw_err *err);
/* Closes the last group: no rows come any more. */
SW_MUST_USE sw_status sw_sheet_close(struct sw_sheet *sheet, struct sw_err *err);
/* A version of all rows taken, or, `with_open` false, of those in groups. No column is behind. */
SW_MUST_USE sw_status sw_sheet_version(struct sw_sheet *sheet, bool with_open,
                                       struct sw_version **version, struct sw_err *err);

/* Columns of text that may be narrow now, with exceptions (column.h), are so, and behind. */
void sw_sheet_narrow(struct sw_sheet *sheet, bool is_final);
bool sw_sheet_is_behind(const struct sw_sheet *sheet); /* some column is, or is being read again */
SW_MUST_USE sw_status sw_sheet_again_begin(struct sw_sheet *sheet, struct sw_err *err);
SW_MUST_USE sw_status sw_sheet_again_take(struct sw_sheet *sheet, const struct sw_rows *rows,
                                          uint32_t from, struct sw_parse *parse, bool *is_done,
                                          struct sw_err *err);

#endif
