/* See scan.h: the rules of quoting, one byte at a time. Takes any text; the fast scanners hand it
 * what they refuse, and tests hold them against it. */
#include "ingest/scan.h"

enum state {
    AT_START, /* of a field */
    IN_PLAIN, /* in an unquoted field */
    IN_QUOTES,
    BEHIND_QUOTE, /* a quote inside quotes: it closes, unless another follows */
    IN_REST       /* text behind a closing quote */
};

struct machine {
    const struct sw_dialect *dialect;
    enum state state;
    uint32_t odd_count, odd_kept; /* with those of the record not yet complete */
    uint32_t lines;
};

static enum state behind_quote(const struct machine *m, char byte, bool is_crlf)
{
    if (byte == m->dialect->quote) {
        return IN_QUOTES;
    }
    return is_crlf ? BEHIND_QUOTE : IN_REST;
}

/* The state after a byte that ends no field. */
static enum state next_state(const struct machine *m, char byte, bool is_crlf)
{
    switch (m->state) {
    case AT_START:
        return byte == m->dialect->quote ? IN_QUOTES : IN_PLAIN;
    case IN_PLAIN:
        return IN_PLAIN;
    case IN_QUOTES:
        return byte == m->dialect->quote ? BEHIND_QUOTE : IN_QUOTES;
    case BEHIND_QUOTE:
        return behind_quote(m, byte, is_crlf);
    case IN_REST:
        return IN_REST;
    }
    return m->state;
}

static void end_field(struct machine *m, struct sw_scan *scan, uint32_t at, bool is_newline)
{
    if (m->state == IN_REST) {
        if (m->odd_kept < SW_SCAN_ODD_MAX) {
            scan->odd[m->odd_kept++] = scan->count;
        }
        m->odd_count++;
    }
    scan->at[scan->count++] = at;
    m->state = AT_START;
    if (is_newline) {
        scan->records++;
        scan->consumed = at + 1;
        scan->lines = m->lines;
        scan->odd_count = m->odd_count;
        scan->odd_kept = m->odd_kept;
    }
}

void sw_scan_exact(const struct sw_dialect *dialect, const char *text, uint32_t length,
                   struct sw_scan *scan)
{
    struct machine m = {.dialect = dialect, .state = AT_START};
    uint32_t *const index = scan->at;
    *scan = (struct sw_scan){.at = index};
    uint32_t at = 0;
    for (; at < length && scan->count < SW_SCAN_INDEX_MAX; at++) {
        const char byte = text[at];
        const bool is_newline = byte == dialect->newline;
        const bool is_open = m.state == IN_QUOTES;
        m.lines += is_newline;
        scan->has_quotes |= byte == dialect->quote;
        if ((is_newline || byte == dialect->delimiter) && !is_open) {
            end_field(&m, scan, at, is_newline);
            continue;
        }
        /* The CR of a CRLF; at the very end of the text what follows is not known yet, and the
         * record not complete: it is scanned again. */
        const bool is_crlf =
            byte == '\r' && dialect->newline == '\n' && (at + 1 == length || text[at + 1] == '\n');
        if (m.state == AT_START && byte == dialect->quote) {
            scan->open_at = at;
        }
        m.state = next_state(&m, byte, is_crlf);
    }
    scan->scanned = at;
    scan->is_open = m.state == IN_QUOTES;
    scan->field_at = scan->count == 0 ? 0 : index[scan->count - 1] + 1;
    while (scan->count > 0 && index[scan->count - 1] >= scan->consumed) {
        scan->count--;
    }
}
