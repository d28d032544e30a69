/* typed_call: functions, casts and the constructs (CASE, BETWEEN, IN) of the typed tree. */
#include "expr/time.h"
#include "expr/typed_priv.h"

/* date_trunc(unit, t) and date_part(part, t): the unit is a constant, t a date or a timestamp. */
static sw_status resolve_unit(struct sw_resolver *r, const struct sw_node *node,
                              struct sw_typed **child, struct sw_typed **typed)
{
    bool is_part = node->op == SW_OP_DATE_PART;
    const char *name = sw_op_name((enum sw_op)node->op);
    enum sw_unit unit;
    bool is_text = sw_typed_is_constant(child[0]) && child[0]->value.tag == SW_TAG_TEXT;
    if (!is_text || !sw_unit_parse(child[0]->value.u.s, is_part, &unit)) {
        return sw_expr_fail(r->err, SW_EXPRESSION, child[0]->position,
                            "the first argument of %s is one of %s, in quotes", name,
                            sw_unit_names(is_part));
    }
    struct sw_typed *time = child[1];
    if (sw_typed_is_constant(time) && time->value.tag == SW_TAG_TEXT) {
        struct sw_typed *like = NULL;
        SW_TRY(sw_typed_constant(r, time->position, sw_scalar_int(0), SW_SENSE_DATE, &like));
        SW_TRY(sw_typed_meet(r, &time, &like));
    }
    if (time->mask != 0 && !sw_typed_is_time(time)) {
        return sw_expr_fail(r->err, SW_TYPE, time->position,
                            "%s needs a date or a timestamp; write CAST(... AS DATE) or "
                            "CAST(... AS TIMESTAMP)",
                            name);
    }
    bool is_date = time->sense == SW_SENSE_DATE;
    enum sw_op op = is_part ? (is_date ? SW_OP_DATE_PART : SW_OP_TIME_PART)
                            : (is_date ? SW_OP_DATE_TRUNC : SW_OP_TIME_TRUNC);
    SW_TRY(sw_typed_new_unit(r, op, node->position, (uint8_t)unit, time, typed));
    (*typed)->sense = is_part ? SW_SENSE_PLAIN : time->sense;
    return SW_OK;
}

/* coalesce, min, max of n values as a chain of two. */
static sw_status resolve_chain(struct sw_resolver *r, const struct sw_node *node,
                               struct sw_typed **child, struct sw_typed **typed)
{
    uint8_t mask = 0;
    enum sw_sense sense;
    SW_TRY(sw_typed_merge(r, child, node->count, 1, &mask, &sense));
    struct sw_typed *both[2] = {child[0], NULL};
    for (uint32_t i = 1; i < node->count; i++) {
        both[1] = child[i];
        uint8_t part = (uint8_t)(both[0]->mask | both[1]->mask);
        SW_TRY(sw_typed_new(r, (enum sw_op)node->op, node->position, part, 2, both, &both[0]));
        both[0]->sense = (uint8_t)sense;
    }
    *typed = both[0];
    return SW_OK;
}

static sw_status resolve_nullif(struct sw_resolver *r, const struct sw_node *node,
                                struct sw_typed **child, struct sw_typed **typed)
{
    uint8_t sense = child[0]->sense;
    SW_TRY(sw_typed_meet(r, &child[0], &child[1]));
    sense = child[0]->sense;
    SW_TRY(sw_typed_new(r, SW_OP_NULLIF, node->position, child[0]->mask, 2, child, typed));
    (*typed)->sense = sense;
    return SW_OK;
}

static bool takes_text(enum sw_op op)
{
    return op == SW_OP_LENGTH || op == SW_OP_LOWER || op == SW_OP_UPPER || op == SW_OP_TRIM ||
           op == SW_OP_LTRIM || op == SW_OP_RTRIM || op == SW_OP_SUBSTR || op == SW_OP_INSTR ||
           op == SW_OP_REPLACE;
}

