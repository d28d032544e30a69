/* See exceptions.h. */
#include "table/exceptions.h"

#include <stdlib.h>

void sw_exceptions_free(struct sw_exceptions *exceptions)
{
    free(exceptions);
}

/* The first of `count` ascending rows that is not below `row`. */
static uint32_t first_from(const uint32_t *rows, uint32_t count, uint32_t row)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rows[middle] < row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t sw_exceptions_from(const struct sw_exceptions *exceptions, uint32_t row)
{
    return exceptions == NULL ? 0 : first_from(exceptions->row, exceptions->count, row);
}

struct sw_span sw_exceptions_text(const struct sw_exceptions *exceptions, uint32_t i)
{
    sw_assert(i < exceptions->count);
    uint32_t start = i == 0 ? 0 : exceptions->end[i - 1];
    return sw_span_of(exceptions->bytes + start, exceptions->end[i] - start);
}

bool sw_exceptions_find(const struct sw_exceptions *exceptions, uint32_t row, struct sw_span *text)
{
    uint32_t i = sw_exceptions_from(exceptions, row);
    if (exceptions == NULL || i == exceptions->count || exceptions->row[i] != row) {
        return false;
    }
    *text = sw_exceptions_text(exceptions, i);
    return true;
}

/* -- the open list ---------------------------------------------------------------------- */

void sw_exception_list_fini(struct sw_exception_list *list)
{
    free(list->row);
    free(list->end);
    sw_buf_fini(&list->text);
    *list = (struct sw_exception_list){0};
}

void sw_exception_list_clear(struct sw_exception_list *list)
{
    list->count = 0;
    list->dropped = 0;
    sw_buf_clear(&list->text);
}

static bool make_room(struct sw_exception_list *list)
{
    if (list->count < list->capacity) {
        return true;
    }
    uint32_t capacity = list->capacity * 2 + 16;
    uint32_t *row = realloc(list->row, capacity * sizeof(*row));
    if (row == NULL) {
        return false;
    }
    list->row = row;
    uint32_t *end = realloc(list->end, capacity * sizeof(*end));
    if (end == NULL) {
        return false;
    }
    list->end = end;
    list->capacity = capacity;
    return true;
}

sw_status sw_exception_list_add(struct sw_exception_list *list, uint32_t row, struct sw_span text)
{
    sw_assert(list->count == 0 || list->row[list->count - 1] < row);
    if (text.length >= SW_EXCEPTION_GONE - list->text.length) {
        return SW_LIMIT;
    }
    if (!make_room(list)) {
        return SW_NO_MEMORY;
    }
    sw_buf_put(&list->text, text.data, text.length);
    if (list->text.failed) {
        return SW_NO_MEMORY;
    }
    list->row[list->count] = row;
    list->end[list->count] = (uint32_t)list->text.length;
    list->count++;
    return SW_OK;
}

sw_status sw_exception_list_add_from(struct sw_exception_list *list,
                                     const struct sw_exceptions *exceptions, uint32_t start,
                                     uint32_t n, uint32_t at)
{
    uint32_t count = exceptions == NULL ? 0 : exceptions->count;
    for (uint32_t i = sw_exceptions_from(exceptions, start);
         i < count && exceptions->row[i] < start + n; i++) {
        SW_TRY(sw_exception_list_add(list, at + (exceptions->row[i] - start),
                                     sw_exceptions_text(exceptions, i)));
    }
    return SW_OK;
}

static struct sw_span text_of(const struct sw_exception_list *list, uint32_t i)
{
    uint32_t start = i == 0 ? 0 : list->end[i - 1] & ~SW_EXCEPTION_GONE;
    return sw_span_of(list->text.data + start, (list->end[i] & ~SW_EXCEPTION_GONE) - start);
}

static bool is_gone(const struct sw_exception_list *list, uint32_t i)
{
    return (list->end[i] & SW_EXCEPTION_GONE) != 0;
}

sw_status sw_exception_list_copy(struct sw_exception_list *into,
                                 const struct sw_exception_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (!is_gone(list, i)) {
            SW_TRY(sw_exception_list_add(into, list->row[i], text_of(list, i)));
        }
    }
    return SW_OK;
}

void sw_exception_list_drop(struct sw_exception_list *list, uint32_t row)
{
    uint32_t i = first_from(list->row, list->count, row);
    if (i < list->count && list->row[i] == row && !is_gone(list, i)) {
        list->end[i] |= SW_EXCEPTION_GONE;
        list->dropped++;
    }
}

/* A row's place is its number less the rows before it that leave. */
void sw_exception_list_squeeze(struct sw_exception_list *list, const uint64_t *bits)
{
    uint32_t gone = 0;
    uint32_t word = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t row = list->row[i];
        for (; word < row / 64; word++) {
            gone += (uint32_t)__builtin_popcountll(bits[word]);
        }
        uint64_t below = bits[word] & (((uint64_t)1 << row % 64) - 1);
        if ((bits[word] >> row % 64 & 1) != 0 && !is_gone(list, i)) {
            list->end[i] |= SW_EXCEPTION_GONE;
            list->dropped++;
        }
        list->row[i] = row - gone - (uint32_t)__builtin_popcountll(below);
    }
}

/* -- sealing ------------------------------------------------------------------------------ */

size_t sw_exception_list_size(const struct sw_exception_list *list)
{
    uint32_t count = list->count - list->dropped;
    if (count == 0) {
        return 0;
    }
    size_t size = sizeof(struct sw_exceptions) + count * 2 * sizeof(uint32_t);
    for (uint32_t i = 0; i < list->count; i++) {
        size += is_gone(list, i) ? 0 : text_of(list, i).length;
    }
    return size;
}

sw_status sw_exception_list_seal(const struct sw_exception_list *list,
                                 struct sw_exceptions **exceptions)
{
    size_t size = sw_exception_list_size(list);
    *exceptions = NULL;
    if (size == 0) {
        return SW_OK;
    }
    struct sw_exceptions *made = malloc(size);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->size = size;
    made->count = 0;
    made->row = (uint32_t *)(made + 1);
    made->end = made->row + (list->count - list->dropped);
    made->bytes = (char *)(made->end + (list->count - list->dropped));
    uint32_t length = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_gone(list, i)) {
            continue;
        }
        struct sw_span text = text_of(list, i);
        if (text.length > 0) {
            memcpy(made->bytes + length, text.data, text.length);
        }
        length += (uint32_t)text.length;
        made->row[made->count] = list->row[i];
        made->end[made->count] = length;
        made->count++;
    }
    *exceptions = made;
    return SW_OK;
}
