/* See dict.h.
 *
 * Entries live in segments that never move (64, 64, 128, 256, ... of them), their bytes in pages
 * that never move: a reader that was handed a code by a chunk finds both without a lock.  The
 * hash table behind intern and find is open addressing over slots of 24 bytes.  Up to 16 bytes a
 * string is its own key, so that a hit touches one slot; a longer one keeps 96 bits of its hash
 * there and is then compared in full.  Hash and keys are seeded per dictionary: file contents
 * come from outside.  The slots of a column that is read in are most of a dictionary and hardly
 * used: they go, where making them again is a matter of less than a millisecond.
 *
 * The hash is two 64x64 -> 128 bit multiplications folded ("mum", Wang Yi's wyhash). */
#include "table/dict.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/random.h"

#define FIRST_BITS 6 /* 64 entries in the first segment */
#define SEGMENTS   (22 - FIRST_BITS + 1)
#define PAGE_MIN   1024u
#define PAGE_MAX   (256u << 10)
#define SLOTS_MIN  64u
#define SETTLE_MAX 16384u /* entries, of which slots are made again in 0.5 ms */
#define AHEAD      8u     /* strings whose slots are fetched before they are looked at */

_Static_assert(SW_DICT_ENTRIES_MAX == 1u << (FIRST_BITS + SEGMENTS - 1), "segments hold them all");

struct entry {
    const char *data;
    uint32_t length;
};

struct slot {
    uint64_t low, high; /* the bytes themselves up to 16, else the hash and the last 8 bytes */
    uint32_t length;
    uint32_t code; /* SW_DICT_NONE: free */
};

struct key {
    uint64_t low, high, hash;
};

struct page {
    struct page *next;
    size_t used, size;
    char bytes[];
};

struct ranks {
    struct ranks *next;
    uint32_t count;
    uint32_t rank[];
};

struct sw_dict {
    _Atomic uint32_t refs;
    _Atomic uint32_t count;   /* entries; written by the writer */
    _Atomic size_t held;      /* bytes charged */
    _Atomic uintptr_t writer; /* pthread_self() of the holder of the write lock, or 0 */
    pthread_rwlock_t lock;    /* slots and all that follows */
    struct entry *segment[SEGMENTS];
    struct slot *slot; /* NULL: settled */
    uint32_t slots;    /* power of two */
    size_t text_bytes;
    struct page *page; /* newest first */
    uint64_t seed[4];
    struct sw_budget *budget;
    pthread_mutex_t ranks_lock;
    struct ranks *ranks; /* lock: ranks_lock; kept until the dictionary goes */
};

/* -- memory ---------------------------------------------------------------- */

/* Charged memory; NULL with *status set. */
static void *allocate(struct sw_dict *dict, size_t size, sw_status *status)
{
    *status = sw_budget_charge(dict->budget, size, NULL);
    if (*status != SW_OK) {
        return NULL;
    }
    void *memory = malloc(size);
    if (memory == NULL) {
        sw_budget_release(dict->budget, size);
        *status = SW_NO_MEMORY;
        return NULL;
    }
    atomic_fetch_add_explicit(&dict->held, size, memory_order_relaxed);
    return memory;
}

static void release(struct sw_dict *dict, void *memory, size_t size)
{
    free(memory);
    sw_budget_release(dict->budget, size);
    atomic_fetch_sub_explicit(&dict->held, size, memory_order_relaxed);
}

static struct slot *new_slots(struct sw_dict *dict, uint32_t slots, sw_status *status)
{
    struct slot *slot = allocate(dict, slots * sizeof(*slot), status);
    for (uint32_t i = 0; slot != NULL && i < slots; i++) {
        slot[i] = (struct slot){.code = SW_DICT_NONE};
    }
    return slot;
}