/* What a function's values may be, given its first argument. */
static uint8_t function_mask(enum sw_op op, const struct sw_typed *first)
{
    bool is_number = (first->mask & SW_MASK_TEXT) == 0;
    if (op == SW_OP_LENGTH || op == SW_OP_INSTR || op == SW_OP_SIGN) {
        return SW_MASK_INT;
    }
    if (op == SW_OP_REPLACE) {
        return (uint8_t)(first->mask | SW_MASK_TEXT);
    }
    if (takes_text(op)) {
        return SW_MASK_TEXT;
    }
    if (op == SW_OP_ABS) {
        return is_number ? first->mask : (uint8_t)(SW_MASK_FLOAT | (first->mask & SW_MASK_INT));
    }
    if (op == SW_OP_FLOOR || op == SW_OP_CEIL || op == SW_OP_TRUNC) {
        return is_number ? first->mask : SW_MASK_NUMBER;
    }
    return SW_MASK_FLOAT;
}

sw_status sw_typed_function(struct sw_resolver *r, const struct sw_node *node,
                            struct sw_typed **child, struct sw_typed **typed)
{
    enum sw_op op = (enum sw_op)node->op;
    if (op == SW_OP_DATE_TRUNC || op == SW_OP_DATE_PART) {
        return resolve_unit(r, node, child, typed);
    }
    if (op == SW_OP_COALESCE || op == SW_OP_MIN || op == SW_OP_MAX) {
        return resolve_chain(r, node, child, typed);
    }
    if (op == SW_OP_NULLIF) {
        return resolve_nullif(r, node, child, typed);
    }
    if (op == SW_OP_IIF) {
        return sw_typed_construct(r, node, child, typed);
    }
    for (uint32_t i = 0; takes_text(op) && i < node->count; i++) {
        bool is_place = op == SW_OP_SUBSTR && i > 0;
        if (!is_place) {
            SW_TRY(sw_typed_as_text(r, &child[i]));
        }
    }
    return sw_typed_new(r, op, node->position, function_mask(op, child[0]), node->count, child,
                        typed);
}

static sw_status cast_time(struct sw_resolver *r, const struct sw_node *node,
                           struct sw_typed *value, struct sw_typed **typed)
{
    bool is_date = node->cast == SW_CAST_TO_DATE;
    enum sw_sense sense = is_date ? SW_SENSE_DATE : SW_SENSE_TIME;
    enum sw_op op = is_date ? SW_OP_NUMBER_DATE : SW_OP_NUMBER_TIME;
    if (value->sense == sense) {
        *typed = value;
        return SW_OK;
    }
    if (sw_typed_is_time(value)) {
        op = is_date ? SW_OP_TIME_DATE : SW_OP_DATE_TIME;
    } else if (value->mask == SW_MASK_TEXT) {
        op = is_date ? SW_OP_TEXT_DATE : SW_OP_TEXT_TIME;
    }
    SW_TRY(sw_typed_new(r, op, node->position, SW_MASK_INT, 1, &value, typed));
    (*typed)->sense = (uint8_t)sense;
    (*typed)->affinity = SW_AFFINITY_NUMERIC;
    return SW_OK;
}

static sw_status resolve_cast(struct sw_resolver *r, const struct sw_node *node,
                              struct sw_typed *value, struct sw_typed **typed)
{
    static const struct {
        enum sw_op op;
        uint8_t mask;
        enum sw_affinity affinity;
    } casts[] = {
        [SW_CAST_TO_INT] = {SW_OP_CAST_INT, SW_MASK_INT, SW_AFFINITY_NUMERIC},
        [SW_CAST_TO_FLOAT] = {SW_OP_CAST_FLOAT, SW_MASK_FLOAT, SW_AFFINITY_NUMERIC},
        [SW_CAST_TO_TEXT] = {SW_OP_CAST_TEXT, SW_MASK_TEXT, SW_AFFINITY_TEXT},
        [SW_CAST_TO_NUMERIC] = {SW_OP_CAST_NUMERIC, SW_MASK_NUMBER, SW_AFFINITY_NUMERIC},
        [SW_CAST_TO_BOOL] = {SW_OP_CAST_BOOL, SW_MASK_INT, SW_AFFINITY_NUMERIC},
    };
    if (node->cast == SW_CAST_TO_DATE || node->cast == SW_CAST_TO_TIME) {
        return cast_time(r, node, value, typed);
    }
    if (node->cast == SW_CAST_TO_TEXT) {
        SW_TRY(sw_typed_as_text(r, &value));
    }
    uint8_t mask = casts[node->cast].mask;
    if (node->cast == SW_CAST_TO_NUMERIC && (value->mask & SW_MASK_TEXT) == 0) {
        mask = value->mask;
    }
    SW_TRY(sw_typed_new(r, casts[node->cast].op, node->position, mask, 1, &value, typed));
    (*typed)->affinity = (uint8_t)casts[node->cast].affinity;
    (*typed)->sense = node->cast == SW_CAST_TO_BOOL ? SW_SENSE_BOOL : SW_SENSE_PLAIN;
    return SW_OK;
}

