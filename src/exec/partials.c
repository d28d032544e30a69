/* See partials.h.  A table of chains under one lock; a list by last use.  What leaves is freed
 * after the lock.                                                                             */
#include "exec/partials.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "fold/fold.h"

#define CHAINS_MIN 64u
#define SLACK      (256u << 10) /* given back on top of what was asked for: the next asks soon */

struct sw_partial {
    _Atomic uint32_t refs;
    struct sw_identity key;
    void *state; /* owned */
    size_t bytes;
    struct sw_budget *budget; /* charged */
    /* lock, while it is in the table */
    struct sw_partial *chain, *newer, *older;
};

struct sw_partials {
    struct sw_partials_set *set;
    struct sw_partials *next, **link; /* lock: the set's */
    struct sw_budget *budget;
    size_t most; /* bytes */
    pthread_mutex_t lock;
    /* lock: */
    size_t bytes, count, chains;
    struct sw_partial **chain; /* [chains] a power of two; owned */
    struct sw_partial *newest, *oldest;
};

struct sw_partials_set {
    struct sw_budget *budget;
    pthread_mutex_t lock;
    struct sw_partials *first; /* lock */
};

/* -- one ------------------------------------------------------------------------------ */

const void *sw_partial_state(const struct sw_partial *partial)
{
    return partial->state;
}

