/* table_priv: what builder.c and seal.c share.  No one else includes it. */
#ifndef SW_TABLE_TABLE_PRIV_H
#define SW_TABLE_TABLE_PRIV_H

#include "table/builder.h"

/* The open rows go from codes to plain text, and so will all that follow. On failure nothing
 * changes. */
SW_MUST_USE sw_status sw_builder_leave_dictionary(struct sw_builder *builder);

#endif
