#include "expr/typed_priv.h"

bool sw_typed_is_constant(const struct sw_typed *typed)
{
    return typed->op == SW_OP_CONSTANT;
}

bool sw_typed_is_time(const struct sw_typed *typed)
{
    return typed->sense == SW_SENSE_DATE || typed->sense == SW_SENSE_TIME;
}

static uint8_t mask_of(struct sw_scalar value)
{
    static const uint8_t masks[] = {[SW_TAG_NULL] = 0,
                                    [SW_TAG_INT] = SW_MASK_INT,
                                    [SW_TAG_FLOAT] = SW_MASK_FLOAT,
                                    [SW_TAG_TEXT] = SW_MASK_TEXT};
    return masks[value.tag];
}

static sw_status no_memory(struct sw_resolver *r)
{
    return sw_fail(r->err, SW_NO_MEMORY, "out of memory");
}

sw_status sw_typed_constant(struct sw_resolver *r, uint32_t position, struct sw_scalar value,
                            enum sw_sense sense, struct sw_typed **typed)
{
    struct sw_typed *made = sw_arena_alloc(r->arena, sizeof *made);
    if (made == NULL) {
        return no_memory(r);
    }
    made->op = SW_OP_CONSTANT;
    made->mask = mask_of(value);
    made->sense = (uint8_t)sense;
    made->column = -1;
    made->depends = SW_DEPENDS_NONE;
    made->position = position;
    made->value = value;
    *typed = made;
    return SW_OK;
}

sw_status sw_typed_relabel(struct sw_resolver *r, const struct sw_typed *from, enum sw_sense sense,
                           enum sw_affinity affinity, struct sw_typed **typed)
{
    struct sw_typed *made = sw_arena_alloc(r->arena, sizeof *made);
    if (made == NULL) {
        return no_memory(r);
    }
    *made = *from;
    made->sense = (uint8_t)sense;
    made->affinity = (uint8_t)affinity;
    *typed = made;
    return SW_OK;
}

/* Constructs fold by their parts: a comparison inside them is folded already. */
static bool has_apply(enum sw_op op)
{
    return op != SW_OP_BETWEEN && op != SW_OP_IN && op != SW_OP_CASE && op != SW_OP_CASE_OF;
}

static sw_status fold(struct sw_resolver *r, struct sw_typed *typed)
{
    struct sw_scalar args[SW_CALL_ARGS_MAX];
    sw_assert(typed->count <= SW_CALL_ARGS_MAX);
    for (uint32_t i = 0; i < typed->count; i++) {
        args[i] = typed->child[i]->value;
    }
    struct sw_call call = {
        .op = typed->op, .affinity = typed->compare, .unit = typed->unit, .extra = typed->set};
    typed->value = sw_scalar_apply(&call, args, typed->count, r->pool);
    typed->op = SW_OP_CONSTANT;
    typed->mask = mask_of(typed->value);
    typed->count = 0;
    if (r->pool->status == SW_LIMIT) {
        return sw_expr_fail(r->err, SW_LIMIT, typed->position,
                            "a constant text here grows longer than %u bytes",
                            SW_EXPR_TEXT_BYTES_MAX);
    }
    return r->pool->status == SW_OK ? SW_OK : no_memory(r);
}

static int32_t depends_on_both(int32_t a, int32_t b)
{
    return a == SW_DEPENDS_NONE || a == b ? b : b == SW_DEPENDS_NONE ? a : SW_DEPENDS_MANY;
}

/* A node whose `compare`, `unit` or `set` matter gets them from `like` before it is folded. */
static sw_status make(struct sw_resolver *r, const struct sw_typed *like, uint32_t count,
                      struct sw_typed *const *child, struct sw_typed **typed)
{
    struct sw_typed *made = sw_arena_alloc(r->arena, sizeof *made);
    struct sw_typed **children = sw_arena_array(r->arena, count, sizeof(struct sw_typed *));
    if (made == NULL || children == NULL) {
        return no_memory(r);
    }
    *made = *like;
    made->column = -1;
    made->depends = SW_DEPENDS_NONE;
    made->count = count;
    made->child = children;
    bool is_constant = has_apply((enum sw_op)like->op);
    for (uint32_t i = 0; i < count; i++) {
        children[i] = child[i];
        made->depends = depends_on_both(made->depends, child[i]->depends);
        is_constant = is_constant && sw_typed_is_constant(child[i]);
    }
    *typed = made;
    return is_constant ? fold(r, made) : SW_OK;
}

