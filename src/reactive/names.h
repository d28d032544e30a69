/* names: a list of named things in the order in which they came, found by name.
 * A name's hash is compared before its bytes: a look-up among the thousand that a
 * session may have costs a few microseconds.  Loop thread; nodes belong to the owner. */
#ifndef SW_REACTIVE_NAMES_H
#define SW_REACTIVE_NAMES_H

#include "base/span.h"
#include "base/status.h"

struct sw_named { /* first member of the thing */
    struct sw_named *next;
    char *name; /* owned by the thing, NUL-terminated */
    size_t length;
    uint64_t hash;
};

struct sw_names {
    struct sw_named *first, *last;
    size_t count;
};

/* The name is node->name and must not be in the list yet. */
void sw_names_add(struct sw_names *names, struct sw_named *node);
void sw_names_remove(struct sw_names *names, struct sw_named *node);
struct sw_named *sw_names_find(const struct sw_names *names, struct sw_span name); /* or NULL */

#endif
