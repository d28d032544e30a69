/* load: bytes of a file, as they arrive, to versions of a table.
 *
 * The bytes lie in a file (an upload's spool, or a file of the command line);
 * whoever writes it says how far it is readable and when it has ended.  Steps run
 * on a worker, one at a time per load, and each makes as much of the table as the
 * bytes allow:
 *
 *   spool -> decompress (gzip, zstd by content) -> decode (BOM, UTF-16, UTF-8 repair)
 *         -> sniff dialect -> scan records -> parse columns -> builders -> sealed chunks
 *
 * Types come from the whole column: a value that does not fit widens the column
 * (bool|int|date -> ... -> string, see ingest/infer.h) and the rows before it are
 * read again from the file, that column alone, so that nothing is lost.  Until that is
 * done the version published before stays the current one.  A few values among many do
 * not widen it: they become exceptions (table/exceptions.h, ingest/tally.h).
 *
 * Phases: new -> steps while bytes come (versions grow) -> ended and all parsed: the
 * last version -> SW_LOAD_DONE; or SW_LOAD_FAILED with an error that says what the
 * file is and what to do.  _free at any time no step runs.
 *
 * Threads: _new, _free, _again, _offer, _end, _peek_* on the loop; _step on a worker.  What
 * both touch is atomic or under the load's own lock, held for moments.            */
#ifndef SW_INGEST_LOAD_H
#define SW_INGEST_LOAD_H

#include "base/json.h"
#include "table/table.h"

struct sw_load;

struct sw_load_options {
    int fd;                      /* readable file; duplicated by _new */
    struct sw_budget *budget;    /* what the table's chunks are charged to */
    const struct sw_json *types; /* {"column": "type"} of the upload, or NULL; copied */
    bool is_strict;              /* every cell fits its column's type: no exceptions */
    char delimiter;              /* 0: sniffed */
    int8_t has_header;           /* -1: sniffed */
    struct sw_span name;         /* of the file, for messages only; copied */
};

enum sw_load_state {
    SW_LOAD_RUNNING, /* call step again when bytes are there, or at once when it says so */
    SW_LOAD_DONE,
    SW_LOAD_FAILED
};

/* A row that could not be read as the others. */
struct sw_bad_row {
    uint64_t line;  /* 1-based line of the file where the record begins */
    int32_t column; /* 0-based, or -1 */
    char reason[128];
};

struct sw_load_report {
    enum sw_load_state state;
    uint64_t bytes_read; /* of the file as sent */
    uint64_t rows;
    uint64_t bad_count;      /* all bad rows */
    uint64_t replaced_bytes; /* invalid UTF-8 sequences replaced by U+FFFD */
    uint32_t bad_kept;
    const struct sw_bad_row *bad; /* [bad_kept <= SW_BAD_ROWS_KEPT], borrowed until the next step */
    char source[128];             /* "CSV, comma, UTF-8, gzip": for table.describe */
    bool has_more;                /* step again without waiting for bytes */
};

SW_MUST_USE sw_status sw_load_new(const struct sw_load_options *options, struct sw_load **load,
                                  struct sw_err *err);
void sw_load_free(struct sw_load *load);

/* The file is readable up to `length` bytes (never less than before). */
void sw_load_offer(struct sw_load *load, uint64_t length);
/* No byte comes after those offered. */
void sw_load_end(struct sw_load *load);

/* Parse about `bytes_max` bytes, or what is there, or a share of a re-read; *cancel is looked at
 * between blocks.  SW_OK in every state; a failed load says so in its report. */
SW_MUST_USE sw_status sw_load_step_work(struct sw_load *load, size_t bytes_max,
                                        const _Atomic bool *cancel);

/* Between steps, on the loop, after it failed for want of memory that is there now: what was made
 * is forgotten, and made anew by the next steps from the file's first byte.  The version published
 * last stays the current one until then. SW_NO_MEMORY: it stays failed. */
SW_MUST_USE sw_status sw_load_again(struct sw_load *load);

/* How it stands after a step (between steps only). */
void sw_load_report_peek(const struct sw_load *load, struct sw_load_report *report);
/* Why it failed. */
const struct sw_err *sw_load_error_peek(const struct sw_load *load);
/* The newest consistent version, one more reference for the caller; NULL before the header is
 * known.  Numbers rise by one with each that differs. */
struct sw_version *sw_load_version(const struct sw_load *load);

#endif
