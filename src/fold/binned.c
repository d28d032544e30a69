/* See binned.h. */
#include "fold/binned.h"

#include <math.h>
#include <stdlib.h>

#include "kernel/kernel.h"
#include "table/datetime.h"

sw_status sw_binned_column(const struct sw_version *version, struct sw_span name, const char *what,
                           uint32_t *column, struct sw_err *err)
{
    SW_TRY(sw_schema_need(version->schema, name, column, err));
    const struct sw_column *found = &version->schema->column[*column];
    if (!sw_type_is_numeric(found->type)) {
        return sw_fail(err, SW_TYPE,
                       "%s: column \"%.100s\" is text, which has no axis; use groupby for it.",
                       what, found->name);
    }
    return SW_OK;
}

/* -- domains ------------------------------------------------------------------------- */

/* The finite range of a column; chunks with infinities give what is finite of their bounds. */
static void finite_range(const struct sw_version *version, uint32_t column, double *low,
                         double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column];
        if (chunk == NULL || !chunk->zone.has_values) {
            continue;
        }
        const struct sw_zone *zone = &chunk->zone;
        const double ends[] = {zone->min_f, zone->max_f};
        for (unsigned k = 0; k < 2; k++) {
            if (isfinite(ends[k])) {
                *low = ends[k] < *low ? ends[k] : *low;
                *high = ends[k] > *high ? ends[k] : *high;
            }
        }
    }
}

static void default_domain(const struct sw_version *version, uint32_t column, double *low,
                           double *high)
{
    double unit = sw_axis_unit(version->schema->column[column].type);
    finite_range(version, column, low, high);
    if (*low > *high) {
        *low = 0;
        *high = 1;
        return;
    }
    *low *= unit;
    *high *= unit;
    if (*low == *high) {
        double half = fabs(*low) * 0x1p-40 > 0.5 * unit ? fabs(*low) * 0x1p-40 : 0.5 * unit;
        *low -= half;
        *high += half;
        *low = isfinite(*low) ? *low : -0x1.fffffffffffffp1023;
        *high = isfinite(*high) ? *high : 0x1.fffffffffffffp1023;
    }
}

/* An end of a domain: a number, or a date or time as text. */
static bool read_end(const struct sw_json *json, enum sw_type type, double *end)
{
    struct sw_span text;
    int64_t time;
    bool is_time = type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP;
    if (is_time && sw_json_get_text(json, &text)) {
        if (sw_date_parse(text, &time)) {
            *end = (double)time * 86400000;
            return true;
        }
        if (sw_timestamp_parse(text, &time)) {
            *end = (double)time;
            return true;
        }
    }
    return sw_json_get_float(json, end) && isfinite(*end);
}

sw_status sw_binned_domain(const struct sw_version *version, uint32_t column,
                           const struct sw_json *domain, const char *what, double *low,
                           double *high, struct sw_err *err)
{
    if (sw_json_is_null(domain)) {
        default_domain(version, column, low, high);
        return SW_OK;
    }
    enum sw_type type = version->schema->column[column].type;
    bool is_pair = domain->kind == SW_JSON_ARRAY && domain->u.list.count == 2;
    if (!is_pair || !read_end(&domain->u.list.items[0], type, low) ||
        !read_end(&domain->u.list.items[1], type, high) || !(*low < *high)) {
        return sw_fail(err, SW_PARAMS, "%s: `domain` is [lo, hi] with lo below hi.", what);
    }
    return SW_OK;
}

sw_status sw_binned_width(const struct sw_version *version, uint32_t column,
                          const struct sw_json *domain, double width, const char *what,
                          struct sw_axis *axis, struct sw_err *err)
{
    double low;
    double high;
    if (!(width > 0)) {
        return sw_fail(err, SW_PARAMS, "%s: `width` must be above 0.", what);
    }
    SW_TRY(sw_binned_domain(version, column, domain, what, &low, &high, err));
    double first = sw_json_is_null(domain) ? floor(low / width) : low / width;
    double bins = ceil(high / width - first);
    bins = bins < 1 ? 1 : bins;
    if (!(bins <= SW_BINS_MAX)) {
        return sw_fail_limit(err, "bins", bins < 0x1p53 ? (int64_t)bins : INT64_MAX, SW_BINS_MAX,
                             "Take a larger width, or a narrower domain.");
    }
    uint32_t count = (uint32_t)bins;
    /* Rounding of the division must not leave the greatest value out. */
    count += (first + count) * width < high && count < SW_BINS_MAX;
    return sw_axis_init_width(axis, first, width, count, version->schema->column[column].type);
}

/* -- fields --------------------------------------------------------------------------- */

sw_status sw_binned_put(const double *values, const uint8_t *is_null, size_t n, enum sw_type type,
                        struct sw_series *series, size_t panel, const char *group, const char *name)
{
    bool is_time = type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP;
    bool is_whole = is_time;
    for (size_t i = 0; i < n && is_whole; i++) {
        is_whole = values[i] == rint(values[i]) && fabs(values[i]) < 0x1p53;
    }
    if (!is_whole) {
        return sw_series_floats(series, panel, group, name, values, is_null, n);
    }
    int64_t *whole = malloc((n + 1) * sizeof(*whole));
    if (whole == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        whole[i] = (int64_t)values[i];
    }
    sw_status status =
        sw_series_ints(series, panel, group, name, SW_TYPE_TIMESTAMP, whole, is_null, n);
    if (status == SW_OK) {
        sw_series_mark_axis(series, panel);
    }
    free(whole);
    return status;
}

/* Edges of times between two milliseconds stay fractions: they are what the counts were made
 * with. */
void sw_binned_count(struct sw_batch_places at, const struct sw_batch *batch, uint64_t *counts,
                     uint32_t places)
{
    if (at.narrow != NULL) {
        sw_count_narrow(at.narrow, batch->select, batch->selected, batch->rows, counts, places);
    } else {
        sw_count_wide(at.wide, batch->select, batch->selected, batch->rows, counts, places);
    }
}

const uint16_t *sw_binned_wide(struct sw_batch_places at, uint32_t n, uint16_t *room)
{
    if (at.wide != NULL) {
        return at.wide;
    }
    for (uint32_t i = 0; i < n; i++) {
        room[i] = at.narrow[i];
    }
    return room;
}

sw_status sw_binned_put_edges(const struct sw_axis *axis, enum sw_type type,
                              struct sw_series *series, size_t panel, const char *name)
{
    return sw_binned_put(axis->edges, NULL, axis->bins + (size_t)1, type, series, panel, NULL,
                         name);
}
