/* Chunks of a version in the making: parts put theirs in place, the last one makes row groups. */
#include <stdlib.h>

#include "derive/derive_priv.h"

sw_status sw_derive_made_init(struct sw_derive_made *made, uint64_t groups, uint32_t columns,
                              struct sw_err *err)
{
    sw_assert(groups <= UINT32_MAX); /* as many as a version has, or of rows that were counted */
    made->groups = (uint32_t)groups;
    made->columns = columns;
    made->chunk = calloc((size_t)groups * columns + 1, sizeof(struct sw_chunk *));
    return made->chunk == NULL ? sw_derive_no_memory(err) : SW_OK;
}

void sw_derive_made_fini(struct sw_derive_made *made)
{
    for (size_t i = 0; made->chunk != NULL && i < (size_t)made->groups * made->columns; i++) {
        sw_chunk_unref(made->chunk[i]);
    }
    free(made->chunk);
    *made = (struct sw_derive_made){0};
}

static sw_status make_groups(struct sw_derive_made *made, struct sw_rowgroup **group,
                             uint64_t *rows)
{
    sw_status status = SW_OK;
    for (uint32_t i = 0; i < made->groups && status == SW_OK; i++) {
        struct sw_chunk **chunk = made->chunk + (size_t)i * made->columns;
        uint32_t own = chunk[0]->rows;
        status = sw_rowgroup_take(made->columns, chunk, *rows, NULL, &group[i]);
        memset(chunk, 0, made->columns * sizeof(struct sw_chunk *)); /* they are gone either way */
        *rows += own;
    }
    return status;
}

sw_status sw_derive_made_version(struct sw_derive_made *made, uint64_t number,
                                 struct sw_schema *schema, struct sw_version **version,
                                 struct sw_err *err)
{
    struct sw_rowgroup **group = calloc(made->groups + 1u, sizeof(struct sw_rowgroup *));
    uint64_t rows = 0;
    if (group == NULL) {
        return sw_derive_no_memory(err);
    }
    sw_status status = make_groups(made, group, &rows);
    if (status == SW_OK) {
        status = sw_version_new(number, schema, made->groups, group, rows, version);
    }
    for (uint32_t i = 0; i < made->groups; i++) {
        if (group[i] != NULL) {
            sw_rowgroup_unref(group[i]);
        }
    }
    free(group);
    return status == SW_NO_MEMORY ? sw_derive_no_memory(err) : status;
}

sw_status sw_derive_builder_said(sw_status status, const struct sw_builder *builder,
                                 struct sw_err *err)
{
    if (status == SW_NO_MEMORY) {
        return sw_derive_no_memory(err);
    }
    if (status == SW_LIMIT) {
        return sw_fail_limit(err, "field_bytes", (int64_t)SW_FIELD_BYTES_MAX + 1,
                             SW_FIELD_BYTES_MAX, "derive shorter texts");
    }
    if (status == SW_OK && builder->text.length > SW_DERIVED_TEXT_BYTES_MAX) {
        return sw_fail_limit(err, "derived_text_bytes", (int64_t)builder->text.length,
                             SW_DERIVED_TEXT_BYTES_MAX, "derive shorter texts");
    }
    return status;
}