sw_status sw_typed_new(struct sw_resolver *r, enum sw_op op, uint32_t position, uint8_t mask,
                       uint32_t count, struct sw_typed *const *child, struct sw_typed **typed)
{
    struct sw_typed like = {.op = (uint8_t)op, .mask = mask, .position = position};
    return make(r, &like, count, child, typed);
}

sw_status sw_typed_new_unit(struct sw_resolver *r, enum sw_op op, uint32_t position, uint8_t unit,
                            struct sw_typed *child, struct sw_typed **typed)
{
    struct sw_typed like = {
        .op = (uint8_t)op, .mask = SW_MASK_INT, .position = position, .unit = unit};
    return make(r, &like, 1, &child, typed);
}

sw_status sw_typed_new_compare(struct sw_resolver *r, enum sw_op op, uint32_t position,
                               enum sw_affinity affinity, struct sw_typed *const *child,
                               struct sw_typed **typed)
{
    struct sw_typed like = {
        .op = (uint8_t)op, .mask = SW_MASK_INT, .position = position, .compare = (uint8_t)affinity};
    return make(r, &like, 2, child, typed);
}

sw_status sw_typed_new_set(struct sw_resolver *r, uint32_t position, const struct sw_set *set,
                           struct sw_typed *x, struct sw_typed **typed)
{
    struct sw_typed like = {
        .op = SW_OP_IN_SET, .mask = SW_MASK_INT, .position = position, .set = set};
    return make(r, &like, 1, &x, typed);
}

/* The column as written, or, when there is none, the only one that differs in case alone. */
static sw_status find_column(struct sw_resolver *r, const struct sw_node *node, uint32_t *column)
{
    int32_t exact = sw_schema_find(r->schema, node->name);
    if (exact >= 0) {
        *column = (uint32_t)exact;
        return SW_OK;
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < r->schema->columns; i++) {
        if (sw_name_same(node->name, sw_span_text(r->schema->column[i].name))) {
            *column = i;
            found++;
        }
    }
    if (found == 1) {
        return SW_OK;
    }
    int length = (int)(node->name.length > 64 ? 64 : node->name.length);
    if (found > 1) {
        return sw_expr_fail(r->err, SW_NO_COLUMN, node->position,
                            "column `%.*s` is not clear: several names differ in case alone",
                            length, node->name.data);
    }
    sw_status status = sw_schema_need(r->schema, node->name, column, r->err);
    sw_assert(status != SW_OK);
    if (r->err != NULL) {
        r->err->has_position = true;
        r->err->position = node->position;
    }
    return status;
}

static sw_status resolve_column(struct sw_resolver *r, const struct sw_node *node,
                                struct sw_typed **typed)
{
    static const struct {
        uint8_t mask, sense, affinity;
    } kinds[SW_TYPE_COUNT] = {
        [SW_TYPE_BOOL] = {SW_MASK_INT, SW_SENSE_BOOL, SW_AFFINITY_NUMERIC},
        [SW_TYPE_INT] = {SW_MASK_INT, SW_SENSE_PLAIN, SW_AFFINITY_NUMERIC},
        [SW_TYPE_FLOAT] = {SW_MASK_FLOAT, SW_SENSE_PLAIN, SW_AFFINITY_NUMERIC},
        [SW_TYPE_STRING] = {SW_MASK_TEXT, SW_SENSE_PLAIN, SW_AFFINITY_TEXT},
        [SW_TYPE_DATE] = {SW_MASK_INT, SW_SENSE_DATE, SW_AFFINITY_NUMERIC},
        [SW_TYPE_TIMESTAMP] = {SW_MASK_INT, SW_SENSE_TIME, SW_AFFINITY_NUMERIC},
    };
    uint32_t column = 0;
    SW_TRY(find_column(r, node, &column));
    enum sw_type type = r->schema->column[column].type;
    SW_TRY(sw_typed_constant(r, node->position, sw_scalar_null(), SW_SENSE_PLAIN, typed));
    (*typed)->op = SW_OP_COLUMN;
    (*typed)->mask = kinds[type].mask;
    (*typed)->sense = kinds[type].sense;
    (*typed)->affinity = kinds[type].affinity;
    (*typed)->column = (int32_t)column;
    (*typed)->depends = (int32_t)column;
    return SW_OK;
}