/* Constants all through: what the rows of a CASE would see. */
static void fold_case(struct sw_typed *made, uint32_t first)
{
    uint32_t last = made->count - 1;
    const struct sw_typed *answer = made->child[last];
    for (uint32_t i = first; i <= last; i += 2) {
        if (!sw_typed_is_constant(made->child[i])) {
            return;
        }
        if (i == last || sw_scalar_truth(made->child[i]->value) == 1) {
            answer = made->child[i == last ? i : i + 1];
            break;
        }
    }
    if (sw_typed_is_constant(answer)) {
        made->op = SW_OP_CONSTANT;
        made->value = answer->value;
        made->mask = answer->mask;
        made->count = 0;
        made->depends = SW_DEPENDS_NONE;
    }
}

/* [x,] [condition, value]..., else. With x, each condition becomes x = condition. */
static sw_status resolve_case(struct sw_resolver *r, const struct sw_node *node,
                              struct sw_typed **child, struct sw_typed **typed)
{
    uint32_t first = node->op == SW_OP_CASE_OF ? 1 : 0;
    uint8_t mask = 0;
    enum sw_sense sense;
    uint32_t values = (node->count - first) / 2;
    struct sw_typed *last = child[node->count - 1];
    struct sw_typed **value = sw_arena_array(r->arena, values + 1, sizeof(struct sw_typed *));
    if (value == NULL) {
        return sw_fail(r->err, SW_NO_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < values; i++) {
        value[i] = child[first + 2 * i + 1];
    }
    value[values] = last;
    SW_TRY(sw_typed_merge(r, value, values + 1, 1, &mask, &sense));
    for (uint32_t i = 0; i < values; i++) {
        child[first + 2 * i + 1] = value[i];
        struct sw_typed **condition = &child[first + 2 * i];
        if (first == 1) {
            SW_TRY(sw_typed_compare(r, SW_OP_EQ, (*condition)->position, child[0], *condition,
                                    condition));
        }
    }
    child[node->count - 1] = value[values];
    enum sw_op op = first == 1 ? SW_OP_CASE_OF : SW_OP_CASE;
    SW_TRY(sw_typed_new(r, op, node->position, mask, node->count, child, typed));
    (*typed)->sense = (uint8_t)sense;
    fold_case(*typed, first);
    return SW_OK;
}

static sw_status resolve_between(struct sw_resolver *r, const struct sw_node *node,
                                 struct sw_typed **child, struct sw_typed **typed)
{
    struct sw_typed *parts[3] = {child[0], NULL, NULL};
    SW_TRY(sw_typed_compare(r, SW_OP_GE, node->position, child[0], child[1], &parts[1]));
    SW_TRY(sw_typed_compare(r, SW_OP_LE, node->position, child[0], child[2], &parts[2]));
    if (sw_typed_is_constant(parts[1]) && sw_typed_is_constant(parts[2])) {
        return sw_typed_new(r, SW_OP_AND, node->position, SW_MASK_INT, 2, parts + 1, typed);
    }
    return sw_typed_new(r, SW_OP_BETWEEN, node->position, SW_MASK_INT, 3, parts, typed);
}

sw_status sw_typed_construct(struct sw_resolver *r, const struct sw_node *node,
                             struct sw_typed **child, struct sw_typed **typed)
{
    if (node->op == SW_OP_CAST) {
        return resolve_cast(r, node, child[0], typed);
    }
    return node->op == SW_OP_BETWEEN ? resolve_between(r, node, child, typed)
                                     : resolve_case(r, node, child, typed);
}

/* The values behind IN as typed nodes; an input that is a list stands for its items. */
struct values {
    struct sw_typed **items;
    size_t count;
};

static sw_status gather_values(struct sw_resolver *r, const struct sw_node *node,
                               struct values *values)
{
    size_t total = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t count = 0;
        for (uint32_t i = 1; i < node->count; i++) {
            const struct sw_node *child = node->child[i];
            const struct sw_json *json = NULL;
            if (child->op == SW_OP_INPUT && r->input != NULL) {
                json = r->input(r->context, child->name);
            }
            bool is_list = json != NULL && json->kind == SW_JSON_ARRAY;
            if (pass == 0) {
                total += is_list ? json->u.list.count : 1;
                continue;
            }
            for (size_t k = 0; is_list && k < json->u.list.count; k++) {
                SW_TRY(sw_typed_json(r, &json->u.list.items[k], child->position,
                                     &values->items[count++]));
            }
            if (!is_list) {
                SW_TRY(sw_typed_resolve(r, child, &values->items[count++]));
            }
        }
        if (pass == 0) {
            if (total > SW_IN_LIST_MAX) {
                return sw_fail_limit(r->err, "in_list", (int64_t)total, SW_IN_LIST_MAX,
                                     "use a range, or a column that marks the rows");
            }
            values->items = sw_arena_array(r->arena, total + 1, sizeof(struct sw_typed *));
            if (values->items == NULL) {
                return sw_fail(r->err, SW_NO_MEMORY, "out of memory");
            }
        }
        values->count = count;
    }
    return SW_OK;
}

