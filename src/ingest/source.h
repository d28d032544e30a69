/* source: the bytes of a file from its start, as far as they have arrived, with
 * gzip or zstd taken off.  Which it is shows in the first bytes, not in the name;
 * gzip members and zstd frames that follow one another are one text.  Reading uses
 * pread, so that a second source can read the same file again.  Worker thread.
 *
 * Bombs: the inflated size is capped (SW_INFLATED_BYTES_MAX), and so is the growth
 * after the first MiB (SW_INFLATE_RATIO_MAX); both are SW_LIMIT.                    */
#ifndef SW_INGEST_SOURCE_H
#define SW_INGEST_SOURCE_H

#include "base/status.h"

enum sw_packing { SW_PACKING_UNKNOWN, SW_PACKING_NONE, SW_PACKING_GZIP, SW_PACKING_ZSTD };

struct sw_source;

/* `fd` is borrowed and stays open as long as the source. */
SW_MUST_USE sw_status sw_source_new(int fd, struct sw_source **source, struct sw_err *err);
void sw_source_free(struct sw_source *source);

/* Up to `capacity` bytes of content.  `readable` bytes of the file may be read; `is_whole`: it has
 * no more.  *got 0: nothing more until the file grows, or, with *is_end, for good.               */
SW_MUST_USE sw_status sw_source_read(struct sw_source *source, uint64_t readable, bool is_whole,
                                     char *into, size_t capacity, size_t *got, bool *is_end,
                                     struct sw_err *err);

/* Bytes of the file used so far. */
uint64_t sw_source_used(const struct sw_source *source);
enum sw_packing sw_source_packing(const struct sw_source *source);

#endif