/* Constants outlive the expression and the input: their texts are copied. */
static sw_status keep_text(struct sw_resolver *r, struct sw_scalar *value)
{
    if (value->tag != SW_TAG_TEXT) {
        return SW_OK;
    }
    char *copy = sw_arena_text(r->arena, value->u.s);
    value->u.s.data = copy;
    return copy == NULL ? no_memory(r) : SW_OK;
}

sw_status sw_typed_json(struct sw_resolver *r, const struct sw_json *json, uint32_t position,
                        struct sw_typed **typed)
{
    struct sw_scalar value = sw_scalar_null();
    enum sw_sense sense = SW_SENSE_PLAIN;
    switch (json == NULL ? SW_JSON_NULL : json->kind) {
    case SW_JSON_NULL:
        break;
    case SW_JSON_BOOL:
        value = sw_scalar_int(json->u.boolean);
        sense = SW_SENSE_BOOL;
        break;
    case SW_JSON_INT:
        value = sw_scalar_int(json->u.integer);
        break;
    case SW_JSON_FLOAT:
        value = sw_scalar_float(json->u.number);
        break;
    case SW_JSON_STRING:
        value = sw_scalar_text(json->u.text);
        break;
    case SW_JSON_ARRAY:
        return sw_expr_fail(r->err, SW_TYPE, position,
                            "this input is a list: it fits behind IN only");
    case SW_JSON_OBJECT:
        return sw_expr_fail(r->err, SW_TYPE, position, "this input is an object, not a value");
    }
    SW_TRY(keep_text(r, &value));
    return sw_typed_constant(r, position, value, sense, typed);
}

/* What arithmetic on two classes of numbers and texts gives. */
static uint8_t arithmetic_mask(const struct sw_typed *a, const struct sw_typed *b)
{
    if (a->mask == 0 || b->mask == 0) {
        return 0;
    }
    if (a->mask == SW_MASK_FLOAT || b->mask == SW_MASK_FLOAT) {
        return SW_MASK_FLOAT;
    }
    return a->mask == SW_MASK_INT && b->mask == SW_MASK_INT ? SW_MASK_INT : SW_MASK_NUMBER;
}

static bool is_number(const struct sw_typed *typed)
{
    return (typed->mask & SW_MASK_TEXT) == 0 && !sw_typed_is_time(typed);
}

/* date + days, timestamp + ms; the difference of two is a number. */
static sw_status resolve_shift(struct sw_resolver *r, const struct sw_node *node,
                               struct sw_typed **child, bool *is_done, struct sw_typed **typed)
{
    bool is_add = node->op == SW_OP_ADD;
    bool is_left = sw_typed_is_time(child[0]);
    bool is_right = sw_typed_is_time(child[1]);
    *is_done = false;
    if (is_left && is_right) {
        if (is_add) {
            return sw_expr_fail(r->err, SW_TYPE, node->position,
                                "two dates cannot be added; subtract them, or add a number");
        }
        return sw_typed_meet(r, &child[0], &child[1]);
    }
    struct sw_typed *time = is_left ? child[0] : child[1];
    struct sw_typed *by = is_left ? child[1] : child[0];
    if (!sw_typed_is_time(time) || !is_number(by) || (is_right && !is_add)) {
        return SW_OK;
    }
    bool is_date = time->sense == SW_SENSE_DATE;
    enum sw_op op = is_add ? (is_date ? SW_OP_DATE_ADD : SW_OP_TIME_ADD)
                           : (is_date ? SW_OP_DATE_SUBTRACT : SW_OP_TIME_SUBTRACT);
    struct sw_typed *both[2] = {time, by};
    *is_done = true;
    SW_TRY(sw_typed_new(r, op, node->position, SW_MASK_INT, 2, both, typed));
    (*typed)->sense = time->sense;
    return SW_OK;
}

