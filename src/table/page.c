#include "table/page.h"

#include <stdatomic.h>
#include <stdlib.h>

sw_status sw_page_new(struct sw_page **page)
{
    struct sw_page *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    atomic_init(&made->refs, 1);
    sw_arena_init(&made->arena);
    *page = made;
    return SW_OK;
}

struct sw_page *sw_page_ref(struct sw_page *page)
{
    atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);
    return page;
}

/* Acquire and release: whoever frees sees all that others read and wrote before letting go. */
void sw_page_unref(struct sw_page *page)
{
    if (page == NULL || atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    sw_arena_fini(&page->arena);
    free(page);
}
