/* table_priv: what builder.c and seal.c, and chunk.c and chunk_pin.c share.  No one else includes
 * it. */
#ifndef SW_TABLE_TABLE_PRIV_H
#define SW_TABLE_TABLE_PRIV_H

#include "table/builder.h"

/* All that sw_chunk_values_free frees leaves the chunk; its budget keeps the bytes. */
void sw_chunk_values_move(struct sw_chunk *chunk, struct sw_chunk_values *values);

static inline size_t sw_chunk_valid_size(uint32_t rows)
{
    return ((size_t)rows + 63) / 64 * sizeof(uint64_t);
}

#endif