static sw_status resolve_operator(struct sw_resolver *r, const struct sw_node *node,
                                  struct sw_typed **child, struct sw_typed **typed)
{
    enum sw_op op = (enum sw_op)node->op;
    bool is_done = false;
    switch (op) {
    case SW_OP_ADD:
    case SW_OP_SUBTRACT:
        SW_TRY(resolve_shift(r, node, child, &is_done, typed));
        if (is_done) {
            return SW_OK;
        }
        return sw_typed_new(r, op, node->position, arithmetic_mask(child[0], child[1]), 2, child,
                            typed);
    case SW_OP_MULTIPLY:
    case SW_OP_DIVIDE:
    case SW_OP_REMAINDER:
        return sw_typed_new(r, op, node->position, arithmetic_mask(child[0], child[1]), 2, child,
                            typed);
    case SW_OP_NEGATE:
        return sw_typed_new(r, op, node->position, arithmetic_mask(child[0], child[0]), 1, child,
                            typed);
    case SW_OP_PLUS:
        return sw_typed_relabel(r, child[0], (enum sw_sense)child[0]->sense, SW_AFFINITY_NONE,
                                typed);
    case SW_OP_CONCAT:
    case SW_OP_LIKE:
    case SW_OP_GLOB:
        for (uint32_t i = 0; i < node->count; i++) {
            SW_TRY(sw_typed_as_text(r, &child[i]));
        }
        return sw_typed_new(r, op, node->position, op == SW_OP_CONCAT ? SW_MASK_TEXT : SW_MASK_INT,
                            node->count, child, typed);
    case SW_OP_EQ:
    case SW_OP_NE:
    case SW_OP_LT:
    case SW_OP_LE:
    case SW_OP_GT:
    case SW_OP_GE:
    case SW_OP_IS:
    case SW_OP_IS_NOT:
        return sw_typed_compare(r, op, node->position, child[0], child[1], typed);
    default: /* the logical ones: whatever their arguments are, the answer is a truth value */
        return sw_typed_new(r, op, node->position, SW_MASK_INT, node->count, child, typed);
    }
}

static bool is_construct(enum sw_op op)
{
    return op == SW_OP_BETWEEN || op == SW_OP_CASE || op == SW_OP_CASE_OF || op == SW_OP_CAST;
}

sw_status sw_typed_resolve(struct sw_resolver *r, const struct sw_node *node,
                           struct sw_typed **typed)
{
    enum sw_op op = (enum sw_op)node->op;
    if (op == SW_OP_CONSTANT) {
        struct sw_scalar value = node->value;
        SW_TRY(keep_text(r, &value));
        return sw_typed_constant(r, node->position, value, (enum sw_sense)node->sense, typed);
    }
    if (op == SW_OP_COLUMN) {
        return resolve_column(r, node, typed);
    }
    if (op == SW_OP_INPUT) {
        const struct sw_json *json = r->input == NULL ? NULL : r->input(r->context, node->name);
        return sw_typed_json(r, json, node->position, typed);
    }
    if (op == SW_OP_IN) {
        return sw_typed_in(r, node, typed);
    }
    struct sw_typed **child = sw_arena_array(r->arena, node->count, sizeof(struct sw_typed *));
    if (child == NULL) {
        return no_memory(r);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        SW_TRY(sw_typed_resolve(r, node->child[i], &child[i]));
    }
    if (is_construct(op)) {
        return sw_typed_construct(r, node, child, typed);
    }
    return op >= SW_OP_ABS || op == SW_OP_DATE_TRUNC || op == SW_OP_DATE_PART
               ? sw_typed_function(r, node, child, typed)
               : resolve_operator(r, node, child, typed);
}
