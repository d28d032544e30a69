#include "table/formula.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "table/table.h"

static _Atomic uint64_t last_id;

sw_status sw_formula_alloc(struct sw_formula **formula)
{
    struct sw_formula *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    atomic_init(&made->refs, 1);
    made->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    sw_arena_init(&made->arena);
    *formula = made;
    return SW_OK;
}

struct sw_formula *sw_formula_ref(struct sw_formula *formula)
{
    atomic_fetch_add_explicit(&formula->refs, 1, memory_order_relaxed);
    return formula;
}

void sw_formula_unref(struct sw_formula *formula)
{
    if (formula == NULL ||
        atomic_fetch_sub_explicit(&formula->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    sw_dict_unref(formula->dict);
    sw_arena_fini(&formula->arena);
    free(formula);
}

bool sw_formula_reads(const struct sw_formula *formula, uint32_t column_id)
{
    for (uint32_t i = 0; i < formula->sources; i++) {
        if (formula->source[i] == column_id) {
            return true;
        }
    }
    return false;
}

/* Adds what formula `index` names; true: something was added. */
static bool add_sources_of(const struct sw_schema *schema, uint32_t index, uint8_t *set)
{
    bool is_more = false;
    const struct sw_formula *formula = schema->column[index].formula;
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (set[i] == 0 && sw_formula_reads(formula, schema->column[i].id)) {
            set[i] = 1;
            is_more = true;
        }
    }
    return is_more;
}

void sw_schema_add_sources(const struct sw_schema *schema, uint8_t *set)
{
    bool is_more = schema->formulas > 0;
    while (is_more) {
        is_more = false;
        for (uint32_t i = 0; i < schema->columns; i++) {
            if (set[i] != 0 && schema->column[i].formula != NULL) {
                is_more = add_sources_of(schema, i, set) || is_more;
            }
        }
    }
}

static bool reads_any(const struct sw_schema *schema, const struct sw_formula *formula,
                      const uint8_t *set)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (set[i] != 0 && sw_formula_reads(formula, schema->column[i].id)) {
            return true;
        }
    }
    return false;
}

void sw_schema_add_dependents(const struct sw_schema *schema, uint8_t *set)
{
    bool is_more = schema->formulas > 0;
    while (is_more) {
        is_more = false;
        for (uint32_t i = 0; i < schema->columns; i++) {
            const struct sw_formula *formula = schema->column[i].formula;
            if (set[i] == 0 && formula != NULL && reads_any(schema, formula, set)) {
                set[i] = 1;
                is_more = true;
            }
        }
    }
}

sw_status sw_schema_check_formulas(const struct sw_schema *schema, const uint8_t *set,
                                   struct sw_err *err)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        const struct sw_column *column = &schema->column[i];
        if (set[i] != 0 && column->formula != NULL && column->formula->broken != NULL) {
            return sw_fail(err, SW_EXPRESSION,
                           "the formula of column `%.100s` cannot be computed with the inputs as "
                           "they are: %.300s",
                           column->name, column->formula->broken);
        }
    }
    return SW_OK;
}
