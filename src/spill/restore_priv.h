/* restore_priv: what restore.c and its two halves share.  No one else includes it.
 *
 *   restore_read.c    the rows of the session's file, checked one by one
 *   restore_build.c   row groups with their chunks, then versions and tables of them       */
#ifndef SW_SPILL_RESTORE_PRIV_H
#define SW_SPILL_RESTORE_PRIV_H

#include "spill/restore.h"
#include "spill/spill_priv.h"

struct sw_restore_columns {
    int64_t id;
    struct sw_schema *schema; /* counted */
};

struct sw_restore_group {
    int64_t id;
    uint32_t rows, columns;
    uint64_t first_row_id, row_ids;
    uint64_t *key;             /* [columns]; arena */
    struct sw_rowgroup *group; /* counted; NULL until it is built */
    bool is_known;             /* entered in the manifest */
};

struct sw_restore_version {
    int64_t id, columns;
    uint64_t number, next_row_id;
    uint64_t groups;
    int64_t *group;             /* [groups] ids; arena */
    struct sw_version *version; /* counted; NULL until it is built */
};

struct sw_restore_step {
    int64_t data, before, after;
    struct sw_saved_step step;
};

struct sw_restore_data {
    int64_t version;
    struct sw_saved_table table;
};

/* A chunk that several row groups share. */
struct sw_restore_chunk {
    uint64_t key;
    struct sw_chunk *chunk; /* counted */
    UT_hash_handle hh;
};

enum sw_restore_phase { SW_RESTORE_READ, SW_RESTORE_GROUPS, SW_RESTORE_BUILD, SW_RESTORE_DONE };

struct sw_restore {
    struct sw_store *store;
    struct sw_budget *budget;
    enum sw_restore_phase phase;
    struct sw_arena arena; /* of the rows */
    struct sw_restore_columns *columns;
    struct sw_restore_group *group;
    struct sw_restore_version *version;
    struct sw_restore_data *data;
    struct sw_restore_step *step;
    struct sw_saved_fact *fact;
    uint32_t columns_count, group_count, version_count, data_count, step_count, fact_count;
    uint32_t columns_room, group_room, version_room, data_room, step_room, fact_room;
    uint64_t seq;
    struct sw_restore_chunk *chunks; /* hash; owned */
    struct sw_saved *state;          /* owned until taken; texts go into its arena as they come */
    _Atomic uint32_t built, total;   /* row groups */
};

/* All rows of the session's file. */
SW_MUST_USE sw_status sw_restore_read(struct sw_restore *restore, struct sw_err *err);
/* Row group i with its chunks. */
SW_MUST_USE sw_status sw_restore_build_group(struct sw_restore *restore, uint32_t i,
                                             struct sw_err *err);
/* Versions, tables, the state; the manifest and the map know them afterwards. */
SW_MUST_USE sw_status sw_restore_build(struct sw_restore *restore, struct sw_err *err);
void sw_restore_drop_chunks(struct sw_restore *restore);

#endif
