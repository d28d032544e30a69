/* look: what tests see of a chunk, which the poison (table/poison.h) hides from who has no pin.  A
 * test looks at chunks that stay in memory, alone: until the next pin and unpin of the chunk. */
#ifndef SW_TESTS_LOOK_H
#define SW_TESTS_LOOK_H

#include "table/poison.h"
#include "table/table.h"

static inline const struct sw_chunk *test_look(const struct sw_chunk *chunk)
{
    if (chunk->lookers == 0) {
        sw_poison_lift((struct sw_chunk *)(uintptr_t)chunk);
    }
    return chunk;
}

static inline struct sw_value test_cell(const struct sw_chunk *chunk, uint32_t row)
{
    return sw_chunk_value(test_look(chunk), row);
}

static inline bool test_is_null(const struct sw_chunk *chunk, uint32_t row)
{
    return sw_chunk_is_null(test_look(chunk), row);
}

static inline uint64_t test_row_id(const struct sw_rowgroup *group, uint32_t row)
{
    if (group->row_ids != NULL) {
        (void)test_look(group->row_ids);
    }
    return sw_rowgroup_row_id(group, row);
}

#endif