/* Acquire and release: the last one sees what all others did with the state. */
void sw_partial_unref(struct sw_partial *partial)
{
    if (partial == NULL || atomic_fetch_sub_explicit(&partial->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    sw_foldrun_state_free(partial->state);
    sw_budget_release(partial->budget, partial->bytes);
    free(partial);
}

static struct sw_partial *ref(struct sw_partial *partial)
{
    atomic_fetch_add_explicit(&partial->refs, 1, memory_order_relaxed);
    return partial;
}

/* -- the table: the lock is held -------------------------------------------------------- */

static struct sw_partial **chain_of(const struct sw_partials *partials,
                                    const struct sw_identity *key)
{
    return &partials->chain[key->a & (partials->chains - 1)];
}

static void unlink_use(struct sw_partials *partials, struct sw_partial *partial)
{
    *(partial->newer != NULL ? &partial->newer->older : &partials->newest) = partial->older;
    *(partial->older != NULL ? &partial->older->newer : &partials->oldest) = partial->newer;
}

static void link_use(struct sw_partials *partials, struct sw_partial *partial)
{
    partial->newer = NULL;
    partial->older = partials->newest;
    *(partial->older != NULL ? &partial->older->newer : &partials->oldest) = partial;
    partials->newest = partial;
}

static struct sw_partial *look_up(struct sw_partials *partials, const struct sw_identity *key)
{
    struct sw_partial *partial = *chain_of(partials, key);
    while (partial != NULL && !sw_identity_equal(&partial->key, key)) {
        partial = partial->chain;
    }
    return partial;
}

/* Failing to grow makes chains longer, no more. */
static void grow(struct sw_partials *partials)
{
    size_t chains = partials->chains * 2;
    struct sw_partial **chain = calloc(chains, sizeof(*chain));
    if (chain == NULL) {
        return;
    }
    free(partials->chain);
    partials->chain = chain;
    partials->chains = chains;
    for (struct sw_partial *at = partials->newest; at != NULL; at = at->older) {
        struct sw_partial **to = chain_of(partials, &at->key);
        at->chain = *to;
        *to = at;
    }
}

static void add(struct sw_partials *partials, struct sw_partial *partial)
{
    if (partials->count >= partials->chains) {
        grow(partials);
    }
    struct sw_partial **to = chain_of(partials, &partial->key);
    partial->chain = *to;
    *to = partial;
    link_use(partials, partial);
    partials->count++;
    partials->bytes += partial->bytes;
}

static void take_out(struct sw_partials *partials, struct sw_partial *partial)
{
    struct sw_partial **at = chain_of(partials, &partial->key);
    while (*at != partial) {
        at = &(*at)->chain;
    }
    *at = partial->chain;
    unlink_use(partials, partial);
    partials->count--;
    partials->bytes -= partial->bytes;
}

/* The oldest ones until `bytes` are out, in a list by `chain`, still counted. */
static struct sw_partial *take_oldest(struct sw_partials *partials, size_t bytes, size_t *taken)
{
    struct sw_partial *out = NULL;
    *taken = 0;
    while (*taken < bytes && partials->oldest != NULL) {
        struct sw_partial *oldest = partials->oldest;
        take_out(partials, oldest);
        *taken += oldest->bytes;
        oldest->chain = out;
        out = oldest;
    }
    return out;
}

static void unref_list(struct sw_partial *list)
{
    while (list != NULL) {
        struct sw_partial *next = list->chain;
        sw_partial_unref(list);
        list = next;
    }
}

/* -- finding and keeping ---------------------------------------------------------------- */

void sw_partials_find(struct sw_partials *partials, const struct sw_identity *key, uint32_t count,
                      struct sw_partial **found)
{
    pthread_mutex_lock(&partials->lock);
    for (uint32_t i = 0; i < count; i++) {
        found[i] = look_up(partials, &key[i]);
        if (found[i] != NULL) {
            unlink_use(partials, found[i]);
            link_use(partials, found[i]);
            (void)ref(found[i]);
        }
    }
    pthread_mutex_unlock(&partials->lock);
}

static struct sw_partial *new_partial(struct sw_partials *partials, const struct sw_identity *key,
                                      void *state, size_t bytes)
{
    if (bytes > partials->most || !sw_budget_charge_spare(partials->budget, bytes)) {
        return NULL;
    }
    struct sw_partial *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        sw_budget_release(partials->budget, bytes);
        return NULL;
    }
    atomic_init(&made->refs, 2);
    made->key = *key;
    made->state = state;
    made->bytes = bytes;
    made->budget = partials->budget;
    return made;
}

struct sw_partial *sw_partials_keep(struct sw_partials *partials, const struct sw_identity *key,
                                    void *state, size_t bytes)
{
    struct sw_partial *made = new_partial(partials, key, state, bytes + sizeof(*made));
    struct sw_partial *out = NULL;
    size_t taken;
    if (made == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&partials->lock);
    struct sw_partial *before = look_up(partials, key);
    if (before != NULL) { /* another scan was faster; one of them is enough */
        take_out(partials, before);
    }
    if (partials->bytes + made->bytes > partials->most) {
        out = take_oldest(partials, made->bytes, &taken);
    }
    add(partials, made);
    pthread_mutex_unlock(&partials->lock);
    sw_partial_unref(before);
    unref_list(out);
    return made;
}

size_t sw_partials_give_up(struct sw_partials *partials, size_t bytes)
{
    size_t taken;
    pthread_mutex_lock(&partials->lock);
    struct sw_partial *out = take_oldest(partials, bytes, &taken);
    pthread_mutex_unlock(&partials->lock);
    unref_list(out);
    return taken;
}

size_t sw_partials_bytes(struct sw_partials *partials)
{
    pthread_mutex_lock(&partials->lock);
    size_t bytes = partials->bytes;
    pthread_mutex_unlock(&partials->lock);
    return bytes;
}

/* -- when memory runs short ---------------------------------------------------------------- */

static size_t with_slack(size_t bytes)
{
    return bytes > SIZE_MAX - SLACK ? SIZE_MAX : bytes + SLACK;
}

static size_t shed(void *context, size_t bytes)
{
    return sw_partials_give_up(context, with_slack(bytes));
}

/* From one session after another: which of them used theirs last is not known here. */
static size_t shed_any(void *context, size_t bytes)
{
    struct sw_partials_set *set = context;
    size_t given = 0;
    pthread_mutex_lock(&set->lock);
    for (struct sw_partials *at = set->first; at != NULL && given == 0; at = at->next) {
        given = sw_partials_give_up(at, with_slack(bytes));
    }
    pthread_mutex_unlock(&set->lock);
    return given;
}

/* -- lifetime ---------------------------------------------------------------------------------- */

sw_status sw_partials_set_new(struct sw_budget *budget, struct sw_partials_set **set)
{
    struct sw_partials_set *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->budget = budget;
    pthread_mutex_init(&made->lock, NULL);
    sw_budget_add_shed(budget, shed_any, made);
    *set = made;
    return SW_OK;
}

void sw_partials_set_free(struct sw_partials_set *set)
{
    if (set == NULL) {
        return;
    }
    sw_assert(set->first == NULL);
    sw_budget_remove_shed(set->budget, shed_any);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

static void join(struct sw_partials_set *set, struct sw_partials *partials)
{
    pthread_mutex_lock(&set->lock);
    partials->next = set->first;
    partials->link = &set->first;
    if (partials->next != NULL) {
        partials->next->link = &partials->next;
    }
    set->first = partials;
    pthread_mutex_unlock(&set->lock);
}

static void leave(struct sw_partials_set *set, struct sw_partials *partials)
{
    pthread_mutex_lock(&set->lock);
    *partials->link = partials->next;
    if (partials->next != NULL) {
        partials->next->link = partials->link;
    }
    pthread_mutex_unlock(&set->lock);
}

sw_status sw_partials_new(struct sw_partials_set *set, struct sw_budget *budget,
                          struct sw_partials **partials)
{
    struct sw_partials *made = calloc(1, sizeof(*made));
    struct sw_partial **chain = calloc(CHAINS_MIN, sizeof(*chain));
    if (made == NULL || chain == NULL) {
        free(made);
        free(chain);
        return SW_NO_MEMORY;
    }
    size_t share = (size_t)(budget->limit / SW_PARTIALS_SHARE);
    made->set = set;
    made->budget = budget;
    made->most = share < SW_PARTIALS_BYTES_MAX ? share : SW_PARTIALS_BYTES_MAX;
    made->chain = chain;
    made->chains = CHAINS_MIN;
    pthread_mutex_init(&made->lock, NULL);
    if (set != NULL) {
        join(set, made);
    }
    sw_budget_add_shed(budget, shed, made);
    *partials = made;
    return SW_OK;
}

void sw_partials_free(struct sw_partials *partials)
{
    if (partials == NULL) {
        return;
    }
    sw_budget_remove_shed(partials->budget, shed);
    if (partials->set != NULL) {
        leave(partials->set, partials);
    }
    (void)sw_partials_give_up(partials, SIZE_MAX);
    pthread_mutex_destroy(&partials->lock);
    free(partials->chain);
    free(partials);
}
