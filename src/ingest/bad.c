/* See bad.h. */
#include "ingest/bad.h"

#include <stdarg.h>
#include <stdio.h>

static bool is_before(uint32_t row, int32_t column, const struct sw_bad_waiting *other)
{
    return row != other->row ? row < other->row : column < other->bad.column;
}

void sw_bad_add(struct sw_bad *bad, uint32_t row, int32_t column, const char *format, ...)
{
    bad->count++;
    const uint32_t room = SW_BAD_ROWS_KEPT - bad->kept;
    uint32_t at = bad->waiting_count;
    while (at > 0 && is_before(row, column, &bad->waiting[at - 1])) {
        at--;
    }
    if (at >= room) {
        return;
    }
    if (bad->waiting_count == room) {
        bad->waiting_count--;
    }
    memmove(&bad->waiting[at + 1], &bad->waiting[at],
            (bad->waiting_count - at) * sizeof(bad->waiting[0]));
    bad->waiting_count++;
    struct sw_bad_waiting *waiting = &bad->waiting[at];
    *waiting = (struct sw_bad_waiting){.row = row, .bad = {.column = column}};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(waiting->bad.reason, sizeof(waiting->bad.reason), format, arguments);
    va_end(arguments);
}

void sw_bad_settle(struct sw_bad *bad, const struct sw_rows *rows)
{
    for (uint32_t i = 0; i < bad->waiting_count; i++) {
        bad->row[bad->kept] = bad->waiting[i].bad;
        bad->row[bad->kept].line = sw_rows_line(rows, bad->waiting[i].row);
        bad->kept++;
    }
    bad->waiting_count = 0;
}

void sw_bad_note(struct sw_bad *bad, uint64_t line, int32_t column, const char *reason)
{
    bad->count++;
    if (bad->kept < SW_BAD_ROWS_KEPT) {
        struct sw_bad_row *row = &bad->row[bad->kept++];
        *row = (struct sw_bad_row){.line = line, .column = column};
        snprintf(row->reason, sizeof(row->reason), "%s", reason);
    }
}
