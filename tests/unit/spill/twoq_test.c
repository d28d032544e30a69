/* The two queues against lists that are plainly written down. */
#include "support/test.h"

#include "spill/twoq.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS 40u

/* Numbers of items, the oldest first. */
struct plain {
    uint32_t list[SW_TWOQ_PLACES][ITEMS];
    uint32_t count[SW_TWOQ_PLACES];
    size_t bytes[ITEMS];
};

static size_t plain_bytes(const struct plain *plain, enum sw_twoq_place place)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < plain->count[place]; i++) {
        bytes += plain->bytes[plain->list[place][i]];
    }
    return bytes;
}

static enum sw_twoq_place plain_place(const struct plain *plain, uint32_t item)
{
    for (enum sw_twoq_place place = SW_TWOQ_NEW; place < SW_TWOQ_PLACES; place++) {
        for (uint32_t i = 0; i < plain->count[place]; i++) {
            if (plain->list[place][i] == item) {
                return place;
            }
        }
    }
    return SW_TWOQ_OUT;
}

static void plain_cut(struct plain *plain, uint32_t item)
{
    for (enum sw_twoq_place place = SW_TWOQ_NEW; place < SW_TWOQ_PLACES; place++) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < plain->count[place]; i++) {
            if (plain->list[place][i] != item) {
                plain->list[place][kept++] = plain->list[place][i];
            }
        }
        plain->count[place] = kept;
    }
}

static void plain_add(struct plain *plain, uint32_t item, enum sw_twoq_place place)
{
    plain_cut(plain, item);
    plain->list[place][plain->count[place]++] = item;
}

/* ITEMS: there is none. */
static uint32_t plain_oldest(const struct plain *plain)
{
    size_t new = plain_bytes(plain, SW_TWOQ_NEW);
    size_t all = new + plain_bytes(plain, SW_TWOQ_HOT);
    if (plain->count[SW_TWOQ_NEW] + plain->count[SW_TWOQ_HOT] == 0) {
        return ITEMS;
    }
    bool is_new =
        plain->count[SW_TWOQ_HOT] == 0 || (plain->count[SW_TWOQ_NEW] > 0 && new > all / 4);
    return plain->list[is_new ? SW_TWOQ_NEW : SW_TWOQ_HOT][0];
}

static void assert_same(const struct sw_twoq *queue, const struct plain *plain,
                        const struct sw_twoq_item *items)
{
    for (enum sw_twoq_place place = SW_TWOQ_NEW; place < SW_TWOQ_PLACES; place++) {
        const struct sw_twoq_item *at = queue->list[place].last;
        assert_int_equal(queue->list[place].count, plain->count[place]);
        assert_int_equal(queue->list[place].bytes, plain_bytes(plain, place));
        for (uint32_t i = 0; i < plain->count[place]; i++, at = at->before) {
            assert_ptr_equal(at, &items[plain->list[place][i]]);
            assert_int_equal(at->place, place);
        }
        assert_null(at);
    }
}

static void the_queues_are_as_plain_lists(void **state)
{
    (void)state;
    struct test_random random;
    struct plain plain = {0};
    struct sw_twoq_item items[ITEMS] = {0};
    struct sw_twoq queue;
    size_t ghosts_max = 150;
    test_random_init(&random, test_seed());
    sw_twoq_init(&queue, ghosts_max);
    for (uint32_t i = 0; i < ITEMS; i++) {
        items[i].bytes = plain.bytes[i] = 1 + (size_t)test_random_below(&random, 30);
    }

    for (uint32_t turn = 0; turn < 20000; turn++) {
        uint32_t item = (uint32_t)test_random_below(&random, ITEMS);
        uint32_t oldest = plain_oldest(&plain);
        enum sw_twoq_place place = plain_place(&plain, item);
        bool is_in = place == SW_TWOQ_NEW || place == SW_TWOQ_HOT;
        assert_ptr_equal(sw_twoq_oldest(&queue), oldest == ITEMS ? NULL : &items[oldest]);
        switch (test_random_below(&random, 8)) {
        case 0:
            sw_twoq_remove(&queue, &items[item]);
            plain_cut(&plain, item);
            break;
        case 1:
        case 2:
            if (oldest != ITEMS) {
                enum sw_twoq_place from = plain_place(&plain, oldest);
                sw_twoq_leave(&queue, &items[oldest]);
                plain_cut(&plain, oldest);
                if (from == SW_TWOQ_NEW) {
                    plain_add(&plain, oldest, SW_TWOQ_GHOST);
                }
                while (plain_bytes(&plain, SW_TWOQ_GHOST) > ghosts_max) {
                    plain_cut(&plain, plain.list[SW_TWOQ_GHOST][0]);
                }
            }
            break;
        case 3:
            if (is_in) {
                sw_twoq_spare(&queue, &items[item]);
                plain_add(&plain, item, place);
            }
            break;
        default:
            if (!is_in) {
                sw_twoq_come(&queue, &items[item]);
                plain_add(&plain, item, place == SW_TWOQ_GHOST ? SW_TWOQ_HOT : SW_TWOQ_NEW);
            }
            break;
        }
        assert_same(&queue, &plain, items);
    }
}

/* -- what it is for --------------------------------------------------------------------- */

#define ROOM  100u
#define MANY  2000u
#define LOVED 50u

static void ask(struct sw_twoq *queue, struct sw_twoq_item *item, uint32_t *loads)
{
    if (item->place == SW_TWOQ_NEW || item->place == SW_TWOQ_HOT) {
        return;
    }
    (*loads)++;
    if (sw_twoq_count(queue) == ROOM) {
        sw_twoq_leave(queue, sw_twoq_oldest(queue));
    }
    sw_twoq_come(queue, item);
}

static void a_pass_over_everything_leaves_what_is_asked_for_again_and_again(void **state)
{
    (void)state;
    struct sw_twoq_item *items = calloc(MANY, sizeof *items);
    struct sw_twoq queue;
    uint32_t loads = 0;
    assert_non_null(items);
    sw_twoq_init(&queue, ROOM);
    for (uint32_t i = 0; i < MANY; i++) {
        items[i].bytes = 1;
    }
    for (uint32_t round = 0; round < 4; round++) { /* the first items are loved, the others come */
        for (uint32_t i = 0; i < LOVED; i++) {
            ask(&queue, &items[i], &loads);
        }
        for (uint32_t i = 0; i < ROOM / 2; i++) {
            ask(&queue, &items[LOVED + round * ROOM / 2 + i], &loads);
        }
    }

    for (uint32_t i = LOVED; i < MANY; i++) {
        ask(&queue, &items[i], &loads);
    }
    loads = 0;
    for (uint32_t i = 0; i < LOVED; i++) {
        ask(&queue, &items[i], &loads);
    }

    assert_true(loads <= LOVED / 4);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queues_are_as_plain_lists),
        cmocka_unit_test(a_pass_over_everything_leaves_what_is_asked_for_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
