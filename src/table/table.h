/* table: row groups, versions and tables.
 *
 * A row group is one chunk of each column for the same up to 65,536 rows; a
 * version is an immutable list of row groups with a schema; a table is a name
 * with its current version.  An edit or an append makes a new version that
 * shares all other chunks; whoever holds a version reads it without a lock.
 *
 * Row ids: a row group's rows are first_row_id + i, unless row_ids (an int
 * chunk) lists them after a delete.  Row groups may hold fewer than 65,536 rows
 * (the last one of an append, or after deletes) but never none.
 *
 * A column may be a formula: then a row group's slot for its chunk is empty until
 * something reads it (table/formula.h).  Filling it does not change what the version
 * says; it is done once, by a compare and swap, and all versions that share the row
 * group share the chunk.  At least one column of a table is none.
 *
 * Groups and versions are counted and, but for those slots, immutable: any thread.
 * struct sw_table is loop-only.                                                   */
#ifndef SW_TABLE_TABLE_H
#define SW_TABLE_TABLE_H

#include "table/chunk.h"
#include "table/formula.h"

struct sw_column {
    char *name; /* owned by the schema, NUL-terminated, unique, UTF-8 */
    enum sw_type type;
    uint32_t id;                /* stable through renames and drops of others */
    struct sw_formula *formula; /* counted; NULL: it has values of its own */
};

struct sw_schema {
    _Atomic uint32_t refs;
    uint32_t columns;
    uint32_t formulas;         /* of them */
    struct sw_column column[]; /* in the order of the file */
};

struct sw_rowgroup {
    _Atomic uint32_t refs;
    uint64_t id; /* unique in the process */
    uint32_t rows;
    uint32_t columns;
    uint64_t first_row_id;
    struct sw_chunk *row_ids;         /* NULL: first_row_id + i; counted */
    struct sw_chunk *_Atomic chunk[]; /* [columns], in schema order; counted; NULL: a formula that
                                         nothing has read yet */
};

struct sw_version {
    _Atomic uint32_t refs;
    uint64_t number;          /* 1 for the first, plus one with each change */
    uint64_t content;         /* unique in the process, but for versions that differ only in what
                                 their formulas' inputs are */
    struct sw_schema *schema; /* counted */
    uint64_t rows;
    uint64_t next_row_id;
    uint32_t groups;
    struct sw_rowgroup **group; /* [groups]; counted each */
    uint64_t *row_start;        /* [groups + 1]: rows before each group */
};

/* names are copied; SW_LIMIT over SW_COLUMNS_MAX. ids are 0..columns-1. */
SW_MUST_USE sw_status sw_schema_new(uint32_t columns, const char *const *names,
                                    const enum sw_type *types, struct sw_schema **schema);
/* The same columns, ids and formulas, for its maker to change. */
SW_MUST_USE sw_status sw_schema_copy(const struct sw_schema *schema, struct sw_schema **copy);
struct sw_schema *sw_schema_ref(struct sw_schema *schema);
void sw_schema_unref(struct sw_schema *schema);
/* For the schema's maker: takes over the reference, which may be NULL. */
void sw_schema_set_formula(struct sw_schema *schema, uint32_t column, struct sw_formula *formula);
/* Index of a column by name, or -1. */
int32_t sw_schema_find(const struct sw_schema *schema, struct sw_span name);
/* The same, with SW_NO_COLUMN and a message that names the nearest column when there is none. */
SW_MUST_USE sw_status sw_schema_need(const struct sw_schema *schema, struct sw_span name,
                                     uint32_t *column, struct sw_err *err);

/* Takes over the references in chunks[0..columns) and in row_ids, also on failure. Chunks of
 * formulas may be NULL, the others not. */
SW_MUST_USE sw_status sw_rowgroup_take(uint32_t columns, struct sw_chunk *const *chunks,
                                       uint64_t first_row_id, struct sw_chunk *row_ids,
                                       struct sw_rowgroup **group);
struct sw_rowgroup *sw_rowgroup_ref(struct sw_rowgroup *group);
void sw_rowgroup_unref(struct sw_rowgroup *group);
/* A copy with one chunk put in another's place (reference taken over). */
SW_MUST_USE sw_status sw_rowgroup_with_chunk(const struct sw_rowgroup *group, uint32_t column,
                                             struct sw_chunk *chunk, struct sw_rowgroup **copy);
/* A copy without the chunks of the columns of `set` (see formula.h). */
SW_MUST_USE sw_status sw_rowgroup_without(const struct sw_rowgroup *group, const uint8_t *set,
                                          struct sw_rowgroup **copy);
/* Fills an empty slot; takes over the reference. Where another thread was faster, its chunk stays
 * and this one goes. */
void sw_rowgroup_fill(struct sw_rowgroup *group, uint32_t column, struct sw_chunk *chunk);
/* Of a group whose row_ids, where there are some, are pinned. */
uint64_t sw_rowgroup_row_id(const struct sw_rowgroup *group, uint32_t row);
SW_MUST_USE sw_status sw_rowgroup_pin_ids(const struct sw_rowgroup *group, struct sw_err *err);
void sw_rowgroup_unpin_ids(const struct sw_rowgroup *group);

/* A version of the given groups (references are added, the caller keeps its own). */
SW_MUST_USE sw_status sw_version_new(uint64_t number, struct sw_schema *schema, uint32_t groups,
                                     struct sw_rowgroup *const *group, uint64_t next_row_id,
                                     struct sw_version **version);
struct sw_version *sw_version_ref(struct sw_version *version);
void sw_version_unref(struct sw_version *version);
/* Row group and row in it of the row at a position; position < version->rows. */
void sw_version_locate(const struct sw_version *version, uint64_t position, uint32_t *group,
                       uint32_t *row);
/* Bytes held by its chunks and dictionaries (each dictionary once); of formulas what is there. */
size_t sw_version_bytes(const struct sw_version *version);
/* Of them, those that are not in memory now. */
size_t sw_version_away_bytes(const struct sw_version *version);
/* Zone of a whole column: bounds, nulls, nans over all groups, but for empty slots. */
struct sw_column_zone {
    bool has_values;
    uint64_t nulls, nans;
    int64_t min_i, max_i;
    double min_f, max_f;
};
struct sw_column_zone sw_version_zone(const struct sw_version *version, uint32_t column);

#endif
