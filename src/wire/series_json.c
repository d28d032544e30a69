/* The `data` of an output.value as JSON (PROTOCOL section 4), whatever the kind: fields as members,
 * those of a group in an object of their own. */
#include "wire/encode.h"

static void put_integral(struct sw_buf *out, const struct sw_field *field, size_t i)
{
    bool is_time = field->type == SW_TYPE_DATE || field->type == SW_TYPE_TIMESTAMP;
    if (is_time && field->is_axis) {
        sw_json_put_int(out, field->u.ints[i]);
        return;
    }
    struct sw_value value = {.type = field->type, .u.i = field->u.ints[i]};
    sw_encode_value(out, &value);
}

static void put_item(struct sw_buf *out, const struct sw_field *field, size_t i)
{
    if (field->is_null != NULL && field->is_null[i]) {
        sw_buf_put_text(out, "null");
    } else if (field->type == SW_TYPE_FLOAT) {
        sw_json_put_float(out, field->u.floats[i]);
    } else if (field->type == SW_TYPE_STRING) {
        sw_json_put_text(out, field->u.texts[i]);
    } else {
        put_integral(out, field, i);
    }
}

static void put_field(struct sw_buf *out, const struct sw_field *field)
{
    sw_json_put_text(out, sw_span_text(field->name));
    sw_buf_put_byte(out, ':');
    if (field->shape == SW_FIELD_SCALAR) {
        sw_assert(field->length == 1);
        put_item(out, field, 0);
        return;
    }
    sw_buf_put_byte(out, '[');
    for (size_t i = 0; i < field->length; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        put_item(out, field, i);
    }
    sw_buf_put_byte(out, ']');
}

static bool is_of_group(const struct sw_field *field, const char *group)
{
    return field->group != NULL && strcmp(field->group, group) == 0;
}

/* Does a field before this one open the same group? */
static bool is_group_open(const struct sw_panel *panel, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (is_of_group(&panel->field[i], panel->field[at].group)) {
            return true;
        }
    }
    return false;
}

/* The group of field `first` and all its members, wherever they stand in the panel. */
static void put_group(struct sw_buf *out, const struct sw_panel *panel, size_t first)
{
    const char *group = panel->field[first].group;
    sw_json_put_text(out, sw_span_text(group));
    sw_buf_put_text(out, ":{");
    for (size_t i = first; i < panel->fields; i++) {
        if (!is_of_group(&panel->field[i], group)) {
            continue;
        }
        if (i > first) {
            sw_buf_put_byte(out, ',');
        }
        put_field(out, &panel->field[i]);
    }
    sw_buf_put_byte(out, '}');
}

static void put_panel(struct sw_buf *out, const struct sw_panel *panel)
{
    sw_buf_put_byte(out, '{');
    bool is_first = true;
    for (size_t i = 0; i < panel->fields; i++) {
        const struct sw_field *field = &panel->field[i];
        if (field->group != NULL && is_group_open(panel, i)) {
            continue;
        }
        if (!is_first) {
            sw_buf_put_byte(out, ',');
        }
        is_first = false;
        if (field->group != NULL) {
            put_group(out, panel, i);
        } else {
            put_field(out, field);
        }
    }
    sw_buf_put_byte(out, '}');
}

void sw_encode_facet(struct sw_buf *out, const struct sw_series *series)
{
    sw_buf_put_text(out, "{\"column\":");
    sw_json_put_text(out, sw_span_text(series->facet_column));
    sw_buf_put_text(out, ",\"values\":[");
    for (size_t i = 0; i < series->panels; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        sw_encode_value(out, &series->facet_value[i]);
    }
    sw_buf_put_text(out, "],\"counts\":[");
    for (size_t i = 0; i < series->panels; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        sw_json_put_int(out, series->facet_count[i]);
    }
    sw_buf_put_text(out, "],\"total\":");
    sw_json_put_int(out, series->facet_total);
    sw_buf_put_byte(out, '}');
}

void sw_encode_series(struct sw_buf *out, const struct sw_series *series)
{
    sw_assert(series->magic == SW_SERIES_MAGIC);
    if (series->facet_column == NULL) {
        sw_assert(series->panels == 1);
        put_panel(out, &series->panel[0]);
        return;
    }
    sw_buf_put_text(out, "{\"facet\":");
    sw_encode_facet(out, series);
    sw_buf_put_text(out, ",\"panels\":[");
    for (size_t i = 0; i < series->panels; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        put_panel(out, &series->panel[i]);
    }
    sw_buf_put_text(out, "]}");
}
