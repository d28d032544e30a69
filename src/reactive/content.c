/* What of a version an output shows, in an identity: an edit of what it does not read leaves its
 * value as it is, and it need not run.  Formulas are in the key by their ids (put_formulas), here
 * their sources stand for them. */
#include <stdlib.h>

#include "reactive/reactive_priv.h"

static void add_filter(const struct sw_filter *filter, uint8_t *set)
{
    const uint32_t *column = NULL;
    size_t columns = sw_filter_columns(filter, &column);
    for (size_t i = 0; i < columns; i++) {
        set[column[i]] = 1;
    }
}

static void add_rows(struct sw_identity *identity, const struct sw_version *version,
                     const uint8_t *set, bool has_row_ids)
{
    sw_identity_add(identity, version->rows);
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_rowgroup *group = version->group[i];
        sw_identity_add(identity, group->rows);
        if (has_row_ids) {
            sw_identity_add(identity, group->first_row_id);
            sw_identity_add(identity, group->row_ids == NULL ? 0 : group->row_ids->id);
        }
        for (uint32_t c = 0; c < version->schema->columns; c++) {
            const struct sw_chunk *chunk = set[c] != 0 ? group->chunk[c] : NULL;
            if (chunk != NULL) {
                sw_identity_add(identity, chunk->id);
            }
        }
    }
}

sw_status sw_run_content(const struct sw_run *run, const struct sw_run_item *item,
                         struct sw_identity *content, struct sw_err *err)
{
    const struct sw_run_table *table = &run->table[item->table];
    const struct sw_schema *schema = table->version->schema;
    struct sw_fold_needs needs = {.is_known = false};
    *content = (struct sw_identity){0, table->version->content};
    if (item->foldrun != NULL && sw_foldrun_needs(item->foldrun, &needs) != SW_OK) {
        return sw_graph_no_memory(err);
    }
    if (!needs.is_known) {
        return SW_OK;
    }
    for (uint32_t i = 0; i < item->filters; i++) {
        add_filter(table->list.filter[item->filter[i]], needs.reads);
    }
    if (schema->formulas > 0) {
        sw_schema_add_sources(schema, needs.reads);
    }
    for (uint32_t c = 0; c < schema->columns; c++) {
        if (schema->column[c].formula != NULL) {
            needs.reads[c] = 0;
        }
    }
    *content = needs.identity;
    add_rows(content, table->version, needs.reads, needs.reads_row_ids);
    sw_fold_needs_fini(&needs);
    return SW_OK;
}