/* Constants go into a sorted set, under the affinity of the left side alone, as in SQLite. */
static sw_status make_set(struct sw_resolver *r, const struct sw_typed *x, struct values *values,
                          const struct sw_set **set)
{
    struct sw_scalar *constants = sw_arena_array(r->arena, values->count + 1, sizeof *constants);
    if (constants == NULL) {
        return sw_fail(r->err, SW_NO_MEMORY, "out of memory");
    }
    enum sw_affinity affinity = (enum sw_affinity)x->affinity;
    size_t count = 0;
    size_t rest = 0;
    for (size_t i = 0; i < values->count; i++) {
        if (sw_typed_is_constant(values->items[i])) {
            constants[count++] = sw_scalar_to_affinity(values->items[i]->value, affinity, r->pool);
        } else {
            values->items[rest++] = values->items[i];
        }
    }
    values->count = rest;
    *set = NULL;
    if (count == 0) {
        return SW_OK;
    }
    struct sw_set *made;
    if (sw_set_new(r->arena, constants, count, affinity, &made) != SW_OK) {
        return sw_fail(r->err, SW_NO_MEMORY, "out of memory");
    }
    *set = made;
    return SW_OK;
}

/* Dates: constants that are texts must read as dates; the whole list comes to one type. */
static sw_status meet_all(struct sw_resolver *r, struct sw_typed **x, struct values *values)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < values->count; i++) {
            SW_TRY(sw_typed_meet(r, x, &values->items[i]));
        }
    }
    return SW_OK;
}

sw_status sw_typed_in(struct sw_resolver *r, const struct sw_node *node, struct sw_typed **typed)
{
    struct sw_typed *x;
    struct values values = {0};
    const struct sw_set *set;
    SW_TRY(sw_typed_resolve(r, node->child[0], &x));
    SW_TRY(gather_values(r, node, &values));
    if (values.count == 0) {
        return sw_typed_constant(r, node->position, sw_scalar_int(0), SW_SENSE_PLAIN, typed);
    }
    SW_TRY(meet_all(r, &x, &values));
    SW_TRY(make_set(r, x, &values, &set));
    struct sw_typed **part = sw_arena_array(r->arena, values.count + 1, sizeof(struct sw_typed *));
    if (part == NULL) {
        return sw_fail(r->err, SW_NO_MEMORY, "out of memory");
    }
    part[0] = x;
    for (size_t i = 0; i < values.count; i++) {
        struct sw_typed *plain;
        SW_TRY(sw_typed_relabel(r, values.items[i], (enum sw_sense)values.items[i]->sense,
                                SW_AFFINITY_NONE, &plain));
        SW_TRY(sw_typed_compare(r, SW_OP_EQ, node->position, x, plain, &part[i + 1]));
    }
    if (values.count == 0) {
        return sw_typed_new_set(r, node->position, set, x, typed);
    }
    SW_TRY(sw_typed_new(r, SW_OP_IN, node->position, SW_MASK_INT, (uint32_t)values.count + 1, part,
                        typed));
    (*typed)->set = set;
    return SW_OK;
}
