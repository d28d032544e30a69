#include "spill/twoq.h"

#define NEW_SHARE 4u /* of the bytes in memory, that NEW keeps */

static void link_first(struct sw_twoq *queue, struct sw_twoq_item *item, enum sw_twoq_place place)
{
    struct sw_twoq_list *list = &queue->list[place];
    item->place = place;
    item->before = NULL;
    item->after = list->first;
    if (list->first != NULL) {
        list->first->before = item;
    } else {
        list->last = item;
    }
    list->first = item;
    list->bytes += item->bytes;
    list->count++;
}

static void unlink_item(struct sw_twoq *queue, struct sw_twoq_item *item)
{
    struct sw_twoq_list *list = &queue->list[item->place];
    if (item->before != NULL) {
        item->before->after = item->after;
    } else {
        list->first = item->after;
    }
    if (item->after != NULL) {
        item->after->before = item->before;
    } else {
        list->last = item->before;
    }
    list->bytes -= item->bytes;
    list->count--;
    item->place = SW_TWOQ_OUT;
    item->before = item->after = NULL;
}

void sw_twoq_init(struct sw_twoq *queue, size_t ghosts_max)
{
    *queue = (struct sw_twoq){.ghosts_max = ghosts_max};
}

void sw_twoq_come(struct sw_twoq *queue, struct sw_twoq_item *item)
{
    sw_assert(item->place == SW_TWOQ_OUT || item->place == SW_TWOQ_GHOST);
    bool is_back = item->place == SW_TWOQ_GHOST;
    if (is_back) {
        unlink_item(queue, item);
    }
    link_first(queue, item, is_back ? SW_TWOQ_HOT : SW_TWOQ_NEW);
}

struct sw_twoq_item *sw_twoq_oldest(const struct sw_twoq *queue)
{
    const struct sw_twoq_list *new = &queue->list[SW_TWOQ_NEW];
    const struct sw_twoq_list *hot = &queue->list[SW_TWOQ_HOT];
    bool is_new_full = new->bytes > sw_twoq_bytes(queue) / NEW_SHARE;
    return new->last != NULL && (is_new_full || hot->last == NULL) ? new->last : hot->last;
}

void sw_twoq_spare(struct sw_twoq *queue, struct sw_twoq_item *item)
{
    enum sw_twoq_place place = item->place;
    sw_assert(place == SW_TWOQ_NEW || place == SW_TWOQ_HOT);
    unlink_item(queue, item);
    link_first(queue, item, place);
}

void sw_twoq_leave(struct sw_twoq *queue, struct sw_twoq_item *item)
{
    bool is_new = item->place == SW_TWOQ_NEW;
    sw_assert(is_new || item->place == SW_TWOQ_HOT);
    unlink_item(queue, item);
    if (is_new) {
        link_first(queue, item, SW_TWOQ_GHOST);
    }
    struct sw_twoq_list *ghosts = &queue->list[SW_TWOQ_GHOST];
    while (ghosts->bytes > queue->ghosts_max) {
        unlink_item(queue, ghosts->last);
    }
}

void sw_twoq_remove(struct sw_twoq *queue, struct sw_twoq_item *item)
{
    if (item->place != SW_TWOQ_OUT) {
        unlink_item(queue, item);
    }
}
