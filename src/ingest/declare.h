/* declare: the column types that an upload declares: a JSON object of column name
 * and type, "int", "float", "string", "bool", "date", "timestamp"; the last two also
 * with the order of day and month: "date:dmy", "timestamp:mdy".  Copied; read-only
 * after _new.                                                                    */
#ifndef SW_INGEST_DECLARE_H
#define SW_INGEST_DECLARE_H

#include "base/json.h"
#include "ingest/moment.h"
#include "table/type.h"

struct sw_declared;

/* *declared is NULL when nothing is declared. SW_PARAMS or SW_TYPE say what is wrong. */
SW_MUST_USE sw_status sw_declared_new(const struct sw_json *types, struct sw_declared **declared,
                                      struct sw_err *err);
void sw_declared_free(struct sw_declared *declared);
/* SW_NO_COLUMN when a declared column is not among the names. */
SW_MUST_USE sw_status sw_declared_check(const struct sw_declared *declared, char *const *names,
                                        uint32_t columns, struct sw_err *err);
/* False: the column is not declared. */
bool sw_declared_find(const struct sw_declared *declared, const char *name, enum sw_type *type,
                      sw_formats *allowed);

#endif
