/* See series.h.  All memory is the series' arena, so nothing is given back before the end. */
#include "table/series.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/obj.h"

#define FIELDS_MIN 8u

sw_status sw_series_new(size_t panels, struct sw_series **series)
{
    struct sw_series *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->magic = SW_SERIES_MAGIC;
    atomic_init(&made->refs, 1);
    sw_arena_init(&made->arena);
    made->panels = panels;
    made->panel = sw_arena_array(&made->arena, panels + 1, sizeof(struct sw_panel));
    if (made->panel == NULL) {
        sw_series_unref(made);
        return SW_NO_MEMORY;
    }
    *series = made;
    return SW_OK;
}

struct sw_series *sw_series_ref(struct sw_series *series)
{
    sw_assert(series->magic == SW_SERIES_MAGIC);
    atomic_fetch_add_explicit(&series->refs, 1, memory_order_relaxed);
    return series;
}

void sw_series_unref(struct sw_series *series)
{
    if (series == NULL) {
        return;
    }
    sw_assert(series->magic == SW_SERIES_MAGIC);
    if (atomic_fetch_sub_explicit(&series->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    sw_arena_fini(&series->arena);
    series->magic = 0;
    free(series);
}

static bool grow_panel(struct sw_series *series, struct sw_panel *panel)
{
    if (panel->fields < panel->fields_capacity) {
        return true;
    }
    size_t capacity = panel->fields_capacity == 0 ? FIELDS_MIN : panel->fields_capacity * 2;
    struct sw_field *field = sw_arena_array(&series->arena, capacity, sizeof(*field));
    if (field == NULL) {
        return false;
    }
    if (panel->fields > 0) {
        memcpy(field, panel->field, panel->fields * sizeof(*field));
    }
    panel->field = field;
    panel->fields_capacity = capacity;
    return true;
}

/* A copy in the arena; NULL for no memory. An empty array has an address too. */
static void *copy_array(struct sw_series *series, const void *values, size_t length, size_t size)
{
    void *copy = sw_arena_array(&series->arena, length > 0 ? length : 1, size);
    if (copy != NULL && length > 0) {
        memcpy(copy, values, length * size);
    }
    return copy;
}

/* A new field without values at the end of the panel, or NULL; it counts once add_field says so. */
static struct sw_field *start_field(struct sw_series *series, size_t panel, const char *group,
                                    const char *name, enum sw_type type, const uint8_t *is_null,
                                    size_t length)
{
    sw_assert(series->magic == SW_SERIES_MAGIC);
    sw_assert(panel < series->panels);
    struct sw_panel *into = &series->panel[panel];
    if (!grow_panel(series, into)) {
        return NULL;
    }
    struct sw_field *field = &into->field[into->fields];
    *field = (struct sw_field){.shape = SW_FIELD_ARRAY, .type = type, .length = length};
    field->name = sw_arena_text(&series->arena, sw_span_text(name));
    field->group = group != NULL ? sw_arena_text(&series->arena, sw_span_text(group)) : NULL;
    field->is_null = is_null != NULL ? copy_array(series, is_null, length, 1) : NULL;
    if (field->name == NULL || (group != NULL && field->group == NULL) ||
        (is_null != NULL && field->is_null == NULL)) {
        return NULL;
    }
    return field;
}

static sw_status add_field(struct sw_series *series, size_t panel, bool has_values)
{
    if (!has_values) {
        return SW_NO_MEMORY;
    }
    series->panel[panel].fields++;
    return SW_OK;
}

sw_status sw_series_ints(struct sw_series *series, size_t panel, const char *group,
                         const char *name, enum sw_type type, const int64_t *values,
                         const uint8_t *is_null, size_t length)
{
    sw_assert(sw_type_is_integral(type));
    struct sw_field *field = start_field(series, panel, group, name, type, is_null, length);
    if (field == NULL) {
        return SW_NO_MEMORY;
    }
    field->u.ints = copy_array(series, values, length, sizeof(*values));
    return add_field(series, panel, field->u.ints != NULL);
}

sw_status sw_series_floats(struct sw_series *series, size_t panel, const char *group,
                           const char *name, const double *values, const uint8_t *is_null,
                           size_t length)
{
    struct sw_field *field =
        start_field(series, panel, group, name, SW_TYPE_FLOAT, is_null, length);
    if (field == NULL) {
        return SW_NO_MEMORY;
    }
    field->u.floats = copy_array(series, values, length, sizeof(*values));
    return add_field(series, panel, field->u.floats != NULL);
}

static struct sw_span *copy_texts(struct sw_series *series, const struct sw_span *values,
                                  const uint8_t *is_null, size_t length)
{
    struct sw_span *copy = sw_arena_array(&series->arena, length > 0 ? length : 1, sizeof(*copy));
    for (size_t i = 0; copy != NULL && i < length; i++) {
        if (is_null != NULL && is_null[i]) {
            continue;
        }
        char *text = sw_arena_text(&series->arena, values[i]);
        if (text == NULL) {
            return NULL;
        }
        copy[i] = sw_span_of(text, values[i].length);
    }
    return copy;
}

sw_status sw_series_texts(struct sw_series *series, size_t panel, const char *group,
                          const char *name, const struct sw_span *values, const uint8_t *is_null,
                          size_t length)
{
    struct sw_field *field =
        start_field(series, panel, group, name, SW_TYPE_STRING, is_null, length);
    if (field == NULL) {
        return SW_NO_MEMORY;
    }
    field->u.texts = copy_texts(series, values, is_null, length);
    return add_field(series, panel, field->u.texts != NULL);
}

/* Where the values of a field of `length` are gathered before they are copied into it. */
struct columnar {
    int64_t *ints;
    double *floats;
    struct sw_span *texts;
    uint8_t *is_null;
    bool has_nulls;
};

static void gather(struct columnar *into, enum sw_type type, const struct sw_value *values,
                   size_t length)
{
    for (size_t i = 0; i < length; i++) {
        into->is_null[i] = values[i].is_null;
        into->has_nulls = into->has_nulls || values[i].is_null;
        if (values[i].is_null) {
            continue;
        }
        sw_assert(values[i].type == type);
        if (type == SW_TYPE_STRING) {
            into->texts[i] = values[i].u.s;
        } else if (type == SW_TYPE_FLOAT) {
            into->floats[i] = values[i].u.f;
        } else {
            into->ints[i] = values[i].u.i;
        }
    }
}

sw_status sw_series_values(struct sw_series *series, size_t panel, const char *group,
                           const char *name, enum sw_type type, const struct sw_value *values,
                           size_t length)
{
    struct sw_arena arena;
    sw_arena_init(&arena);
    struct columnar columnar = {
        .ints = sw_arena_array(&arena, length + 1, sizeof(int64_t)),
        .floats = sw_arena_array(&arena, length + 1, sizeof(double)),
        .texts = sw_arena_array(&arena, length + 1, sizeof(struct sw_span)),
        .is_null = sw_arena_array(&arena, length + 1, 1),
    };
    sw_status status = SW_NO_MEMORY;
    if (columnar.ints != NULL && columnar.floats != NULL && columnar.texts != NULL &&
        columnar.is_null != NULL) {
        gather(&columnar, type, values, length);
        const uint8_t *is_null = columnar.has_nulls ? columnar.is_null : NULL;
        if (type == SW_TYPE_STRING) {
            status = sw_series_texts(series, panel, group, name, columnar.texts, is_null, length);
        } else if (type == SW_TYPE_FLOAT) {
            status = sw_series_floats(series, panel, group, name, columnar.floats, is_null, length);
        } else {
            status =
                sw_series_ints(series, panel, group, name, type, columnar.ints, is_null, length);
        }
    }
    sw_arena_fini(&arena);
    return status;
}

static struct sw_field *last_field(struct sw_series *series, size_t panel)
{
    sw_assert(panel < series->panels);
    sw_assert(series->panel[panel].fields > 0);
    return &series->panel[panel].field[series->panel[panel].fields - 1];
}

void sw_series_mark_scalar(struct sw_series *series, size_t panel)
{
    struct sw_field *field = last_field(series, panel);
    sw_assert(field->length == 1);
    field->shape = SW_FIELD_SCALAR;
}

void sw_series_mark_axis(struct sw_series *series, size_t panel)
{
    last_field(series, panel)->is_axis = true;
}

size_t sw_series_bytes(const struct sw_series *series)
{
    return sizeof(*series) + series->arena.bytes;
}