sw_status sw_dict_new(struct sw_budget *budget, struct sw_dict **dict, struct sw_err *err)
{
    SW_TRY(sw_budget_charge(budget, sizeof(**dict), err));
    struct sw_dict *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        sw_budget_release(budget, sizeof(*made));
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory for a dictionary.");
    }
    atomic_init(&made->refs, 1);
    atomic_init(&made->held, sizeof(*made));
    made->budget = budget;
    sw_random_bytes(made->seed, sizeof(made->seed));
    sw_assert(pthread_rwlock_init(&made->lock, NULL) == 0);
    sw_assert(pthread_mutex_init(&made->ranks_lock, NULL) == 0);
    sw_status status;
    made->slots = SLOTS_MIN;
    made->slot = new_slots(made, SLOTS_MIN, &status);
    if (made->slot == NULL) {
        sw_dict_unref(made);
        return sw_fail(err, status, "There is not enough memory for a dictionary.");
    }
    *dict = made;
    return SW_OK;
}

struct sw_dict *sw_dict_ref(struct sw_dict *dict)
{
    atomic_fetch_add_explicit(&dict->refs, 1, memory_order_relaxed);
    return dict;
}

void sw_dict_unref(struct sw_dict *dict)
{
    if (dict == NULL || atomic_fetch_sub_explicit(&dict->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        free(dict->segment[i]);
    }
    while (dict->page != NULL) {
        struct page *page = dict->page;
        dict->page = page->next;
        free(page);
    }
    while (dict->ranks != NULL) {
        struct ranks *ranks = dict->ranks;
        dict->ranks = ranks->next;
        free(ranks);
    }
    free(dict->slot);
    sw_budget_release(dict->budget, atomic_load_explicit(&dict->held, memory_order_relaxed));
    pthread_rwlock_destroy(&dict->lock);
    pthread_mutex_destroy(&dict->ranks_lock);
    free(dict);
}

/* -- keys -------------------------------------------------------------------- */

static inline uint64_t load8(const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return word;
}

static inline uint64_t load4(const char *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof(word));
    return word;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* With the length, low and high tell any two strings of up to 16 bytes apart. */
static inline void key_of_short(struct sw_span text, struct key *key)
{
    const char *p = text.data;
    size_t n = text.length;
    key->high = 0;
    if (n >= 8) {
        key->low = load8(p);
        key->high = load8(p + n - 8);
    } else if (n >= 4) {
        key->low = load4(p) | load4(p + n - 4) << 32;
    } else if (n > 0) {
        key->low = (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n >> 1] << 8 |
                   (uint64_t)(unsigned char)p[n - 1] << 16;
    } else {
        key->low = 0;
    }
}

static void key_of_long(const struct sw_dict *dict, struct sw_span text, struct key *key)
{
    uint64_t hash = dict->seed[2];
    size_t i = 0;
    for (; i + 16 <= text.length; i += 16) {
        hash = mix(load8(text.data + i) ^ dict->seed[3], load8(text.data + i + 8) ^ hash);
    }
    hash = mix(load8(text.data + text.length - 16) ^ dict->seed[3],
               load8(text.data + text.length - 8) ^ hash);
    key->low = hash;
    key->high = load8(text.data + text.length - 8);
}

static inline struct key key_of(const struct sw_dict *dict, struct sw_span text)
{
    struct key key;
    if (text.length <= 16) {
        key_of_short(text, &key);
    } else {
        key_of_long(dict, text, &key);
    }
    key.hash = mix(key.low ^ dict->seed[0], key.high ^ dict->seed[1] ^ text.length);
    return key;
}

/* -- entries ------------------------------------------------------------------ */

static inline unsigned segment_of(uint32_t code, uint32_t *offset)
{
    if (code < (1u << FIRST_BITS)) {
        *offset = code;
        return 0;
    }
    unsigned bit = 31u - (unsigned)__builtin_clz(code);
    *offset = code - (1u << bit);
    return bit - FIRST_BITS + 1;
}

static size_t segment_entries(unsigned segment)
{
    return (size_t)1 << (segment == 0 ? FIRST_BITS : FIRST_BITS + segment - 1);
}

struct sw_span sw_dict_at(const struct sw_dict *dict, uint32_t code)
{
    uint32_t offset;
    unsigned segment = segment_of(code, &offset);
    const struct entry *entry = &dict->segment[segment][offset];
    return sw_span_of(entry->data, entry->length);
}

const struct sw_budget *sw_dict_budget(const struct sw_dict *dict)
{
    return dict->budget;
}

uint32_t sw_dict_count(const struct sw_dict *dict)
{
    return atomic_load_explicit(&dict->count, memory_order_acquire);
}

size_t sw_dict_bytes(const struct sw_dict *dict)
{
    return atomic_load_explicit(&dict->held, memory_order_relaxed);
}

/* The slot that holds the string, or the free one where it belongs. */
static inline struct slot *find_slot(const struct sw_dict *dict, struct sw_span text,
                                     const struct key *key)
{
    uint32_t mask = dict->slots - 1;
    for (uint32_t at = (uint32_t)key->hash & mask;; at = (at + 1) & mask) {
        struct slot *slot = &dict->slot[at];
        if (slot->code == SW_DICT_NONE) {
            return slot;
        }
        if (slot->low == key->low && slot->high == key->high && slot->length == text.length &&
            (text.length <= 16 || sw_span_equal(sw_dict_at(dict, slot->code), text))) {
            return slot;
        }
    }
}

/* Puts every string back in its slot.  Holder of the write lock. */
static sw_status wake(struct sw_dict *dict)
{
    if (dict->slot != NULL) {
        return SW_OK;
    }
    sw_status status;
    struct slot *slot = new_slots(dict, dict->slots, &status);
    if (slot == NULL) {
        return status;
    }
    dict->slot = slot;
    uint32_t count = atomic_load_explicit(&dict->count, memory_order_relaxed);
    for (uint32_t code = 0; code < count; code++) {
        struct sw_span text = sw_dict_at(dict, code);
        struct key key = key_of(dict, text);
        *find_slot(dict, text, &key) =
            (struct slot){key.low, key.high, (uint32_t)text.length, code};
    }
    return SW_OK;
}

/* Under the write lock; one by one where there is no memory for slots. */
static uint32_t find_waking(struct sw_dict *dict, struct sw_span text, const struct key *key)
{
    if (wake(dict) == SW_OK) {
        return find_slot(dict, text, key)->code;
    }
    uint32_t count = atomic_load_explicit(&dict->count, memory_order_relaxed);
    for (uint32_t code = 0; code < count; code++) {
        if (sw_span_equal(sw_dict_at(dict, code), text)) {
            return code;
        }
    }
    return SW_DICT_NONE;
}

static sw_status grow_slots(struct sw_dict *dict)
{
    sw_status status;
    uint32_t slots = dict->slots * 2;
    struct slot *grown = new_slots(dict, slots, &status);
    if (grown == NULL) {
        return status;
    }
    for (uint32_t i = 0; i < dict->slots; i++) {
        const struct slot *old = &dict->slot[i];
        if (old->code == SW_DICT_NONE) {
            continue;
        }
        uint64_t hash = mix(old->low ^ dict->seed[0], old->high ^ dict->seed[1] ^ old->length);
        uint32_t at = (uint32_t)hash & (slots - 1);
        while (grown[at].code != SW_DICT_NONE) {
            at = (at + 1) & (slots - 1);
        }
        grown[at] = *old;
    }
    release(dict, dict->slot, dict->slots * sizeof(*dict->slot));
    dict->slot = grown;
    dict->slots = slots;
    return SW_OK;
}

static sw_status keep_bytes(struct sw_dict *dict, struct sw_span text, const char **kept)
{
    struct page *page = dict->page;
    if (page == NULL || page->size - page->used < text.length) {
        size_t size = page == NULL ? PAGE_MIN : page->size * 2;
        size = size > PAGE_MAX ? PAGE_MAX : size;
        size = size < text.length ? text.length : size;
        sw_status status;
        page = allocate(dict, sizeof(*page) + size, &status);
        if (page == NULL) {
            return status;
        }
        *page = (struct page){.next = dict->page, .size = size};
        dict->page = page;
    }
    char *into = page->bytes + page->used;
    if (text.length > 0) {
        memcpy(into, text.data, text.length);
    }
    page->used += text.length;
    dict->text_bytes += text.length;
    *kept = into;
    return SW_OK;
}

/* Writes the entry of the next code and publishes the count. */
static sw_status add_entry(struct sw_dict *dict, struct sw_span text, uint32_t *code)
{
    uint32_t count = atomic_load_explicit(&dict->count, memory_order_relaxed);
    if (count >= SW_DICT_ENTRIES_MAX || text.length > SW_DICT_BYTES_MAX - dict->text_bytes) {
        return SW_LIMIT;
    }
    uint32_t offset;
    unsigned segment = segment_of(count, &offset);
    if (dict->segment[segment] == NULL) {
        sw_status status;
        dict->segment[segment] =
            allocate(dict, segment_entries(segment) * sizeof(struct entry), &status);
        if (dict->segment[segment] == NULL) {
            return status;
        }
    }
    struct entry *entry = &dict->segment[segment][offset];
    SW_TRY(keep_bytes(dict, text, &entry->data));
    entry->length = (uint32_t)text.length;
    atomic_store_explicit(&dict->count, count + 1, memory_order_release);
    *code = count;
    return SW_OK;
}

static sw_status add_string(struct sw_dict *dict, struct sw_span text, const struct key *key,
                            uint32_t *code)
{
    uint32_t count = atomic_load_explicit(&dict->count, memory_order_relaxed);
    if (count >= dict->slots / 2) {
        SW_TRY(grow_slots(dict));
    }
    SW_TRY(add_entry(dict, text, code));
    struct slot *slot = find_slot(dict, text, key);
    *slot = (struct slot){key->low, key->high, (uint32_t)text.length, *code};
    return SW_OK;
}

static inline sw_status intern_key(struct sw_dict *dict, struct sw_span text, const struct key *key,
                                   uint32_t *code)
{
    const struct slot *slot = find_slot(dict, text, key);
    if (slot->code != SW_DICT_NONE) {
        *code = slot->code;
        return SW_OK;
    }
    return add_string(dict, text, key, code);
}

/* -- the writer ---------------------------------------------------------------- */

void sw_dict_write_begin(struct sw_dict *dict)
{
    sw_assert(pthread_rwlock_wrlock(&dict->lock) == 0);
    atomic_store_explicit(&dict->writer, (uintptr_t)pthread_self(), memory_order_relaxed);
}

void sw_dict_write_end(struct sw_dict *dict)
{
    sw_assert(sw_dict_is_writer(dict));
    atomic_store_explicit(&dict->writer, 0, memory_order_relaxed);
    sw_assert(pthread_rwlock_unlock(&dict->lock) == 0);
}

void sw_dict_settle(struct sw_dict *dict)
{
    sw_assert(!sw_dict_is_writer(dict));
    sw_assert(pthread_rwlock_wrlock(&dict->lock) == 0);
    if (dict->slot != NULL && sw_dict_count(dict) <= SETTLE_MAX) {
        release(dict, dict->slot, dict->slots * sizeof(*dict->slot));
        dict->slot = NULL;
    }
    sw_assert(pthread_rwlock_unlock(&dict->lock) == 0);
}

/* Relaxed is enough: only the thread itself ever stores its own name. */
bool sw_dict_is_writer(const struct sw_dict *dict)
{
    return atomic_load_explicit(&dict->writer, memory_order_relaxed) == (uintptr_t)pthread_self();
}

sw_status sw_dict_intern(struct sw_dict *dict, struct sw_span text, uint32_t *code)
{
    if (text.length > SW_FIELD_BYTES_MAX) {
        return SW_LIMIT;
    }
    SW_TRY(wake(dict));
    struct key key = key_of(dict, text);
    return intern_key(dict, text, &key, code);
}

sw_status sw_dict_intern_all(struct sw_dict *dict, const struct sw_span *texts, size_t count,
                             uint32_t *codes, size_t *done)
{
    sw_status status = wake(dict);
    size_t i = 0;
    while (i < count && status == SW_OK) {
        struct key key[AHEAD];
        size_t n = count - i < AHEAD ? count - i : AHEAD;
        for (size_t k = 0; k < n; k++) {
            key[k] = key_of(dict, texts[i + k]);
            __builtin_prefetch(&dict->slot[(uint32_t)key[k].hash & (dict->slots - 1)]);
        }
        for (size_t k = 0; k < n && status == SW_OK; k++) {
            status = texts[i].length > SW_FIELD_BYTES_MAX
                         ? SW_LIMIT
                         : intern_key(dict, texts[i], &key[k], &codes[i]);
            i += status == SW_OK;
        }
    }
    *done = i;
    return status;
}

/* -- readers -------------------------------------------------------------------- */

uint32_t sw_dict_find(struct sw_dict *dict, struct sw_span text)
{
    if (text.length > SW_FIELD_BYTES_MAX) {
        return SW_DICT_NONE;
    }
    struct key key = key_of(dict, text);
    if (sw_dict_is_writer(dict)) {
        return find_waking(dict, text, &key);
    }
    sw_assert(pthread_rwlock_rdlock(&dict->lock) == 0);
    bool is_awake = dict->slot != NULL;
    uint32_t code = is_awake ? find_slot(dict, text, &key)->code : SW_DICT_NONE;
    sw_assert(pthread_rwlock_unlock(&dict->lock) == 0);
    if (!is_awake) {
        sw_assert(pthread_rwlock_wrlock(&dict->lock) == 0);
        code = find_waking(dict, text, &key);
        sw_assert(pthread_rwlock_unlock(&dict->lock) == 0);
    }
    return code;
}

struct sortable {
    uint64_t prefix; /* the first 8 bytes, so that most comparisons touch nothing else */
    uint32_t code;
};

static int compare_sortable(const void *a, const void *b, void *dict)
{
    const struct sortable *x = a;
    const struct sortable *y = b;
    if (x->prefix != y->prefix) {
        return x->prefix < y->prefix ? -1 : 1;
    }
    return sw_span_compare(sw_dict_at(dict, x->code), sw_dict_at(dict, y->code));
}

static uint64_t prefix_of(struct sw_span text)
{
    unsigned char bytes[8] = {0};
    if (text.length > 0) {
        memcpy(bytes, text.data, text.length < 8 ? text.length : 8);
    }
    return __builtin_bswap64(load8((const char *)bytes));
}

static void rank_all(struct sw_dict *dict, struct sortable *sortable, uint32_t count,
                     uint32_t *rank)
{
    for (uint32_t i = 0; i < count; i++) {
        sortable[i] = (struct sortable){prefix_of(sw_dict_at(dict, i)), i};
    }
    qsort_r(sortable, count, sizeof(*sortable), compare_sortable, dict);
    for (uint32_t i = 0; i < count; i++) {
        rank[sortable[i].code] = i;
    }
}

static struct ranks *make_ranks(struct sw_dict *dict, uint32_t count)
{
    sw_status status;
    size_t size = sizeof(struct ranks) + count * sizeof(uint32_t);
    struct ranks *ranks = allocate(dict, size, &status);
    struct sortable *sortable = malloc((count + (size_t)1) * sizeof(*sortable));
    if (ranks == NULL || sortable == NULL) {
        free(sortable);
        if (ranks != NULL) {
            release(dict, ranks, size);
        }
        return NULL;
    }
    rank_all(dict, sortable, count, ranks->rank);
    free(sortable);
    ranks->count = count;
    ranks->next = dict->ranks;
    dict->ranks = ranks;
    return ranks;
}

const uint32_t *sw_dict_ranks(struct sw_dict *dict, uint32_t count)
{
    sw_assert(count <= sw_dict_count(dict));
    sw_assert(pthread_mutex_lock(&dict->ranks_lock) == 0);
    struct ranks *ranks = dict->ranks;
    while (ranks != NULL && ranks->count != count) {
        ranks = ranks->next;
    }
    if (ranks == NULL) {
        ranks = make_ranks(dict, count);
    }
    sw_assert(pthread_mutex_unlock(&dict->ranks_lock) == 0);
    return ranks != NULL ? ranks->rank : NULL;
}
