#include "session/forget.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <uthash.h>

#include "exec/page.h"
#include "session/history.h"
#include "session/prepare.h"

/* What stands for what, so that row groups and versions are shared as before.  A row group may be
 * shared by versions of which one has as values what is a formula in the other (frozen). */
struct key {
    const void *before, *schema; /* they live as long as the forgetting */
};

struct pair {
    struct key key;
    void *after; /* counted */
    UT_hash_handle hh;
};

struct forgetting {
    struct pair *groups, *versions;
    bool is_any;
    bool has_failed; /* no memory: what is left stays as it is */
};

static void *find(const struct pair *pairs, struct key key)
{
    struct pair *pair;
    HASH_FIND(hh, pairs, &key, sizeof key, pair);
    return pair == NULL ? NULL : pair->after;
}

static bool add(struct pair **pairs, struct key key, void *after)
{
    struct pair *pair = malloc(sizeof *pair);
    if (pair == NULL) {
        return false;
    }
    pair->key = key;
    pair->after = after;
    HASH_ADD(hh, *pairs, key, sizeof key, pair);
    return true;
}

/* -- row groups --------------------------------------------------------------------------- */

static bool has_any(const struct sw_rowgroup *group, const uint8_t *set)
{
    for (uint32_t i = 0; i < group->columns; i++) {
        if (set[i] != 0 && atomic_load(&group->chunk[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Borrowed; NULL: no memory. */
static struct sw_rowgroup *group_without(struct forgetting *forgetting, struct sw_rowgroup *group,
                                         const struct sw_schema *schema, const uint8_t *set)
{
    const struct key key = {group, schema};
    struct sw_rowgroup *made = find(forgetting->groups, key);
    if (made != NULL) {
        return made;
    }
    if (!has_any(group, set)) {
        made = sw_rowgroup_ref(group);
    } else if (sw_rowgroup_without(group, set, &made) != SW_OK) {
        return NULL;
    }
    if (!add(&forgetting->groups, key, made)) {
        sw_rowgroup_unref(made);
        return NULL;
    }
    forgetting->is_any = forgetting->is_any || made != group;
    return made;
}

/* -- versions ------------------------------------------------------------------------------ */

static struct sw_version *version_without(struct forgetting *forgetting,
                                          const struct sw_version *version, const uint8_t *set,
                                          struct sw_rowgroup **group)
{
    struct sw_version *made = NULL;
    for (uint32_t i = 0; i < version->groups; i++) {
        group[i] = group_without(forgetting, version->group[i], version->schema, set);
        if (group[i] == NULL) {
            return NULL;
        }
    }
    if (sw_version_new(version->number, version->schema, version->groups, group,
                       version->next_row_id, &made) != SW_OK) {
        return NULL;
    }
    made->content = version->content;
    return made;
}

static struct sw_version *make_version(struct forgetting *forgetting,
                                       const struct sw_version *version)
{
    const struct sw_schema *schema = version->schema;
    struct sw_rowgroup **group = calloc(version->groups + (size_t)1, sizeof(struct sw_rowgroup *));
    uint8_t *set = calloc(schema->columns + (size_t)1, 1);
    struct sw_version *made = NULL;
    if (group != NULL && set != NULL) {
        for (uint32_t i = 0; i < schema->columns; i++) {
            set[i] = schema->column[i].formula != NULL;
        }
        made = version_without(forgetting, version, set, group);
    }
    free(group);
    free(set);
    return made;
}

/* Exchanges a counted reference. */
static void exchange(void *context, struct sw_version **version)
{
    struct forgetting *forgetting = context;
    if (*version == NULL || (*version)->schema->formulas == 0 || forgetting->has_failed) {
        return;
    }
    const struct key key = {*version, (*version)->schema};
    struct sw_version *made = find(forgetting->versions, key);
    if (made == NULL) {
        made = make_version(forgetting, *version);
        if (made == NULL || !add(&forgetting->versions, key, made)) {
            sw_version_unref(made);
            forgetting->has_failed = true;
            return;
        }
        (void)sw_version_ref(*version); /* the key */
    }
    sw_version_unref(*version);
    *version = sw_version_ref(made);
}

static void finish(struct forgetting *forgetting)
{
    struct pair *pair;
    struct pair *next;
    HASH_ITER (hh, forgetting->versions, pair, next) {
        HASH_DEL(forgetting->versions, pair);
        sw_version_unref((struct sw_version *)(uintptr_t)pair->key.before);
        sw_version_unref(pair->after);
        free(pair);
    }
    HASH_ITER (hh, forgetting->groups, pair, next) {
        HASH_DEL(forgetting->groups, pair);
        sw_rowgroup_unref(pair->after);
        free(pair);
    }
}

bool sw_forget_formulas(struct sw_session *session, struct sw_version **mine)
{
    struct forgetting forgetting = {0};
    for (uint32_t i = 0; i < session->tables.count; i++) {
        struct sw_table *table = session->tables.item[i];
        if (table->is_shared || table->is_loading) {
            continue;
        }
        exchange(&forgetting, &table->version);
        struct sw_history *history = table->history;
        for (uint32_t k = 0; history != NULL && k < history->count; k++) {
            exchange(&forgetting, &history->step[k].before);
            exchange(&forgetting, &history->step[k].after);
        }
    }
    sw_prepare_exchange(session, exchange, &forgetting);
    if (mine != NULL) {
        exchange(&forgetting, mine);
    }
    sw_order_cache_clear(session->orders);
    finish(&forgetting);
    return forgetting.is_any;
}
