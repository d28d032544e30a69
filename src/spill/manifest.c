/* uthash, told to report that memory ran out instead of ending the program. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) (is_out_of_memory = true)

#include "spill/manifest.h"

#include <stdlib.h>

#include "spill/row.h"

void sw_manifest_init(struct sw_manifest *manifest)
{
    *manifest = (struct sw_manifest){.next_group = 1, .next_columns = 1, .next_version = 1};
}

static void free_group(struct sw_manifest *manifest, struct sw_stored_group *group)
{
    HASH_DEL(manifest->groups, group);
    free(group->key);
    free(group);
}

static void free_columns(struct sw_manifest *manifest, struct sw_stored_columns *columns)
{
    HASH_DEL(manifest->columns, columns);
    sw_buf_fini(&columns->bytes);
    free(columns);
}

static void free_version(struct sw_manifest *manifest, struct sw_stored_version *version)
{
    HASH_DEL(manifest->versions, version);
    sw_buf_fini(&version->groups);
    free(version);
}

void sw_manifest_fini(struct sw_manifest *manifest)
{
    while (manifest->groups != NULL) {
        free_group(manifest, manifest->groups);
    }
    while (manifest->columns != NULL) {
        free_columns(manifest, manifest->columns);
    }
    while (manifest->versions != NULL) {
        free_version(manifest, manifest->versions);
    }
}

uint64_t sw_manifest_group_hash(const struct sw_rowgroup *group, const struct sw_schema *schema)
{
    uint64_t hash = sw_hash_bytes(&group->id, sizeof(group->id), 0);
    for (uint32_t i = 0; schema->formulas > 0 && i < schema->columns; i++) {
        if (schema->column[i].formula != NULL) {
            hash = sw_hash_bytes(&i, sizeof(i), hash);
        }
    }
    return hash;
}

uint64_t sw_manifest_version_hash(const struct sw_version *version, int64_t columns,
                                  struct sw_span groups)
{
    const uint64_t facts[3] = {version->number, version->next_row_id, (uint64_t)columns};
    return sw_hash_bytes(groups.data, groups.length, sw_hash_bytes(facts, sizeof(facts), 0));
}

/* -- entries ------------------------------------------------------------------------------ */

struct sw_stored_group *sw_manifest_group(const struct sw_manifest *manifest, uint64_t hash)
{
    struct sw_stored_group *found;
    HASH_FIND(hh, manifest->groups, &hash, sizeof(hash), found);
    return found;
}

struct sw_stored_group *sw_manifest_add_group(struct sw_manifest *manifest, uint64_t hash,
                                              int64_t id, uint32_t keys)
{
    bool is_out_of_memory = false;
    struct sw_stored_group *made = calloc(1, sizeof(*made));
    if (made == NULL || (made->key = calloc(keys, sizeof(*made->key))) == NULL) {
        free(made);
        return NULL;
    }
    made->hash = hash;
    made->id = id;
    made->keys = keys;
    HASH_ADD(hh, manifest->groups, hash, sizeof(made->hash), made);
    if (is_out_of_memory) {
        free(made->key);
        free(made);
        return NULL;
    }
    manifest->next_group = id >= manifest->next_group ? id + 1 : manifest->next_group;
    return made;
}

struct sw_stored_columns *sw_manifest_columns(const struct sw_manifest *manifest, uint64_t hash)
{
    struct sw_stored_columns *found;
    HASH_FIND(hh, manifest->columns, &hash, sizeof(hash), found);
    return found;
}

struct sw_stored_columns *sw_manifest_add_columns(struct sw_manifest *manifest, uint64_t hash,
                                                  int64_t id)
{
    bool is_out_of_memory = false;
    struct sw_stored_columns *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    made->hash = hash;
    made->id = id;
    HASH_ADD(hh, manifest->columns, hash, sizeof(made->hash), made);
    if (is_out_of_memory) {
        free(made);
        return NULL;
    }
    manifest->next_columns = id >= manifest->next_columns ? id + 1 : manifest->next_columns;
    return made;
}

struct sw_stored_version *sw_manifest_version(const struct sw_manifest *manifest, uint64_t hash)
{
    struct sw_stored_version *found;
    HASH_FIND(hh, manifest->versions, &hash, sizeof(hash), found);
    return found;
}

struct sw_stored_version *sw_manifest_add_version(struct sw_manifest *manifest, uint64_t hash,
                                                  int64_t id)
{
    bool is_out_of_memory = false;
    struct sw_stored_version *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    made->hash = hash;
    made->id = id;
    HASH_ADD(hh, manifest->versions, hash, sizeof(made->hash), made);
    if (is_out_of_memory) {
        free(made);
        return NULL;
    }
    manifest->next_version = id >= manifest->next_version ? id + 1 : manifest->next_version;
    return made;
}

/* -- marks -------------------------------------------------------------------------------- */

void sw_manifest_unmark(struct sw_manifest *manifest)
{
    for (struct sw_stored_group *at = manifest->groups; at != NULL; at = at->hh.next) {
        at->is_marked = false;
    }
    for (struct sw_stored_columns *at = manifest->columns; at != NULL; at = at->hh.next) {
        at->is_marked = false;
    }
    for (struct sw_stored_version *at = manifest->versions; at != NULL; at = at->hh.next) {
        at->is_marked = false;
    }
}

/* Does an entry stay, after the transaction? */
static bool stays(bool is_stored, bool is_marked, bool is_committed)
{
    return is_committed ? is_marked : is_stored;
}

static void settle_groups(struct sw_manifest *manifest, bool is_committed,
                          sw_manifest_group_fn moved, void *context)
{
    struct sw_stored_group *at;
    struct sw_stored_group *next;
    HASH_ITER (hh, manifest->groups, at, next) {
        bool stayed = stays(at->is_stored, at->is_marked, is_committed);
        if (is_committed && at->is_stored != stayed) {
            moved(context, at, stayed ? 1 : -1);
        }
        at->source = NULL;
        at->is_stored = true;
        if (!stayed) {
            free_group(manifest, at);
        }
    }
}

void sw_manifest_settle(struct sw_manifest *manifest, bool is_committed, sw_manifest_group_fn moved,
                        void *context)
{
    settle_groups(manifest, is_committed, moved, context);
    struct sw_stored_columns *columns;
    struct sw_stored_columns *next_columns;
    HASH_ITER (hh, manifest->columns, columns, next_columns) {
        if (stays(columns->is_stored, columns->is_marked, is_committed)) {
            sw_buf_fini(&columns->bytes);
            columns->is_stored = true;
        } else {
            free_columns(manifest, columns);
        }
    }
    struct sw_stored_version *version;
    struct sw_stored_version *next_version;
    HASH_ITER (hh, manifest->versions, version, next_version) {
        if (stays(version->is_stored, version->is_marked, is_committed)) {
            sw_buf_fini(&version->groups);
            version->source = NULL;
            version->is_stored = true;
        } else {
            free_version(manifest, version);
        }
    }
}
