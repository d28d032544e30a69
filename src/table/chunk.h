/* chunk: up to 65,536 values of one column: sealed once, never changed,
 * reference-counted.  It is the unit of parsing, of work, of copy-on-write, of
 * caching and of the spill.
 *
 * Phases:  builder fills -> sw_builder_seal makes a chunk (refs = 1) -> shared
 * by row groups, versions, caches through _ref/_unref -> the last _unref frees
 * data and gives the bytes back to its budget.  Any thread may read and count.
 *
 * The facts stay in memory as long as the chunk.  The values may leave it when they are stored
 * (sw_chunk_evict) and come back when they are asked for (sw_chunk_pin):
 *
 *   HERE, 0 pins --evict--> AWAY --pin: BUSY, loads--> HERE, 1 pin
 *
 *
 * Encodings, chosen at seal as narrow as the values allow:
 *   SW_ENC_INT      value = base + unsigned(data[i]), width 0 (constant), 1, 2, 4 or 8 bytes
 *                   (bool, int, date, timestamp; width 8 has base 0 and holds int64 itself)
 *   SW_ENC_DECIMAL  value = (double)(base + unsigned(data[i])) / 10^scale: exact by test at seal
 *   SW_ENC_FLOAT    value = ((double *)data)[i]
 *   SW_ENC_DICT     string = dict[code], code of width 1, 2 or 4 bytes
 *   SW_ENC_TEXT     string = bytes[offset[i] .. offset[i + 1]), offset is uint32_t[rows + 1]
 * A null's slot holds the base (0, an empty string, code 0) so that kernels may read it; codes of
 * an SW_ENC_DICT chunk whose dictionary is empty (all null) are 0 and must not be looked up.     */
#ifndef SW_TABLE_CHUNK_H
#define SW_TABLE_CHUNK_H

#include "base/budget.h"
#include "base/limits.h"
#include "table/dict.h"
#include "table/exceptions.h"
#include "table/type.h"

#include <stdatomic.h>

#define SW_CHUNK_MAGIC 0x63686e6bu /* "chnk" */

enum sw_encoding { SW_ENC_INT, SW_ENC_DECIMAL, SW_ENC_FLOAT, SW_ENC_DICT, SW_ENC_TEXT };

/* What is known of a chunk's values without reading them. */
struct sw_zone {
    bool has_values;   /* some value is neither null nor NaN: the bounds hold */
    bool is_ascending; /* no null, no NaN, each value >= the one before (numeric types) */
    uint32_t nulls;
    uint32_t nans;
    int64_t min_i, max_i; /* integral types */
    double min_f, max_f;  /* all numeric types (integral ones rounded), without NaN */
};

struct sw_chunk {
    uint32_t magic;
    _Atomic uint32_t refs;
    uint64_t id; /* unique in the process, never used again: a cache key */
    enum sw_type type;
    enum sw_encoding encoding;
    uint8_t width;
    uint8_t scale; /* SW_ENC_DECIMAL */
    uint32_t rows; /* 1..SW_CHUNK_ROWS */
    int64_t base;
    const void *data;             /* values, codes or offsets; owned; NULL at width 0 */
    const char *bytes;            /* SW_ENC_TEXT; owned */
    const uint64_t *valid;        /* bit i of word i/64: row i is not null; NULL: no nulls; owned;
                                      ceil(rows/64) words, bits beyond rows are 0 */
    const uint8_t *null_spelling; /* strings: enum sw_null_spelling of each null row, else 0;
                                      NULL: all nulls were empty; owned */
    struct sw_exceptions *exceptions; /* nulls whose text did not fit the type; NULL: none; owned */
    struct sw_dict *dict;             /* SW_ENC_DICT; counted */
    uint32_t dict_count;              /* codes below this occur */
    uint32_t misfits;                 /* of a formula: nulls whose value the type cannot hold */
    struct sw_zone zone;
    size_t data_size, bytes_size; /* as allocated; bytes_size 0: the bytes of SW_ENC_TEXT
                                     (offset[rows] of them) follow the offsets in data's block */
    size_t held_bytes;            /* all of it: charged to budget while the values are here */
    struct sw_budget *budget;     /* may be NULL */
    struct sw_chunk_home *home;   /* set before others see the chunk; NULL: it never leaves */
    _Atomic bool is_marked;       /* sw_chunk_mark */
    _Atomic uint32_t state;       /* SW_CHUNK_AWAY, SW_CHUNK_BUSY, and pins * SW_CHUNK_PIN */
    _Atomic bool is_used;         /* pinned since the home last looked */
    uint32_t lookers;             /* table/poison.h */
};

#define SW_CHUNK_AWAY 1u /* the values are not in memory */
#define SW_CHUNK_BUSY 2u /* somebody makes them come or go */
#define SW_CHUNK_PIN  4u

/* Where values can be had again (spill/cache.h).  Any thread; a chunk's home is its own. */
struct sw_chunk_home {
    const struct sw_chunk_home_ops *ops;
};

struct sw_chunk_home_ops {
    /* The chunk's values as those of a chunk made anew, charged to the same budget. It may wait
     * for the disk. */
    sw_status (*load)(struct sw_chunk_home *home, const struct sw_chunk *chunk,
                      struct sw_chunk **copy, struct sw_err *err);
    void (*loaded)(struct sw_chunk_home *home); /* they are in memory, and pinned */
    void (*forget)(struct sw_chunk_home *home); /* the chunk ends: its facts may still be read */
};

