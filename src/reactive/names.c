#include "reactive/names.h"

#include "base/random.h"

void sw_names_add(struct sw_names *names, struct sw_named *node)
{
    node->length = strlen(node->name);
    node->hash = sw_hash(node->name, node->length);
    node->next = NULL;
    if (names->last != NULL) {
        names->last->next = node;
    } else {
        names->first = node;
    }
    names->last = node;
    names->count++;
}

void sw_names_remove(struct sw_names *names, struct sw_named *node)
{
    struct sw_named *before = NULL;
    for (struct sw_named *at = names->first; at != node; at = at->next) {
        sw_assert(at != NULL);
        before = at;
    }
    if (before != NULL) {
        before->next = node->next;
    } else {
        names->first = node->next;
    }
    if (names->last == node) {
        names->last = before;
    }
    names->count--;
}

struct sw_named *sw_names_find(const struct sw_names *names, struct sw_span name)
{
    uint64_t hash = sw_hash(name.data, name.length);
    struct sw_named *at = names->first;
    while (at != NULL &&
           (at->hash != hash || !sw_span_equal(sw_span_of(at->name, at->length), name))) {
        at = at->next;
    }
    return at;
}
