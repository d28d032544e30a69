/* block: large memory blocks that are recycled, because the first touch of
 * fresh pages costs more than parsing into them (notes: 1.2 GB/s).  Sizes are
 * rounded up to 1, 1.25, 1.5 or 1.75 times a power of two, from 4 KiB to 4 MiB;
 * larger ones go straight to malloc.  Free lists are bounded; sw_block_trim gives
 * all back to the system (session/trimming.h).  Any thread; under sanitizers each
 * block is malloc'ed alone so that overruns are seen.                           */
#ifndef SW_BASE_BLOCK_H
#define SW_BASE_BLOCK_H

#include <stddef.h>

void *sw_block_alloc(size_t size); /* 64-byte aligned, not zeroed; NULL: no memory */
/* The same for a block that will be written from end to end: its pages come at once, without a
 * fault for each. */
void *sw_block_alloc_whole(size_t size);
void sw_block_free(void *block, size_t size); /* NULL accepted; the size asked for */
void sw_block_trim(void);

#endif
