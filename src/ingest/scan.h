/* scan: the structural index of a block of CSV text: where each field ends.
 * Pure functions over one block, any thread; csv.c of this folder calls them.
 *
 * A block begins where a record begins.  The index lists the terminators, the
 * delimiters and line ends outside quotes, in order; field k lies between the
 * terminator before it and its own.  What comes after the last line end of the
 * block is no complete record and is left for the next block.
 *
 * The rules of quoting, for any bytes whatever:
 *   1. A quote that is the first byte of a field opens it; any other quote of an
 *      unquoted field is a byte like others ( 12" monitor ).
 *   2. Inside, two quotes are one; a single one closes the field.
 *   3. After the closing quote comes a terminator (a CR before the LF counts to it).
 *      What else comes there is kept, up to the next terminator, and the row is
 *      reported:  "ab"c,  is  abc .
 *   4. A quote not closed at the end of the text is an error of the file.
 *
 * The fast scanners work on masks of 64 bytes: whether a byte is inside quotes is
 * the parity of the quotes before it (Langdale, simdcsv), which is right exactly
 * when each opening quote begins a field or follows a closing one and each closing
 * one stands before a terminator or another quote.  They test just that and refuse
 * the block otherwise; then the state machine in scan_exact.c does it, which is also
 * the twin that tests compare with.                                                */
#ifndef SW_INGEST_SCAN_H
#define SW_INGEST_SCAN_H

#include "ingest/dialect.h"

/* Terminators indexed at once: many records of any sane width. */
#define SW_SCAN_INDEX_MAX (256u << 10)
/* Unused room behind them: scanners write eight at a time. */
#define SW_SCAN_INDEX_SLACK 64u
/* Readable bytes behind the text: scanners load whole words. */
#define SW_SCAN_BEHIND 64u
/* Malformed fields of a block that are told one by one. */
#define SW_SCAN_ODD_MAX 100u

struct sw_scan {
    uint32_t *at;       /* [-1 .. SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) offsets; the caller's.
                           at[-1] is UINT32_MAX: field k begins at at[k - 1] + 1 for every k */
    uint32_t count;     /* terminators of complete records */
    uint32_t records;   /* complete records: line ends among them */
    uint32_t consumed;  /* bytes of complete records */
    uint32_t lines;     /* line ends in those bytes, in quotes or not */
    uint32_t scanned;   /* bytes looked at: less than given when the index was full */
    bool has_quotes;    /* some quote is in the bytes looked at */
    uint32_t odd_count; /* fields with text after the closing quote, in complete records */
    uint32_t odd_kept;
    uint32_t odd[SW_SCAN_ODD_MAX]; /* their terminators' places in `at` */
    bool is_open;                  /* scan_exact only: the text ends inside quotes */
    uint32_t open_at;              /* where they opened */
    uint32_t field_at;             /* scan_exact only: where the last, incomplete field begins */
};

/* False: the quoting is irregular, nothing of *scan holds.  Loads, and ignores, up to
 * SW_SCAN_BEHIND bytes behind the text. */
typedef bool sw_scan_fast(const struct sw_dialect *dialect, const char *text, uint32_t length,
                          struct sw_scan *scan);

sw_scan_fast sw_scan_plain; /* any machine */
sw_scan_fast sw_scan_sse2;  /* x86-64 */
sw_scan_fast sw_scan_avx2;  /* with AVX2, PCLMUL, BMI */

/* The best of them that runs here. */
sw_scan_fast *sw_scan_choose(void);

/* Any text, byte by byte. */
void sw_scan_exact(const struct sw_dialect *dialect, const char *text, uint32_t length,
                   struct sw_scan *scan);

/* `fast` first, exact where that refuses. */
void sw_scan_block(sw_scan_fast *fast, const struct sw_dialect *dialect, const char *text,
                   uint32_t length, struct sw_scan *scan);

#endif
