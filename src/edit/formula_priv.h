/* formula_priv: what formula.c, rebind.c and realise.c share.  No one else includes it. */
#ifndef SW_EDIT_FORMULA_PRIV_H
#define SW_EDIT_FORMULA_PRIV_H

#include "edit/formula.h"

/* Another one, for other values, with the inputs of now. */
SW_MUST_USE sw_status sw_formula_with_inputs(const struct sw_formula *formula,
                                             sw_expr_input_fn input, void *context,
                                             struct sw_formula **copy);
SW_MUST_USE sw_status sw_formula_compile(const struct sw_schema *schema, uint32_t column,
                                         struct sw_program **program, struct sw_err *err);
/* The schema's formulas, each after those that it reads: order[schema->formulas]. A cycle is told
 * beginning with the column `first`, where that is one of it. */
SW_MUST_USE sw_status sw_formula_order(const struct sw_schema *schema, uint32_t first,
                                       uint32_t *order, struct sw_err *err);
/* Sets, or checks, the type of a formula whose sources are settled. */
SW_MUST_USE sw_status sw_formula_settle_one(struct sw_schema *schema, uint32_t index,
                                            struct sw_err *err);

#endif
