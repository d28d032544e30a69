/* A filter that is an expression; see filter.h. */
#include <stdlib.h>

#include "fold/filter_priv.h"

static void free_program(struct sw_filter *filter)
{
    sw_program_free(filter->program);
    free(filter);
}

static enum sw_filter_reach reach_program(const struct sw_filter *filter,
                                          const struct sw_rowgroup *group)
{
    switch (sw_program_reach(filter->program, group)) {
    case SW_EXPR_REACH_NONE:
        return SW_REACH_NONE;
    case SW_EXPR_REACH_ALL:
        return SW_REACH_ALL;
    case SW_EXPR_REACH_SOME:
        break;
    }
    return SW_REACH_SOME;
}

static void test_program(const struct sw_filter *filter, struct sw_filter_state *state,
                         struct sw_batch *batch, uint64_t *into)
{
    sw_expr_test(filter->program, state->expr, batch, into);
}

static const struct sw_filter_ops program_ops = {
    .free = free_program,
    .reach = reach_program,
    .test = test_program,
};

sw_status sw_filter_program(struct sw_program *program, struct sw_filter **filter)
{
    struct sw_filter *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        sw_program_free(program);
        return SW_NO_MEMORY;
    }
    made->ops = &program_ops;
    made->program = program;
    *filter = made;
    return SW_OK;
}
