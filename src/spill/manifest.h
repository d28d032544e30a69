/* manifest: what of versions, row groups and schemas the session's file holds by now, so
 * that a save writes only what is new and removes what nothing holds any more.  Under
 * `writing`.  For this folder alone.
 *
 * A save marks what the state holds (adding entries), writes those that are not stored
 * and removes those without a mark, all in one transaction; then it settles: what was
 * written stays, what was removed goes; or, when the transaction failed, the other way.  */
#ifndef SW_SPILL_MANIFEST_H
#define SW_SPILL_MANIFEST_H

#include <uthash.h>

#include "base/buf.h"
#include "table/table.h"

/* A row group, under which columns of it are formulas: their chunks are not stored. */
struct sw_stored_group {
    uint64_t hash; /* of its id in this process and of which columns are formulas */
    int64_t id;
    bool is_stored, is_marked;
    uint32_t keys;                    /* columns + 1 */
    uint64_t *key;                    /* [keys] of its chunks, 0: none; the last: row ids; owned */
    const struct sw_rowgroup *source; /* borrowed while it is being written */
    UT_hash_handle hh;
};

struct sw_stored_columns {
    uint64_t hash; /* of its bytes */
    int64_t id;
    bool is_stored, is_marked;
    struct sw_buf bytes; /* empty once stored */
    UT_hash_handle hh;
};

struct sw_stored_version {
    uint64_t hash; /* of number, columns, next row id, groups */
    int64_t id;
    bool is_stored, is_marked;
    int64_t columns;
    struct sw_buf groups;            /* ids; empty once stored */
    const struct sw_version *source; /* borrowed while it is being written */
    UT_hash_handle hh;
};

struct sw_manifest {
    struct sw_stored_group *groups; /* owned, as the next two */
    struct sw_stored_columns *columns;
    struct sw_stored_version *versions;
    int64_t next_group, next_columns, next_version;
};

void sw_manifest_init(struct sw_manifest *manifest);
void sw_manifest_fini(struct sw_manifest *manifest);

/* Identity of a group under a schema. */
uint64_t sw_manifest_group_hash(const struct sw_rowgroup *group, const struct sw_schema *schema);
uint64_t sw_manifest_version_hash(const struct sw_version *version, int64_t columns,
                                  struct sw_span groups);

/* NULL: not there / no memory. A new entry is not stored and not marked. */
struct sw_stored_group *sw_manifest_group(const struct sw_manifest *manifest, uint64_t hash);
struct sw_stored_group *sw_manifest_add_group(struct sw_manifest *manifest, uint64_t hash,
                                              int64_t id, uint32_t keys);
struct sw_stored_columns *sw_manifest_columns(const struct sw_manifest *manifest, uint64_t hash);
struct sw_stored_columns *sw_manifest_add_columns(struct sw_manifest *manifest, uint64_t hash,
                                                  int64_t id);
struct sw_stored_version *sw_manifest_version(const struct sw_manifest *manifest, uint64_t hash);
struct sw_stored_version *sw_manifest_add_version(struct sw_manifest *manifest, uint64_t hash,
                                                  int64_t id);

/* All marks off. */
void sw_manifest_unmark(struct sw_manifest *manifest);
/* Called for each group that comes (+1) or goes (-1) for good. */
typedef void (*sw_manifest_group_fn)(void *context, const struct sw_stored_group *group, int by);
void sw_manifest_settle(struct sw_manifest *manifest, bool is_committed, sw_manifest_group_fn moved,
                        void *context);

#endif
