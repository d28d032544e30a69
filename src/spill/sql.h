/* sql: every statement, by name; prepared when it is first used (row.h). */
#ifndef SW_SPILL_SQL_H
#define SW_SPILL_SQL_H

enum sw_sql {
#define SW_SQL(name, table, text) SW_SQL_##name,
#include "spill/sql.inc"
#undef SW_SQL
    SW_SQL_COUNT
};

const char *sw_sql_text(enum sw_sql sql);
const char *sw_sql_table(enum sw_sql sql);

#endif
