#include "spill/sql.h"

static const struct {
    const char *table, *text;
} statements[SW_SQL_COUNT] = {
#define SW_SQL(name, table, text) {table, text},
#include "spill/sql.inc"
#undef SW_SQL
};

const char *sw_sql_text(enum sw_sql sql)
{
    return statements[sql].text;
}

const char *sw_sql_table(enum sw_sql sql)
{
    return statements[sql].table;
}
