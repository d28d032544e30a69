/* schema_code: a schema as bytes: columns.list of session.sql.  Pure, any thread.
 *
 *   u32 columns, then for each:
 *     u32 id, u8 type, u8 is_formula, text name
 *     where is_formula: u8 has_type, u8 has_broken, text text, u32 sources, u32 id of each,
 *     u32 inputs, then for each text name, u8 has_value, value where it has one;
 *     text broken where it has one
 *   text:  u32 length, bytes
 *   value: u8 kind (enum sw_json_kind), text key, then by kind: nothing; u8; i64; f64; text;
 *          u32 items and that many values
 *
 * The reader believes nothing: lengths, kinds, depth and counts are checked.               */
#ifndef SW_SPILL_SCHEMA_CODE_H
#define SW_SPILL_SCHEMA_CODE_H

#include "base/buf.h"
#include "table/table.h"

void sw_schema_encode(const struct sw_schema *schema, struct sw_buf *out); /* out->failed: memory */
/* SW_DAMAGED without words. */
SW_MUST_USE sw_status sw_schema_decode(struct sw_span bytes, struct sw_schema **schema);

#endif
