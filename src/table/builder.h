/* builder: collects up to 65,536 values of one column, then seals them into a
 * chunk.  Filled by one thread (a parser's work half); the arrays are open so
 * that parse loops write straight into them.
 *
 * Numbers: write wide[rows + k] (int64 or double by type), set bits of nulls
 * with sw_builder_null, then add to rows.  Strings: sw_builder_text; they are
 * coded by the column's dictionary until its distinct share shows that this
 * does not pay (sw_builder_seal decides: over half distinct in two sealed
 * chunks), then kept as plain text; the dictionary is shared by the column's
 * chunks and given at _new (NULL: plain from the start).  Whoever writes many
 * strings uses sw_builder_texts, or holds sw_dict_write_begin (on a reference of
 * its own: the builder may give up its dictionary at any string) around them;
 * otherwise each call locks.
 *
 * The open arrays are charged to the budget from _new to _free.               */
#ifndef SW_TABLE_BUILDER_H
#define SW_TABLE_BUILDER_H

#include "base/buf.h"
#include "table/chunk.h"

struct sw_builder {
    enum sw_type type;
    uint32_t rows;    /* complete values */
    uint32_t misfits; /* of a formula: nulls whose value the type cannot hold */
    uint32_t nulls;
    int64_t *ints;      /* [SW_CHUNK_ROWS] integral types; owned */
    double *floats;     /* [SW_CHUNK_ROWS] float; owned */
    uint32_t *codes;    /* [SW_CHUNK_ROWS] strings with a dictionary; owned */
    uint32_t *offsets;  /* [SW_CHUNK_ROWS + 1] plain strings; owned */
    struct sw_buf text; /* plain strings' bytes */
    uint64_t *valid;    /* bitmap of SW_CHUNK_ROWS; bits are 1 unless null; owned */
    uint8_t *spelling;  /* null spellings; allocated at the first that is not empty; owned */
    struct sw_exception_list exceptions; /* rows that are null because their text does not fit */
    struct sw_dict *dict;                /* NULL: plain; counted */
    uint32_t dict_chunks;                /* chunks sealed with it */
    uint64_t dict_rows;                  /* their rows */
    struct sw_budget *budget;
};

SW_MUST_USE sw_status sw_builder_new(enum sw_type type, struct sw_dict *dict,
                                     struct sw_budget *budget, struct sw_builder **builder,
                                     struct sw_err *err);
void sw_builder_free(struct sw_builder *builder);
/* Another builder with the same rows and dictionary: what it seals leaves the first as it is. */
SW_MUST_USE sw_status sw_builder_copy(const struct sw_builder *builder, struct sw_builder **copy,
                                      struct sw_err *err);

/* Row `rows` is null (spelling matters to strings only); adds one to rows. */
SW_MUST_USE sw_status sw_builder_null(struct sw_builder *builder, enum sw_null_spelling spelling);
/* The same for `count` rows, spelled as empty fields. */
SW_MUST_USE sw_status sw_builder_nulls(struct sw_builder *builder, uint32_t count);
/* The same as sw_builder_null for a cell whose text does not fit the type; of a string column there
 * is none. */
SW_MUST_USE sw_status sw_builder_exception(struct sw_builder *builder, struct sw_span text);
SW_MUST_USE sw_status sw_builder_int(struct sw_builder *builder, int64_t value);
SW_MUST_USE sw_status sw_builder_float(struct sw_builder *builder, double value);
SW_MUST_USE sw_status sw_builder_text(struct sw_builder *builder, struct sw_span text);
/* The same for `count` strings, faster where the dictionary is large; no nulls among them. */
SW_MUST_USE sw_status sw_builder_texts(struct sw_builder *builder, const struct sw_span *texts,
                                       size_t count);
/* The open rows go from codes to plain text, and so will all that follow. On failure nothing
 * changes. */
SW_MUST_USE sw_status sw_builder_leave_dictionary(struct sw_builder *builder);
/* Any value of the builder's type, nulls too. */
SW_MUST_USE sw_status sw_builder_value(struct sw_builder *builder, const struct sw_value *value);

/* SW_CHUNK_ROWS rows, or so much plain text that the row group should be sealed now. */
bool sw_builder_is_full(const struct sw_builder *builder);

/* Make an immutable chunk of the rows so far (at least one) and start anew; the dictionary stays.
 * Charges the budget; on failure the rows are kept. */
SW_MUST_USE sw_status sw_builder_seal(struct sw_builder *builder, struct sw_chunk **chunk,
                                      struct sw_err *err);

#endif
