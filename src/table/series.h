/* series: what an output shows: named arrays, made by a fold's finish, turned
 * into JSON or Arrow by wire/series_*.c without knowing the kind.
 *
 * A series is a list of fields in one or more panels (one, unless faceted; every
 * panel has the same fields in the same order).  A field belongs to a group
 * ("y", "keys", "measures") or to none: JSON puts it at data.group.name or
 * data.name; Arrow names it "group.name".  An array's values may be null.
 * Built by one thread, then immutable and handed on; counted.                   */
#ifndef SW_TABLE_SERIES_H
#define SW_TABLE_SERIES_H

#include "base/arena.h"
#include "base/buf.h"
#include "table/type.h"

#define SW_SERIES_MAGIC 0x73657269u /* "seri" */

enum sw_field_shape { SW_FIELD_SCALAR, SW_FIELD_ARRAY };

struct sw_field {
    const char *group; /* NULL: top level; owned by the series */
    const char *name;  /* owned by the series */
    enum sw_field_shape shape;
    enum sw_type type;
    bool is_axis;  /* date and timestamp as a number: ms since 1970 (days times 86400000
                                 already applied by the maker); else as text (PROTOCOL 1) */
    size_t length; /* 1 for a scalar */
    union {
        const int64_t *ints; /* bool, int, date, timestamp */
        const double *floats;
        const struct sw_span *texts;
    } u;                    /* owned by the series */
    const uint8_t *is_null; /* [length] 1 = null; NULL: none; owned */
};

struct sw_panel {
    struct sw_field *field; /* [fields] */
    size_t fields;
    size_t fields_capacity;
};

struct sw_series {
    uint32_t magic;
    _Atomic uint32_t refs;
    struct sw_arena arena; /* owns everything below */
    size_t panels;         /* 1, or one per facet */
    struct sw_panel *panel;
    /* facets: NULL unless faceted */
    const char *facet_column;
    struct sw_value *facet_value; /* [panels] */
    int64_t *facet_count;         /* [panels]: rows after the filter */
    int64_t facet_total;          /* distinct values there are */
    uint64_t rows;                /* rows after the filter, over all panels */
    bool is_array_of_columns;     /* a page: JSON `data` is made by wire/encode_page */
};

SW_MUST_USE sw_status sw_series_new(size_t panels, struct sw_series **series);
struct sw_series *sw_series_ref(struct sw_series *series);
void sw_series_unref(struct sw_series *series);

/* Add a field to a panel; the values are copied into the series (texts deeply).
 * `is_null` may be NULL.  Names are copied. */
SW_MUST_USE sw_status sw_series_ints(struct sw_series *series, size_t panel, const char *group,
                                     const char *name, enum sw_type type, const int64_t *values,
                                     const uint8_t *is_null, size_t length);
SW_MUST_USE sw_status sw_series_floats(struct sw_series *series, size_t panel, const char *group,
                                       const char *name, const double *values,
                                       const uint8_t *is_null, size_t length);
SW_MUST_USE sw_status sw_series_texts(struct sw_series *series, size_t panel, const char *group,
                                      const char *name, const struct sw_span *values,
                                      const uint8_t *is_null, size_t length);
/* Any values of one type, nulls included. */
SW_MUST_USE sw_status sw_series_values(struct sw_series *series, size_t panel, const char *group,
                                       const char *name, enum sw_type type,
                                       const struct sw_value *values, size_t length);
/* The last added field of the panel becomes a scalar / an axis in milliseconds. */
void sw_series_mark_scalar(struct sw_series *series, size_t panel);
void sw_series_mark_axis(struct sw_series *series, size_t panel);
size_t sw_series_bytes(const struct sw_series *series);

#endif
