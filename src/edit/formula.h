/* formula: columns that follow others (table/formula.h): making one of its text,
 * checking all of a schema, giving them other inputs, and computing their chunks.
 *
 *   sw_formula_new      text -> formula, for a schema that is being made
 *   sw_formula_settle   all formulas of that schema: no cycle, no missing column, types
 *   sw_formula_rebind   a version whose formulas have other inputs
 *   sw_realise_*        empty slots of row groups -> chunks
 *
 * A value that its column cannot hold (an int beyond 64 bits, a fraction for an int, a
 * text that is no date) is null and counted in the chunk's `misfits`: there is nobody
 * to refuse it to when it is computed.
 *
 * Any thread, as far as the arguments are the caller's own; a schema is changed only
 * before others see it.                                                             */
#ifndef SW_EDIT_FORMULA_H
#define SW_EDIT_FORMULA_H

#include "expr/expr.h"
#include "table/table.h"

/* -- making ------------------------------------------------------------------- */

/* `text` with the schema's spelling of the columns, and the values of its inputs of now. A name
 * that is no column is for settle to say. SW_EXPRESSION, SW_LIMIT. */
SW_MUST_USE sw_status sw_formula_new(struct sw_span text, bool has_type,
                                     const struct sw_schema *schema, sw_expr_input_fn input,
                                     void *context, struct sw_formula **formula,
                                     struct sw_err *err);
/* The same with `from` called `to`; its values are the same. */
SW_MUST_USE sw_status sw_formula_renamed(const struct sw_formula *formula, struct sw_span from,
                                         struct sw_span to, struct sw_formula **renamed,
                                         struct sw_err *err);

#define SW_FORMULA_NONE UINT32_MAX
/* Sets the type of each formula whose type was not asked for.  `about`: the column whose formula is
 * new (errors are its own, with positions), or SW_FORMULA_NONE (they say which formula would no
 * longer work).  SW_EXPRESSION with the path of a cycle, SW_NO_COLUMN, SW_TYPE. */
SW_MUST_USE sw_status sw_formula_settle(struct sw_schema *schema, uint32_t about,
                                        struct sw_err *err);
/* SW_NOT_ALLOWED naming the formulas that read the column. */
SW_MUST_USE sw_status sw_formula_need_unused(const struct sw_schema *schema, uint32_t column,
                                             struct sw_err *err);
/* Two values of an input: null and unset are one. */
bool sw_formula_same_value(const struct sw_json *a, const struct sw_json *b);

/* -- other inputs ---------------------------------------------------------------- */

struct sw_rebound {
    struct sw_version *version; /* counted; NULL: all formulas have these inputs already */
    bool is_visible;            /* something that was computed is now otherwise */
    uint8_t *set;               /* [columns]: formulas with other values; owned by the caller */
};

/* Has a formula of the schema other inputs than those of now?  With is_wanted_only: one that
 * something has read, or could not. */
bool sw_formula_is_stale(const struct sw_schema *schema, sw_expr_input_fn input, void *context,
                         bool is_wanted_only);
/* A version with the same contents whose formulas have the inputs of now: slots of those that this
 * changes are empty.  Its number is the version's own, or `number` where is_visible. A formula that
 * cannot be computed with these inputs is broken: who reads it gets the error. */
SW_MUST_USE sw_status sw_formula_rebind(const struct sw_version *version, uint64_t number,
                                        sw_expr_input_fn input, void *context,
                                        struct sw_rebound *rebound, struct sw_err *err);

/* -- computing --------------------------------------------------------------------- */

struct sw_realise_plan; /* formulas of a schema, compiled, in the order of who reads whom; shared by
                            workers */
struct sw_realise_state; /* one worker's */

/* Are all slots of the set's formulas and of what they read filled in groups [first, end)? Broken
 * ones do not count. */
bool sw_realise_is_done(const struct sw_version *version, const uint8_t *set, uint32_t first,
                        uint32_t end);
/* For the formulas of the set and those that they read, broken ones aside. The schema gets a
 * reference. */
SW_MUST_USE sw_status sw_realise_plan_new(struct sw_schema *schema, const uint8_t *set,
                                          struct sw_realise_plan **plan, struct sw_err *err);
void sw_realise_plan_free(struct sw_realise_plan *plan); /* NULL accepted */
/* Plan and budget (of the chunks, too) outlive the state. */
SW_MUST_USE sw_status sw_realise_state_new(const struct sw_realise_plan *plan,
                                           struct sw_budget *budget,
                                           struct sw_realise_state **state, struct sw_err *err);
void sw_realise_state_free(struct sw_realise_state *state); /* NULL accepted */
/* Fills what is empty in a group of a version of the plan's schema; several threads may do so at
 * once. */
SW_MUST_USE sw_status sw_realise_group(struct sw_realise_state *state,
                                       const struct sw_version *version, uint32_t group,
                                       struct sw_err *err);

#endif
