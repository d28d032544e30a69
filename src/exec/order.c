/* Reading an order; making one is order_job.c. */
#include "exec/order.h"

#include <stdatomic.h>
#include <stdlib.h>

struct sw_order *sw_order_ref(struct sw_order *order)
{
    atomic_fetch_add_explicit(&order->refs, 1, memory_order_relaxed);
    return order;
}

void sw_order_unref(struct sw_order *order)
{
    if (order == NULL || atomic_fetch_sub_explicit(&order->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (uint32_t i = 0; order->select != NULL && i < order->groups; i++) {
        free((void *)order->select[i]);
    }
    free(order->select);
    free(order->start);
    free(order->row_start);
    free(order->position);
    sw_budget_release(order->budget, order->bytes);
    free(order);
}

const uint64_t *sw_order_select(const struct sw_order *order, uint32_t group, uint32_t *passed)
{
    sw_assert(!order->is_sorted);
    sw_assert(group < order->groups);
    *passed = (uint32_t)(order->start[group + 1] - order->start[group]);
    return order->select[group];
}

static uint32_t group_of(const struct sw_order *order, uint64_t row)
{
    uint32_t low = 0;
    uint32_t high = order->groups;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (order->start[middle] <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The row in a group of its n-th set bit. */
static uint32_t nth_bit(const uint64_t *bits, uint32_t n)
{
    uint32_t word = 0;
    for (;; word++) {
        uint32_t count = (uint32_t)__builtin_popcountll(bits[word]);
        if (n < count) {
            break;
        }
        n -= count;
    }
    uint64_t left = bits[word];
    for (; n > 0; n--) {
        left &= left - 1;
    }
    return word * 64 + (uint32_t)__builtin_ctzll(left);
}

static uint32_t next_bit(const uint64_t *bits, uint32_t after)
{
    uint32_t word = (after + 1) >> 6;
    uint64_t left = bits[word] >> ((after + 1) & 63);
    if (left != 0) {
        return after + 1 + (uint32_t)__builtin_ctzll(left);
    }
    do {
        word++;
    } while (bits[word] == 0);
    return word * 64 + (uint32_t)__builtin_ctzll(bits[word]);
}

void sw_order_positions(const struct sw_order *order, uint64_t first, uint32_t count,
                        uint64_t *positions)
{
    sw_assert(first <= order->rows);
    sw_assert(count <= order->rows - first);
    if (order->is_sorted) {
        for (uint32_t i = 0; i < count; i++) {
            positions[i] = order->position[first + i];
        }
        return;
    }
    uint32_t done = 0;
    for (uint32_t group = count == 0 ? 0 : group_of(order, first); done < count; group++) {
        uint64_t base = order->row_start[group];
        uint64_t from = first + done - order->start[group];
        uint64_t to = order->start[group + 1] - order->start[group];
        const uint64_t *bits = order->select[group];
        uint32_t row = 0;
        for (uint64_t i = from; i < to && done < count; i++, done++) {
            if (bits == NULL) {
                row = (uint32_t)i;
            } else {
                row = i == from ? nth_bit(bits, (uint32_t)i) : next_bit(bits, row);
            }
            positions[done] = base + row;
        }
    }
}
