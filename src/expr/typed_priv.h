/* typed_priv: makers that the files of typed share. */
#ifndef SW_EXPR_TYPED_PRIV_H
#define SW_EXPR_TYPED_PRIV_H

#include "expr/typed.h"

SW_MUST_USE sw_status sw_typed_new_unit(struct sw_resolver *r, enum sw_op op, uint32_t position,
                                        uint8_t unit, struct sw_typed *child,
                                        struct sw_typed **typed);
SW_MUST_USE sw_status sw_typed_new_compare(struct sw_resolver *r, enum sw_op op, uint32_t position,
                                           enum sw_affinity affinity, struct sw_typed *const *child,
                                           struct sw_typed **typed);
SW_MUST_USE sw_status sw_typed_new_set(struct sw_resolver *r, uint32_t position,
                                       const struct sw_set *set, struct sw_typed *x,
                                       struct sw_typed **typed);

#endif
