/* typed: the tree for one schema and one set of input values: columns found,
 * inputs put in, constants folded, dates converted where they meet something
 * else, and for every node the classes its values may have.  Lives in the
 * program's arena; immutable once made.  Compile thread only, but for reach.   */
#ifndef SW_EXPR_TYPED_H
#define SW_EXPR_TYPED_H

#include "expr/expr.h"
#include "expr/set.h"
#include "expr/tree.h"

/* Classes a value may have besides NULL, as bits; none: always NULL. */
#define SW_MASK_INT    1u /* its sums may overflow to float in a row all the same */
#define SW_MASK_FLOAT  2u
#define SW_MASK_TEXT   4u
#define SW_MASK_NUMBER (SW_MASK_INT | SW_MASK_FLOAT)

/* Columns a value depends on: an index, or one of these. */
#define SW_DEPENDS_NONE (-1)
#define SW_DEPENDS_MANY (-2)

struct sw_typed {
    uint8_t op; /* enum sw_op */
    uint8_t mask;
    uint8_t sense;    /* enum sw_sense, of ints */
    uint8_t affinity; /* enum sw_affinity: of a column or a CAST */
    uint8_t compare;  /* comparisons: enum sw_affinity to apply to both sides */
    uint8_t unit;
    int32_t column; /* COLUMN */
    int32_t depends;
    uint32_t position;
    uint32_t count;
    struct sw_typed **child;
    struct sw_scalar value;   /* CONSTANT */
    const struct sw_set *set; /* IN; NULL: no constants in the list */
};

struct sw_resolver {
    struct sw_arena *arena;
    struct sw_pool *pool; /* texts of folded constants: live as long as the arena */
    const struct sw_schema *schema;
    sw_expr_input_fn input;
    void *context;
    struct sw_err *err;
};

SW_MUST_USE sw_status sw_typed_resolve(struct sw_resolver *r, const struct sw_node *node,
                                       struct sw_typed **typed);

/* For the files of this module. */
SW_MUST_USE sw_status sw_typed_new(struct sw_resolver *r, enum sw_op op, uint32_t position,
                                   uint8_t mask, uint32_t count, struct sw_typed *const *child,
                                   struct sw_typed **typed); /* folded when all are constant */
SW_MUST_USE sw_status sw_typed_constant(struct sw_resolver *r, uint32_t position,
                                        struct sw_scalar value, enum sw_sense sense,
                                        struct sw_typed **typed);
/* The same value, shown otherwise. */
SW_MUST_USE sw_status sw_typed_relabel(struct sw_resolver *r, const struct sw_typed *from,
                                       enum sw_sense sense, enum sw_affinity affinity,
                                       struct sw_typed **typed);
bool sw_typed_is_constant(const struct sw_typed *typed);
bool sw_typed_is_time(const struct sw_typed *typed);
/* Dates and timestamps as ISO text; others as they are. */
SW_MUST_USE sw_status sw_typed_as_text(struct sw_resolver *r, struct sw_typed **typed);
SW_MUST_USE sw_status sw_typed_compare(struct sw_resolver *r, enum sw_op op, uint32_t position,
                                       struct sw_typed *left, struct sw_typed *right,
                                       struct sw_typed **typed);
/* What a comparison of the two needs where one is a date or a timestamp. */
SW_MUST_USE sw_status sw_typed_meet(struct sw_resolver *r, struct sw_typed **a,
                                    struct sw_typed **b);
/* One type for the branches of a CASE or the arguments of coalesce, min, max. */
SW_MUST_USE sw_status sw_typed_merge(struct sw_resolver *r, struct sw_typed **value, size_t count,
                                     size_t stride, uint8_t *mask, enum sw_sense *sense);
SW_MUST_USE sw_status sw_typed_function(struct sw_resolver *r, const struct sw_node *node,
                                        struct sw_typed **child, struct sw_typed **typed);
SW_MUST_USE sw_status sw_typed_construct(struct sw_resolver *r, const struct sw_node *node,
                                         struct sw_typed **child, struct sw_typed **typed);
SW_MUST_USE sw_status sw_typed_in(struct sw_resolver *r, const struct sw_node *node,
                                  struct sw_typed **typed);
SW_MUST_USE sw_status sw_typed_json(struct sw_resolver *r, const struct sw_json *json,
                                    uint32_t position, struct sw_typed **typed);

#endif
