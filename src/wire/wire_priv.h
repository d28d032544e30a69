/* wire_priv: what the files of this folder share. */
#ifndef SW_WIRE_PRIV_H
#define SW_WIRE_PRIV_H

#include "table/series.h"

/* {column, values, counts, total} of a faceted series. */
void sw_wire_put_facet(struct sw_buf *out, const struct sw_series *series);

#endif