/* Who gives homes to the chunks that are charged to a budget (budget->keeper). */
struct sw_chunk_keeper {
    /* The chunk is sealed and its maker's alone. */
    void (*adopt)(struct sw_chunk_keeper *keeper, struct sw_chunk *chunk);
};

/* How a null of a string column was written in the source, so that it can be written back. */
enum sw_null_spelling {
    SW_NULL_EMPTY,
    SW_NULL_NA,
    SW_NULL_N_A,
    SW_NULL_UPPER,
    SW_NULL_LOWER,
    SW_NULL_NONE,
    SW_NULL_SPELLINGS
};
extern const char *const sw_null_spellings[SW_NULL_SPELLINGS]; /* "", "NA", "N/A", "NULL", ... */

#define SW_DECIMAL_SCALES 10
extern const double sw_decimal_powers[SW_DECIMAL_SCALES]; /* 10^scale */

/* A chunk with the facts of `parts` and memory, not yet filled, for data (data_size), bytes
 * (bytes_size), validity and spellings; charged to parts->budget; the dictionary gets a reference.
 * For makers of chunks (builder, the spill): they fill it before anyone else sees it, and end with
 * sw_poison_lay. */
SW_MUST_USE sw_status sw_chunk_new(const struct sw_chunk *parts, bool has_valid, bool has_spelling,
                                   struct sw_chunk **chunk, struct sw_err *err);
/* Takes over the exceptions, also on failure, and charges them. For makers of chunks. */
SW_MUST_USE sw_status sw_chunk_take_exceptions(struct sw_chunk *chunk,
                                               struct sw_exceptions *exceptions,
                                               struct sw_err *err);
/* It is filled, and never changes from now on: the keeper of its budget hears of it. */
void sw_chunk_settle(struct sw_chunk *chunk);
/* One whose values are away from the beginning: what follows says what they
 * will be, `exceptions_size` is 0 where there are none. The home is taken over, also on failure. */
SW_MUST_USE sw_status sw_chunk_new_away(const struct sw_chunk *parts, bool has_valid,
                                        bool has_spelling, size_t exceptions_size,
                                        struct sw_chunk_home *home, struct sw_chunk **chunk,
                                        struct sw_err *err);
struct sw_chunk *sw_chunk_ref(struct sw_chunk *chunk);
/* A reference to a chunk that may be ending: false, it is. Its memory must still be there. */
SW_MUST_USE bool sw_chunk_ref_living(struct sw_chunk *chunk);
void sw_chunk_unref(struct sw_chunk *chunk); /* NULL accepted */

/* Between pin and unpin the values (data, bytes, valid, null_spelling, exceptions) are in memory
 * and stay where they are; outside of it only the facts may be read: type, encoding, width, scale,
 * rows, base, zone, dictionary.  Pins nest and count; a reference must be held besides.  It may
 * wait for the disk, so the loop never pins.  SW_NO_MEMORY, SW_LIMIT, SW_DAMAGED, SW_STORAGE: the
 * values could not be brought back, and nothing is pinned. */
SW_MUST_USE sw_status sw_chunk_pin(const struct sw_chunk *chunk, struct sw_err *err);
/* The same where the values are in memory already; it never waits, so the loop may.  False: they
 * are not, and nothing is pinned. */
SW_MUST_USE bool sw_chunk_pin_here(const struct sw_chunk *chunk);
void sw_chunk_unpin(const struct sw_chunk *chunk);
static inline bool sw_chunk_is_here(const struct sw_chunk *chunk)
{
    return (atomic_load_explicit(&chunk->state, memory_order_relaxed) & SW_CHUNK_AWAY) == 0;
}

/* Values that have left their chunk. */
struct sw_chunk_values {
    const void *data;
    const char *bytes; /* a block of its own, or NULL */
    const uint64_t *valid;
    const uint8_t *null_spelling;
    struct sw_exceptions *exceptions;
    size_t data_size, bytes_size, valid_size, spelling_size;
};

/* Takes the values out of a chunk that nobody has pinned, and its budget's bytes back; how many, 0:
 * it is pinned, they are away already, or there are none (a constant). For its home, which has them
 * stored; the chunk must be there throughout. The values are freed by sw_chunk_values_free, at
 * leisure. */
size_t sw_chunk_evict(struct sw_chunk *chunk, struct sw_chunk_values *values);
void sw_chunk_values_free(struct sw_chunk_values *values);

/* Of a marked chunk the end is told, by its id, on the thread that lets go of it: for who keeps
 * something of it that he alone can free (kernel/places.h).  One listener. */
void sw_chunk_mark(const struct sw_chunk *chunk);
void sw_chunk_on_end(void (*listener)(uint64_t id));

static inline bool sw_chunk_is_null(const struct sw_chunk *chunk, uint32_t row)
{
    return chunk->valid != NULL && ((chunk->valid[row >> 6] >> (row & 63)) & 1) == 0;
}

/* One cell, borrowed from the chunk. For pages and tests; kernels use kernel/decode.h. */
struct sw_value sw_chunk_value(const struct sw_chunk *chunk, uint32_t row);

#endif
