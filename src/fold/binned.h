/* binned: axes from parameters, for the kinds that have one. */
#ifndef SW_FOLD_BINNED_H
#define SW_FOLD_BINNED_H

#include "fold/fold.h"

/* A column that has an axis: SW_TYPE for strings. */
SW_MUST_USE sw_status sw_binned_column(const struct sw_version *version, struct sw_span name,
                                       const char *what, uint32_t *column, struct sw_err *err);
/* The domain [low, high], low < high: as given (JSON may be NULL), else the column's range. */
SW_MUST_USE sw_status sw_binned_domain(const struct sw_version *version, uint32_t column,
                                       const struct sw_json *domain, const char *what, double *low,
                                       double *high, struct sw_err *err);
/* Bins of a width over the domain, or over the column's range from a multiple of the width. */
SW_MUST_USE sw_status sw_binned_width(const struct sw_version *version, uint32_t column,
                                      const struct sw_json *domain, double width, const char *what,
                                      struct sw_axis *axis, struct sw_err *err);
/* counts[place]++ over the rows of the batch. */
void sw_binned_count(struct sw_batch_places at, const struct sw_batch *batch, uint64_t *counts,
                     uint32_t places);
/* The places of n rows in 16 bits, if need be in `room`. */
const uint16_t *sw_binned_wide(struct sw_batch_places at, uint32_t n, uint16_t *room);
/* Field `name` with the edges, in milliseconds for times. */
SW_MUST_USE sw_status sw_binned_put_edges(const struct sw_axis *axis, enum sw_type type,
                                          struct sw_series *series, size_t panel, const char *name);
/* n numbers of an axis as a field: milliseconds for times. */
SW_MUST_USE sw_status sw_binned_put(const double *values, const uint8_t *is_null, size_t n,
                                    enum sw_type type, struct sw_series *series, size_t panel,
                                    const char *group, const char *name);

#endif
