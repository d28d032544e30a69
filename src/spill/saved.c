#include <stdlib.h>

#include "spill/save.h"

sw_status sw_saved_new(uint32_t tables, uint32_t facts, struct sw_saved **saved)
{
    struct sw_saved *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_arena_init(&made->arena);
    made->table = sw_arena_array(&made->arena, tables + (size_t)1, sizeof(*made->table));
    made->fact = sw_arena_array(&made->arena, facts + (size_t)1, sizeof(*made->fact));
    if (made->table == NULL || made->fact == NULL) {
        sw_saved_free(made);
        return SW_NO_MEMORY;
    }
    made->tables = tables;
    made->facts = facts;
    *saved = made;
    return SW_OK;
}

void sw_saved_free(struct sw_saved *saved)
{
    if (saved == NULL) {
        return;
    }
    for (uint32_t i = 0; i < saved->tables; i++) {
        const struct sw_saved_table *table = &saved->table[i];
        sw_version_unref(table->version);
        for (uint32_t k = 0; table->step != NULL && k < table->steps; k++) {
            sw_version_unref(table->step[k].before);
            sw_version_unref(table->step[k].after);
        }
    }
    sw_arena_fini(&saved->arena);
    free(saved);
}
