/* formula: what a column that is computed from others holds instead of values: the
 * expression as text, what it reads, and the values of its inputs.  Its chunks are made
 * when something reads them (formula/formula.h), a row group at a time; an empty slot of
 * a row group is one that nothing has read yet.
 *
 * Equal ids mean equal values for equal rows: whatever changes what a formula computes
 * (its text, its type, an input, a formula that it reads) makes another one.
 *
 * Counted; filled by its maker (formula/) before others see it, then never changed, but
 * for the dictionary that the chunks of a string formula share.  Any thread.         */
#ifndef SW_TABLE_FORMULA_H
#define SW_TABLE_FORMULA_H

#include "base/arena.h"
#include "base/json.h"
#include "table/dict.h"

struct sw_schema;

struct sw_formula {
    _Atomic uint32_t refs;
    uint64_t id;           /* unique in the process */
    struct sw_arena arena; /* all below */
    struct sw_span text;   /* column names spelled as the schema spells them */
    bool has_type;         /* its type was asked for; else it is the expression's own */
    uint32_t sources;
    uint32_t *source; /* ids of the columns that it names, each once */
    uint32_t inputs;
    struct sw_span *input;        /* names without `$` */
    const struct sw_json **value; /* [inputs]; NULL: unset or null */
    const char *broken;           /* why it cannot be computed with these inputs; NULL: it can */
    struct sw_dict *_Atomic dict; /* counted; NULL: none yet */
    _Atomic bool is_plain;        /* a dictionary did not pay: plain text */
    _Atomic bool is_wanted;       /* something has read it, or is about to */
};

/* With one reference, an id and an empty arena. */
SW_MUST_USE sw_status sw_formula_alloc(struct sw_formula **formula);
struct sw_formula *sw_formula_ref(struct sw_formula *formula);
void sw_formula_unref(struct sw_formula *formula); /* NULL accepted */
bool sw_formula_reads(const struct sw_formula *formula, uint32_t column_id);

/* Sets of columns: one byte per column of the schema, 1: in it.
 *
 * Adds the columns that the set's formulas read, directly or through others. */
void sw_schema_add_sources(const struct sw_schema *schema, uint8_t *set);
/* Adds the formulas that read a column of the set, directly or through others. */
void sw_schema_add_dependents(const struct sw_schema *schema, uint8_t *set);
/* SW_OK, or why one of the set's formulas, or one that they read, cannot be computed. */
SW_MUST_USE sw_status sw_schema_check_formulas(const struct sw_schema *schema, const uint8_t *set,
                                               struct sw_err *err);

#endif
