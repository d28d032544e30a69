#include "wire/flat.h"

static size_t here(const struct sw_flat *flat)
{
    return flat->out->length - flat->start;
}

/* Zeros, so that `after` bytes further the place is a multiple of `align`. */
static void align(struct sw_flat *flat, size_t alignment, size_t after)
{
    static const char zeros[8];
    size_t over = (here(flat) + after) % alignment;
    sw_buf_put(flat->out, zeros, over == 0 ? 0 : alignment - over);
}

static void put_zeros(struct sw_flat *flat, size_t count)
{
    char *into = sw_buf_reserve(flat->out, count);
    if (into != NULL) {
        memset(into, 0, count);
        flat->out->length += count;
    }
}

void sw_flat_set(struct sw_flat *flat, size_t place, int64_t value, size_t size)
{
    if (flat->out->failed) {
        return;
    }
    sw_assert(place + size <= here(flat));
    char *into = flat->out->data + flat->start + place;
    for (size_t i = 0; i < size; i++) {
        into[i] = (char)((uint64_t)value >> (8 * i) & 0xff);
    }
}

static void set_link(struct sw_flat *flat, size_t link)
{
    if (link != SIZE_MAX) {
        sw_flat_set(flat, link, (int64_t)(here(flat) - link), 4);
    }
}

struct sw_flat sw_flat_begin(struct sw_buf *out)
{
    struct sw_flat flat = {out, out->length};
    put_zeros(&flat, 4);
    return flat;
}

size_t sw_flat_end(struct sw_flat *flat)
{
    align(flat, 8, 0);
    return here(flat);
}

void sw_flat_table(struct sw_flat *flat, size_t link, const uint8_t *sizes, size_t count,
                   size_t *place)
{
    sw_assert(count <= SW_FLAT_FIELDS_MAX);
    size_t table_bytes = 4;
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] > 0) {
            table_bytes = (table_bytes + sizes[i] - 1) / sizes[i] * sizes[i];
            place[i] = table_bytes;
            table_bytes += sizes[i];
        }
    }
    size_t vtable_bytes = 4 + 2 * count;
    align(flat, 8, vtable_bytes);
    size_t vtable = here(flat);
    put_zeros(flat, vtable_bytes);
    sw_flat_set(flat, vtable, (int64_t)vtable_bytes, 2);
    sw_flat_set(flat, vtable + 2, (int64_t)table_bytes, 2);
    size_t table = here(flat);
    set_link(flat, link);
    put_zeros(flat, table_bytes);
    sw_flat_set(flat, table, (int64_t)(table - vtable), 4);
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] > 0) {
            sw_flat_set(flat, vtable + 4 + 2 * i, (int64_t)place[i], 2);
            place[i] += table;
        }
    }
}

size_t sw_flat_vector(struct sw_flat *flat, size_t link, size_t count, size_t size,
                      size_t alignment)
{
    align(flat, 4, 0);
    align(flat, alignment, 4);
    size_t vector = here(flat);
    set_link(flat, link);
    put_zeros(flat, 4 + count * size);
    sw_flat_set(flat, vector, (int64_t)count, 4);
    return vector + 4;
}

void sw_flat_string(struct sw_flat *flat, size_t link, const char *prefix, const char *text)
{
    size_t prefix_bytes = strlen(prefix);
    size_t text_bytes = strlen(text);
    align(flat, 4, 0);
    size_t string = here(flat);
    set_link(flat, link);
    put_zeros(flat, 4);
    sw_flat_set(flat, string, (int64_t)(prefix_bytes + text_bytes), 4);
    sw_buf_put(flat->out, prefix, prefix_bytes);
    sw_buf_put(flat->out, text, text_bytes);
    put_zeros(flat, 1);
}
