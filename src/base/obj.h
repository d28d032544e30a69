/* obj: what travels as void * carries a magic word and comes back through SW_CAST. */
#ifndef SW_BASE_OBJ_H
#define SW_BASE_OBJ_H

#include "base/status.h"

/* The struct's first member is `uint32_t magic`. */
static inline void *sw_obj_check(void *object, uint32_t magic)
{
    sw_assert(object != NULL);
    sw_assert(*(const uint32_t *)object == magic);
    return object;
}

#define SW_CAST(type, magic, pointer) ((type *)sw_obj_check((pointer), (magic)))

#endif
