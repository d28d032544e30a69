/* A version whose formulas have other inputs than before; see formula.h. */
#include <stdatomic.h>
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "edit/formula_priv.h"

/* -- which ---------------------------------------------------------------------------- */

static bool has_changed(const struct sw_formula *formula, sw_expr_input_fn input, void *context)
{
    for (uint32_t i = 0; formula != NULL && i < formula->inputs; i++) {
        if (!sw_formula_same_value(formula->value[i], input(context, formula->input[i]))) {
            return true;
        }
    }
    return false;
}

/* True: some formula has other values now. */
static bool find_changed(const struct sw_schema *schema, sw_expr_input_fn input, void *context,
                         uint8_t *set)
{
    bool is_any = false;
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = has_changed(schema->column[i].formula, input, context);
        is_any = is_any || set[i] != 0;
    }
    if (is_any) {
        sw_schema_add_dependents(schema, set);
    }
    return is_any;
}

/* -- the schema ------------------------------------------------------------------------- */

/* The type may be another one with other inputs, or there may be none: then it is broken. */
static sw_status settle(struct sw_schema *schema, uint32_t column)
{
    struct sw_formula *formula = schema->column[column].formula;
    struct sw_err err = {0};
    sw_status status = sw_formula_settle_one(schema, column, &err);
    if (status == SW_OK || status == SW_NO_MEMORY) {
        return status;
    }
    formula->broken = sw_arena_text(&formula->arena, sw_span_text(err.message));
    return formula->broken == NULL ? SW_NO_MEMORY : SW_OK;
}

static sw_status settle_set(struct sw_schema *schema, const uint8_t *set)
{
    uint32_t *order = calloc(schema->formulas, sizeof *order);
    sw_status status =
        order == NULL ? SW_NO_MEMORY : sw_formula_order(schema, SW_FORMULA_NONE, order, NULL);
    for (uint32_t i = 0; status == SW_OK && i < schema->formulas; i++) {
        if (set[order[i]] != 0) {
            status = settle(schema, order[i]);
        }
    }
    free(order);
    return status;
}

static sw_status make_schema(const struct sw_schema *schema, const uint8_t *set,
                             sw_expr_input_fn input, void *context, struct sw_schema **made)
{
    SW_TRY(sw_schema_copy(schema, made));
    for (uint32_t i = 0; i < schema->columns; i++) {
        struct sw_formula *formula = NULL;
        if (set[i] != 0) {
            SW_TRY(sw_formula_with_inputs(schema->column[i].formula, input, context, &formula));
            sw_schema_set_formula(*made, i, formula);
        }
    }
    return settle_set(*made, set);
}

/* -- the version -------------------------------------------------------------------------- */

static bool has_any(const struct sw_rowgroup *group, const uint8_t *set)
{
    for (uint32_t i = 0; i < group->columns; i++) {
        if (set[i] != 0 && group->chunk[i] != NULL) {
            return true;
        }
    }
    return false;
}

/* What a client can have seen of the formulas of the set is no longer so. */
static bool is_visible(const struct sw_version *version, const struct sw_schema *made,
                       const uint8_t *set)
{
    for (uint32_t i = 0; i < made->columns; i++) {
        const struct sw_column *before = &version->schema->column[i];
        const struct sw_column *after = &made->column[i];
        if (before->type != after->type || (set[i] != 0 && (before->formula->broken == NULL) !=
                                                               (after->formula->broken == NULL))) {
            return true;
        }
    }
    for (uint32_t i = 0; i < version->groups; i++) {
        if (has_any(version->group[i], set)) {
            return true;
        }
    }
    return false;
}

static void drop_groups(struct sw_rowgroup **group, uint32_t groups)
{
    for (uint32_t i = 0; group != NULL && i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    free(group);
}

/* No row group is shared, not even one whose slots are empty: whoever still reads the old version
 * may fill them with what is old. */
static sw_status make_version(const struct sw_version *version, struct sw_schema *schema,
                              const uint8_t *set, uint64_t number, struct sw_version **made)
{
    struct sw_rowgroup **group = calloc(version->groups + (size_t)1, sizeof(struct sw_rowgroup *));
    if (group == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = SW_OK;
    for (uint32_t i = 0; i < version->groups && status == SW_OK; i++) {
        status = sw_rowgroup_without(version->group[i], set, &group[i]);
    }
    if (status == SW_OK) {
        status = sw_version_new(number, schema, version->groups, group, version->next_row_id, made);
    }
    drop_groups(group, version->groups);
    if (status == SW_OK) {
        (*made)->content = version->content;
    }
    return status;
}

bool sw_formula_is_stale(const struct sw_schema *schema, sw_expr_input_fn input, void *context,
                         bool is_wanted_only)
{
    bool is_stale = false;
    for (uint32_t i = 0; i < schema->columns && schema->formulas > 0 && !is_stale; i++) {
        is_stale = has_changed(schema->column[i].formula, input, context);
    }
    if (!is_stale || !is_wanted_only) {
        return is_stale;
    }
    uint8_t *set = calloc(schema->columns, 1);
    if (set == NULL) {
        return true;
    }
    (void)find_changed(schema, input, context, set);
    is_stale = false;
    for (uint32_t i = 0; i < schema->columns; i++) {
        const struct sw_formula *formula = schema->column[i].formula;
        is_stale = is_stale || (set[i] != 0 && (formula->is_wanted || formula->broken != NULL));
    }
    free(set);
    return is_stale;
}

sw_status sw_formula_rebind(const struct sw_version *version, uint64_t number,
                            sw_expr_input_fn input, void *context, struct sw_rebound *rebound,
                            struct sw_err *err)
{
    const struct sw_schema *schema = version->schema;
    *rebound = (struct sw_rebound){0};
    if (schema->formulas == 0) {
        return SW_OK;
    }
    uint8_t *set = calloc(schema->columns, 1);
    if (set == NULL) {
        return sw_edit_no_memory(err);
    }
    if (!find_changed(schema, input, context, set)) {
        free(set);
        return SW_OK;
    }
    struct sw_schema *made = NULL;
    sw_status status = make_schema(schema, set, input, context, &made);
    if (status == SW_OK) {
        rebound->is_visible = is_visible(version, made, set);
        status = make_version(version, made, set, rebound->is_visible ? number : version->number,
                              &rebound->version);
    }
    sw_schema_unref(made);
    if (status != SW_OK) {
        free(set);
        return sw_edit_no_memory(err);
    }
    rebound->set = set;
    return SW_OK;
}
