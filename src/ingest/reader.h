/* reader: a file's text, block by block, each scanned and cut into rows.  One for
 * the way forward, a second one when a column is read again from the start; both
 * see the same rows.  Worker thread; the load owns it.
 *
 * Phases: new -> sw_reader_sample until it is ready (the caller guesses the dialect
 * from it) -> sw_reader_begin -> sw_reader_next until SW_READ_END.  A second reader
 * begins at once with the dialect known.                                            */
#ifndef SW_INGEST_READER_H
#define SW_INGEST_READER_H

#include "ingest/decode.h"
#include "ingest/rows.h"
#include "ingest/source.h"

/* How much of the file may be read. */
struct sw_extent {
    uint64_t readable; /* bytes */
    bool is_whole;     /* no more will come */
};

enum sw_read { SW_READ_STARVED, SW_READ_ROWS, SW_READ_END };

struct sw_reader;

SW_MUST_USE sw_status sw_reader_new(int fd, struct sw_reader **reader, struct sw_err *err);
void sw_reader_free(struct sw_reader *reader);

/* Reads until `bytes` of text are there or the text ends; *is_ready then. The sample is borrowed
 * until the reader is used again. *is_whole: it is the whole text.  Line ends at the start of the
 * text are skipped. */
SW_MUST_USE sw_status sw_reader_sample(struct sw_reader *reader, struct sw_extent extent,
                                       size_t bytes, struct sw_span *sample, bool *is_ready,
                                       bool *is_whole, struct sw_err *err);
/* `is_second`: another reader has gone through these bytes before, and all its rows must come. */
void sw_reader_begin(struct sw_reader *reader, const struct sw_dialect *dialect, bool is_second);

/* The next rows, at least one, borrowed until the next call; or why there are none. */
SW_MUST_USE sw_status sw_reader_next(struct sw_reader *reader, struct sw_extent extent,
                                     enum sw_read *read, const struct sw_rows **rows,
                                     struct sw_err *err);

/* The first bytes of the file, unpacked but not decoded, up to 4 KiB of them. */
struct sw_span sw_reader_head_peek(const struct sw_reader *reader);
/* After the sample: of a first line like sep=; which is no part of the text; 0: there is none. */
char sw_reader_said_delimiter(const struct sw_reader *reader);
uint64_t sw_reader_used(const struct sw_reader *reader); /* bytes of the file */
const struct sw_source *sw_reader_source_peek(const struct sw_reader *reader);
const struct sw_decode *sw_reader_decode_peek(const struct sw_reader *reader);

#endif
