/* state: what a worker writes while it runs a program: one vector per register,
 * texts made on the way, and results kept per dictionary entry.  One worker.     */
#ifndef SW_EXPR_STATE_H
#define SW_EXPR_STATE_H

#include "expr/vec.h"

#define SW_EXPR_STATE_MAGIC 0x65787374u /* "exst" */

/* The value of a part of the program for each entry of a dictionary. */
struct sw_entries {
    struct sw_dict *dict; /* counted; NULL: nothing kept */
    uint32_t count;       /* entries done */
    uint32_t capacity;
    uint64_t rows_seen;        /* evaluated by row since this dictionary came */
    bool is_full;              /* its texts are over the limit: by row from now on */
    bool is_truth;             /* all of them truth values: `passes` and `known` are right */
    bool has_unknown;          /* some of them NULL */
    uint8_t *passes;           /* [count] 1: true; owned */
    uint8_t *known;            /* [count] 1: not NULL; owned */
    uint8_t *tags;             /* [count]; owned */
    union sw_cell *cells;      /* [count]; owned */
    struct sw_scalar for_null; /* of a row that is NULL */
    struct sw_pool pool;       /* texts of cells */
};

/* Where columns are loaded from: the rows of a batch, or entries of a dictionary. */
struct sw_source {
    struct sw_batch *batch;
    struct sw_dict *dict; /* NULL: rows */
    uint32_t first;       /* entry */
    bool is_null;         /* one row that is NULL */
    uint32_t rows;
};

struct sw_expr_state {
    uint32_t magic;
    const struct sw_program *program;
    struct sw_vec *vecs; /* [registers] */
    uint32_t *loaded;    /* [registers]: the turn in which a column was loaded */
    uint32_t turn;
    struct sw_source source;
    struct sw_pool pool;        /* texts of the current vector */
    sw_status status;           /* the first failure of any vector */
    struct sw_entries *entries; /* [slots] */
    struct sw_vec_store *result;
    uint64_t misfits[SW_VECTOR_WORDS];
};

/* Instructions [begin, end) on the current source. */
void sw_state_run(struct sw_expr_state *state, uint32_t begin, uint32_t end);
/* The DICTIONARY instruction at `at`: true when its register is filled: skip the part. */
bool sw_entries_look_up(struct sw_expr_state *state, uint32_t at);
void sw_entries_fini(struct sw_entries *entries);

#endif
