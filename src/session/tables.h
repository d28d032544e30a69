/* tables: a table as a session has it: a name, the current version, where it came
 * from and, while it arrives, its loading.  A data set of the command line is one
 * struct sw_table that every session holds (is_shared).  Counted, loop only.     */
#ifndef SW_SESSION_TABLES_H
#define SW_SESSION_TABLES_H

#include "exec/describe.h"
#include "ingest/load.h"
#include "table/table.h"

struct sw_derived;
struct sw_history;

struct sw_table {
    uint32_t refs;
    uint64_t id;                /* in what is saved of its session; 0: never saved */
    char *name;                 /* owned */
    char source[128];           /* "CSV, comma, UTF-8" */
    struct sw_version *version; /* counted; NULL until the header is known */
    uint32_t followed;          /* newest versions that only new inputs of formulas have made */
    bool is_shared;
    bool is_loading;
    int64_t bytes_total; /* of the file as sent; -1: not known */
    uint64_t bytes_read, rows_read;
    uint64_t bad_count, replaced_bytes;
    uint32_t bad_kept;
    struct sw_bad_row bad[SW_BAD_ROWS_KEPT];
    struct sw_description *description; /* of some version; owned; NULL: never asked */
    struct sw_history *history;         /* owned; NULL: never edited */
    struct sw_derived *derived;         /* owned; NULL: it follows no other table */
};

SW_MUST_USE sw_status sw_table_new(struct sw_span name, struct sw_table **table);
/* One of a session's own with the same version and facts, without its history. */
SW_MUST_USE sw_status sw_table_copy(const struct sw_table *table, struct sw_table **copy);
struct sw_table *sw_table_ref(struct sw_table *table);
void sw_table_unref(struct sw_table *table); /* NULL accepted */
/* Takes over one reference of version. */
void sw_table_set_version(struct sw_table *table, struct sw_version *version);
void sw_table_set_report(struct sw_table *table, const struct sw_load_report *report);
/* The same contents under another number. */
SW_MUST_USE sw_status sw_table_renumber(struct sw_table *table, uint64_t number);
uint64_t sw_table_version_number(const struct sw_table *table); /* 0: none yet */
uint64_t sw_table_rows(const struct sw_table *table);

/* The tables of one session, or the data sets of the server. */
struct sw_tables {
    struct sw_table *item[SW_TABLES_MAX]; /* counted */
    uint32_t count;
};

void sw_tables_fini(struct sw_tables *tables);
struct sw_table *sw_tables_find(const struct sw_tables *tables, struct sw_span name); /* or NULL */
SW_MUST_USE sw_status sw_tables_need(const struct sw_tables *tables, struct sw_span name,
                                     struct sw_table **table, struct sw_err *err);
/* Adds a reference; SW_LIMIT when full. */
SW_MUST_USE sw_status sw_tables_add(struct sw_tables *tables, struct sw_table *table,
                                    struct sw_err *err);
void sw_tables_remove(struct sw_tables *tables, struct sw_table *table);
/* Puts another in its place; adds a reference to it and gives up that of the first. */
void sw_tables_replace(struct sw_tables *tables, struct sw_table *table, struct sw_table *with);
/* A free name like the wanted one ("trips", "trips_2", ...), cut and cleaned. */
void sw_tables_free_name(const struct sw_tables *tables, struct sw_span wanted,
                         char into[SW_NAME_BYTES_MAX + 1]);
/* The table's name for a file: base name without ".csv", ".csv.gz" and the like. */
struct sw_span sw_tables_name_of_file(struct sw_span path);

#endif
