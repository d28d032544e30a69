/* sortkey: the columns of a sort as words whose order as unsigned numbers is the
 * order of the rows.  Private to exec/order.c.
 *
 * The columns become fields of as few bits as their values need (class: number, NaN
 * or null; value less its least; rank in the dictionary), descending ones turned
 * round, and are packed from the top into 64-bit words: mostly one word says all.
 * A column of plain text fills up the word with as much of its beginning as fits and
 * then has a level of its own: eight bytes of it per word, from where texts begin to
 * differ.  Levels are compared in turn; rows equal in all of them stay as they lie.  */
#ifndef SW_EXEC_SORTKEY_H
#define SW_EXEC_SORTKEY_H

#include "exec/order.h"
#include "kernel/batch.h"
#include "table/pins.h"

#define SW_SORT_LEVELS_MAX (3u * SW_SORT_KEYS_MAX)

enum sw_sort_field_kind { SW_SORT_CLASS, SW_SORT_INT, SW_SORT_FLOAT, SW_SORT_RANK, SW_SORT_TEXT };

struct sw_sort_field {
    enum sw_sort_field_kind kind;
    uint32_t column;
    bool is_descending;
    uint32_t skip;         /* SW_SORT_TEXT: bytes that all texts have in common */
    uint64_t from;         /* least, or greatest when descending, as an ordered number */
    const uint32_t *ranks; /* SW_SORT_RANK: of the column's one dictionary; borrowed from it */
    uint8_t shift;         /* the word holds (field >> shift), its lowest `bits` bits */
    uint8_t bits;
    uint8_t null_class; /* SW_SORT_CLASS: 1, or 2 where NaN is 1 */
};

struct sw_sort_level {
    bool is_text;
    bool is_descending;  /* text */
    uint32_t column;     /* text */
    uint32_t skip;       /* text: bytes that all have in common */
    uint32_t first, end; /* fields, most significant first */
    uint8_t bits;        /* of the word that are used (text: 64) */
};

struct sw_sort_plan {
    const struct sw_version *version; /* borrowed */
    uint32_t fields, levels;
    struct sw_sort_field field[4 * SW_SORT_KEYS_MAX];
    struct sw_sort_level level[SW_SORT_LEVELS_MAX];
};

/* Worker: may rank a dictionary. */
SW_MUST_USE sw_status sw_sort_plan_work(const struct sw_version *version,
                                        const struct sw_sort_key *sort, uint32_t count,
                                        struct sw_sort_plan *plan, struct sw_err *err);
/* The words of level 0 of all rows of a vector. */
void sw_sort_words(const struct sw_sort_plan *plan, struct sw_batch *batch, uint64_t *words);
/* The word of a row at one level; text: of the eight bytes from
 * skip + 8 * depth.  0 where pins could not get at the row. */
uint64_t sw_sort_word(const struct sw_sort_plan *plan, struct sw_pins *pins, uint32_t level,
                      uint32_t depth, uint64_t position);
/* Text at a level: its length, which tells apart what padding made equal. */
uint64_t sw_sort_length(const struct sw_sort_plan *plan, struct sw_pins *pins, uint32_t level,
                        uint64_t position);

/* Sort key[] and position[] (equal keys by position as they come), whose keys are words of level 0,
 * by all levels.  spare_*: room for as many.  As sw_chunk_pin: rows could not be read. */
SW_MUST_USE sw_status sw_sort_run(const struct sw_sort_plan *plan, uint64_t *key,
                                  uint32_t *position, size_t count, uint64_t *spare_key,
                                  uint32_t *spare_position, struct sw_err *err);

#endif
