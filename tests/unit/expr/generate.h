/*
 * Random expressions, written twice at once: for Spillway, and for SQLite with the calendar as
 * functions over ints (oracle.h).  A third text is SQLite's with the functions of the listed
 * difference around every place where a text and a float change into one another; it is asked only
 * where the second one's answer differs.
 */
#ifndef SW_TEST_EXPR_GENERATE_H
#define SW_TEST_EXPR_GENERATE_H

#include "support/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GENERATE_TEXT_MAX 65536

enum generate_kind { GENERATE_PLAIN, GENERATE_DATE, GENERATE_TIME };

struct generate {
    struct test_random *random;
    char text[3][GENERATE_TEXT_MAX]; /* ours, SQLite's, SQLite's with the functions */
    size_t length[3];
};

#define GEN_OURS      0
#define GEN_PLAIN_SQL 1
#define GEN_FIXED_SQL 2

static inline void gen_put(struct generate *g, int which, const char *text)
{
    size_t length = strlen(text);
    if (g->length[which] + length + 1 < GENERATE_TEXT_MAX) {
        memcpy(g->text[which] + g->length[which], text, length + 1);
        g->length[which] += length;
    }
}

static inline void gen_all(struct generate *g, const char *text)
{
    for (int i = 0; i < 3; i++) {
        gen_put(g, i, text);
    }
}

static inline void gen_sql(struct generate *g, const char *text)
{
    gen_put(g, GEN_PLAIN_SQL, text);
    gen_put(g, GEN_FIXED_SQL, text);
}

static inline uint64_t gen_below(struct generate *g, uint64_t limit)
{
    return test_random_below(g->random, limit);
}

static inline const char *gen_pick(struct generate *g, const char *const *from, size_t count)
{
    return from[gen_below(g, count)];
}
#define GEN_PICK(g, array) gen_pick((g), (array), sizeof(array) / sizeof((array)[0]))

static inline void gen_plain(struct generate *g, int depth);
static inline void gen_time(struct generate *g, int depth, bool is_date);

/* A plain value inside one of the functions of the listed difference. */
static inline void gen_fixed(struct generate *g, const char *function, int depth)
{
    gen_put(g, GEN_FIXED_SQL, function);
    gen_put(g, GEN_FIXED_SQL, "(");
    gen_plain(g, depth);
    gen_put(g, GEN_FIXED_SQL, ")");
}

static inline void gen_as_text(struct generate *g, int depth)
{
    gen_fixed(g, "tx", depth);
}

static inline void gen_as_number(struct generate *g, int depth)
{
    gen_fixed(g, "nx", depth);
}

static inline void gen_leaf(struct generate *g)
{
    static const char *const columns[] = {"b", "i", "j", "f", "g", "s", "u"};
    static const char *const numbers[] = {"0",
                                          "1",
                                          "-1",
                                          "2",
                                          "3",
                                          "7",
                                          "100",
                                          "0.5",
                                          "1.5",
                                          "-2.5",
                                          "1e15",
                                          "1e300",
                                          "0.1",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "9223372036854775808",
                                          "9007199254740993",
                                          "0x1F",
                                          "1e-7",
                                          "3.0",
                                          "TRUE",
                                          "FALSE",
                                          "NULL"};
    static const char *const texts[] = {
        "''",     "'a'", "'figs'", "'FIGS'",     "'12'",           "' 7 '", "'1.5'", "'1e2'",
        "'x''y'", "'%'", "'_'",    "'\xc3\xa4'", "'\xe6\x97\xa5'", "'abc'", "'5x'",  "'-3.'"};
    uint64_t kind = gen_below(g, 10);
    if (kind < 6) {
        gen_all(g, GEN_PICK(g, columns));
    } else {
        gen_all(g, kind < 8 ? GEN_PICK(g, numbers) : GEN_PICK(g, texts));
    }
}

/* An int, sure to be no text and no float but by overflow. */
static inline void gen_int(struct generate *g, int depth)
{
    static const char *const leaves[] = {"i", "b", "3", "-40", "86400000", "j", "NULL"};
    static const char *const operators[] = {" + ", " - ", " * ", " / ", " % "};
    if (depth <= 0 || gen_below(g, 2) == 0) {
        gen_all(g, GEN_PICK(g, leaves));
        return;
    }
    gen_all(g, "(");
    gen_int(g, depth - 1);
    gen_all(g, GEN_PICK(g, operators));
    gen_int(g, depth - 1);
    gen_all(g, ")");
}

static inline void gen_arithmetic(struct generate *g, int depth)
{
    static const char *const operators[] = {" + ", " - ", " * ", " / "};
    gen_all(g, "(");
    if (gen_below(g, 6) == 0) {
        gen_plain(g, depth);
        gen_all(g, " % ");
        gen_plain(g, depth);
    } else {
        gen_as_number(g, depth);
        gen_all(g, GEN_PICK(g, operators));
        gen_as_number(g, depth);
    }
    gen_all(g, ")");
}

static inline void gen_compare(struct generate *g, int depth)
{
    static const char *const operators[] = {" = ",
                                            " == ",
                                            " <> ",
                                            " != ",
                                            " < ",
                                            " <= ",
                                            " > ",
                                            " >= ",
                                            " IS ",
                                            " IS NOT ",
                                            " IS DISTINCT FROM "};
    gen_all(g, "(");
    gen_plain(g, depth);
    gen_all(g, GEN_PICK(g, operators));
    gen_plain(g, depth);
    gen_all(g, ")");
}

static inline void gen_logic(struct generate *g, int depth)
{
    static const char *const after[] = {" IS TRUE",      " IS NOT TRUE", " IS FALSE",
                                        " IS NOT FALSE", " IS NULL",     " IS NOT NULL",
                                        " ISNULL",       " NOTNULL",     " NOT NULL"};
    gen_all(g, "(");
    uint64_t kind = gen_below(g, 5);
    if (kind == 0) {
        gen_all(g, "NOT ");
        gen_plain(g, depth);
    } else if (kind == 1) {
        gen_plain(g, depth);
        gen_all(g, GEN_PICK(g, after));
    } else {
        gen_plain(g, depth);
        gen_all(g, kind < 4 ? " AND " : " OR ");
        gen_plain(g, depth);
    }
    gen_all(g, ")");
}

static inline void gen_list(struct generate *g, int depth)
{
    gen_all(g, "(");
    gen_plain(g, depth);
    gen_all(g, gen_below(g, 3) == 0 ? " NOT IN (" : " IN (");
    uint64_t count = gen_below(g, 5);
    for (uint64_t i = 0; i < count; i++) {
        gen_all(g, i == 0 ? "" : ", ");
        if (gen_below(g, 4) == 0) {
            gen_plain(g, depth - 1);
        } else {
            gen_leaf(g);
        }
    }
    gen_all(g, "))");
}

static inline void gen_between(struct generate *g, int depth)
{
    gen_all(g, "(");
    gen_plain(g, depth);
    gen_all(g, gen_below(g, 3) == 0 ? " NOT BETWEEN " : " BETWEEN ");
    gen_plain(g, depth);
    gen_all(g, " AND ");
    gen_plain(g, depth);
    gen_all(g, ")");
}

static inline void gen_like(struct generate *g, int depth)
{
    static const char *const patterns[] = {
        "'%'",  "'a%'",  "'%S'",         "'_igs'", "'%p%e%'", "'f_g%'",   "''",
        "'1%'", "'%.%'", "'%\xc3\xa4%'", "'_'",    "'__'",    "'%a_%b%'", "'\xe6\x97\xa5_'"};
    static const char *const globs[] = {"'*'",
                                        "'a*'",
                                        "'*s'",
                                        "'?igs'",
                                        "'[a-f]*'",
                                        "'[^a-z]*'",
                                        "'*[0-9]*'",
                                        "'[]x]*'",
                                        "'[a'",
                                        "'*.*'",
                                        "'[\xc3\xa0-\xc3\xbc]*'",
                                        "''"};
    uint64_t kind = gen_below(g, 6);
    bool is_glob = kind == 0;
    gen_all(g, "(");
    gen_as_text(g, depth);
    gen_all(g, is_glob ? " GLOB " : gen_below(g, 3) == 0 ? " NOT LIKE " : " LIKE ");
    if (kind == 1) {
        gen_all(g, "'%x%%' ESCAPE 'x'");
    } else if (kind == 2) {
        gen_all(g, "'a\\_%' ESCAPE '\\'");
    } else if (kind == 3) {
        gen_as_text(g, depth);
    } else {
        gen_all(g, is_glob ? GEN_PICK(g, globs) : GEN_PICK(g, patterns));
    }
    gen_all(g, ")");
}

static inline void gen_case(struct generate *g, int depth)
{
    gen_all(g, "CASE ");
    if (gen_below(g, 2) == 0) {
        gen_plain(g, depth);
        gen_all(g, " ");
    }
    uint64_t count = 1 + gen_below(g, 3);
    for (uint64_t i = 0; i < count; i++) {
        gen_all(g, "WHEN ");
        gen_plain(g, depth);
        gen_all(g, " THEN ");
        gen_plain(g, depth);
        gen_all(g, " ");
    }
    if (gen_below(g, 3) > 0) {
        gen_all(g, "ELSE ");
        gen_plain(g, depth);
        gen_all(g, " ");
    }
    gen_all(g, "END");
}

static inline void gen_cast(struct generate *g, int depth)
{
    static const char *const numbers[] = {"REAL", "NUMERIC", "DOUBLE", "FLOAT", "DECIMAL"};
    static const char *const others[] = {"TEXT", "VARCHAR(10)"};
    gen_all(g, "CAST(");
    uint64_t kind = gen_below(g, 3);
    if (kind == 0) {
        gen_plain(g, depth);
        gen_all(g, " AS INTEGER");
    } else if (kind == 1) {
        gen_as_number(g, depth);
        gen_all(g, " AS ");
        gen_all(g, GEN_PICK(g, numbers));
    } else {
        gen_as_text(g, depth);
        gen_all(g, " AS ");
        gen_all(g, GEN_PICK(g, others));
    }
    gen_all(g, ")");
}

static inline void gen_number_function(struct generate *g, int depth)
{
    static const char *const names[] = {"floor", "ceil", "ceiling", "sqrt",
                                        "exp",   "ln",   "sign",    "trunc"};
    uint64_t kind = gen_below(g, 7);
    if (kind == 0) {
        gen_put(g, GEN_OURS, "abs(");
        gen_sql(g, "absx(");
        gen_as_number(g, depth);
    } else if (kind == 1) {
        gen_all(g, "round(");
        gen_as_number(g, depth);
    } else if (kind == 2) {
        gen_put(g, GEN_OURS, "round(");
        gen_put(g, GEN_PLAIN_SQL, "round(");
        gen_put(g, GEN_FIXED_SQL, "rx(");
        gen_as_number(g, depth);
        gen_all(g, ", ");
        gen_int(g, 0);
    } else if (kind == 3) {
        gen_all(g, gen_below(g, 2) == 0 ? "pow(" : "power(");
        gen_fixed(g, "nw", depth);
        gen_all(g, ", ");
        gen_fixed(g, "nw", depth);
    } else if (kind == 4) {
        bool is_ten = gen_below(g, 2) == 0;
        gen_put(g, GEN_OURS, is_ten ? "log10(" : "log2(");
        gen_put(g, GEN_PLAIN_SQL, is_ten ? "log10(" : "log2(");
        gen_put(g, GEN_FIXED_SQL, is_ten ? "log10x(" : "log2x(");
        gen_fixed(g, "nw", depth);
    } else {
        gen_all(g, GEN_PICK(g, names));
        gen_all(g, "(");
        gen_fixed(g, "nw", depth);
    }
    gen_all(g, ")");
}

static inline void gen_place(struct generate *g, int depth)
{
    static const char *const places[] = {"0", "1", "2", "3", "-1", "-2", "-5", "9", "i", "NULL"};
    if (gen_below(g, 4) == 0) {
        /* SQLite 3.40 looks at the low 32 bits alone, so both get small numbers. */
        gen_all(g, "(");
        gen_plain(g, depth);
        gen_all(g, " % 1000)");
    } else {
        gen_all(g, GEN_PICK(g, places));
    }
}

static inline void gen_text_function(struct generate *g, int depth)
{
    static const char *const one[] = {"length(", "lower(", "upper(", "trim(", "ltrim(", "rtrim("};
    static const char *const two[] = {"instr(", "trim(", "ltrim(", "rtrim("};
    uint64_t kind = gen_below(g, 5);
    if (kind == 0) {
        gen_all(g, GEN_PICK(g, one));
        gen_as_text(g, depth);
    } else if (kind == 1) {
        gen_all(g, GEN_PICK(g, two));
        gen_as_text(g, depth);
        gen_all(g, ", ");
        gen_as_text(g, depth);
    } else if (kind == 2) {
        gen_all(g, gen_below(g, 2) == 0 ? "substr(" : "substring(");
        gen_as_text(g, depth);
        gen_all(g, ", ");
        gen_place(g, depth);
        if (gen_below(g, 2) == 0) {
            gen_all(g, ", ");
            gen_place(g, depth);
        }
    } else if (kind == 3) {
        /* Texts: SQLite hands an int through replace(5, '', ...) as int and text at once, and
         * compares it as one or the other by circumstance. */
        static const char *const first[] = {"CAST(i AS TEXT)", "s", "u", "upper(s)", "'aXbXc'"};
        gen_all(g, "replace(");
        gen_all(g, GEN_PICK(g, first));
        gen_all(g, ", ");
        gen_as_text(g, depth);
        gen_all(g, ", ");
        gen_as_text(g, depth);
    } else {
        gen_all(g, "(");
        gen_as_text(g, depth);
        gen_all(g, " || ");
        gen_as_text(g, depth);
    }
    gen_all(g, ")");
}

static inline void gen_pick_function(struct generate *g, int depth)
{
    static const char *const two[] = {"min(", "max(", "coalesce(", "ifnull(", "nullif("};
    static const char *const three[] = {"min(", "max(", "coalesce(", "iif("};
    bool is_three = gen_below(g, 2) == 0;
    gen_all(g, is_three ? GEN_PICK(g, three) : GEN_PICK(g, two));
    for (int i = 0; i < (is_three ? 3 : 2); i++) {
        gen_all(g, i == 0 ? "" : ", ");
        gen_plain(g, depth);
    }
    gen_all(g, ")");
}

/* A plain value made of dates. */
static inline void gen_from_time(struct generate *g, int depth)
{
    static const char *const operators[] = {" = ", " <> ", " < ", " <= ", " > ", " >= ", " IS "};
    static const char *const parts[] = {"year",   "quarter", "month",  "week",        "day",
                                        "hour",   "minute",  "second", "millisecond", "isoyear",
                                        "isodow", "dow",     "doy",    "epoch"};
    bool is_date = gen_below(g, 2) == 0;
    uint64_t kind = gen_below(g, 9);
    if (kind == 0) {
        const char *part = GEN_PICK(g, parts);
        gen_put(g, GEN_OURS, "date_part('");
        gen_sql(g, "part_ms('");
        gen_all(g, part);
        gen_all(g, "', ");
        gen_sql(g, is_date ? "date_ms(" : "(");
        gen_time(g, depth, is_date);
        gen_sql(g, ")");
        gen_all(g, ")");
    } else if (kind == 1 || kind == 2) {
        gen_all(g, "(");
        gen_time(g, depth, is_date);
        gen_all(g, kind == 1 ? " - " : GEN_PICK(g, operators));
        gen_time(g, depth, is_date);
        gen_all(g, ")");
    } else if (kind == 3) {
        gen_all(g, "(");
        gen_sql(g, "date_ms(");
        gen_time(g, depth, true);
        gen_sql(g, ")");
        gen_all(g, GEN_PICK(g, operators));
        gen_time(g, depth, false);
        gen_all(g, ")");
    } else if (kind == 4) {
        const char *operator= GEN_PICK(g, operators);
        gen_all(g, "(");
        gen_time(g, depth, is_date);
        gen_all(g, operator);
        gen_put(g, GEN_OURS, is_date ? "'2024-01-15'" : "'2001-09-09T01:46:40Z'");
        gen_sql(g, is_date ? "19737" : "1000000000000");
        gen_all(g, ")");
    } else if (kind == 5) {
        gen_all(g, "(");
        gen_sql(g, is_date ? "date_text(" : "time_text(");
        gen_time(g, depth, is_date);
        gen_sql(g, ")");
        gen_all(g, gen_below(g, 2) == 0 ? " || " : " LIKE ");
        gen_as_text(g, depth);
        gen_all(g, ")");
    } else if (kind == 6) {
        gen_all(g, "(");
        gen_sql(g, is_date ? "date_text(" : "time_text(");
        gen_time(g, depth, is_date);
        gen_sql(g, ")");
        gen_all(g, GEN_PICK(g, operators));
        gen_all(g, "u)");
    } else if (kind == 7) {
        gen_all(g, "(");
        gen_time(g, depth, is_date);
        gen_all(g, GEN_PICK(g, operators));
        gen_int(g, depth);
        gen_all(g, ")");
    } else {
        gen_all(g, "(");
        gen_time(g, depth, true);
        gen_put(g, GEN_OURS, " IN ('2024-01-05', DATE '2023-12-31', '2024-02-29'))");
        gen_sql(g, " IN (19727, 19722, 19782))");
    }
}

static inline void gen_plain(struct generate *g, int depth)
{
    if (depth <= 0) {
        gen_leaf(g);
        return;
    }
    int next = depth - 1 - (int)gen_below(g, 2);
    switch (gen_below(g, 16)) {
    case 0:
    case 1:
    case 2:
        gen_arithmetic(g, next);
        break;
    case 3:
    case 4:
        gen_compare(g, next);
        break;
    case 5:
    case 6:
        gen_logic(g, next);
        break;
    case 7:
        gen_list(g, next);
        break;
    case 8:
        gen_between(g, next);
        break;
    case 9:
        gen_like(g, next);
        break;
    case 10:
        gen_case(g, next);
        break;
    case 11:
        gen_cast(g, next);
        break;
    case 12:
        gen_number_function(g, next);
        break;
    case 13:
        gen_text_function(g, next);
        break;
    case 14:
        gen_pick_function(g, next);
        break;
    default:
        if (gen_below(g, 2) == 0) {
            gen_from_time(g, next);
        } else {
            static const char *const signs[] = {"(- ", "(+ "};
            gen_all(g, GEN_PICK(g, signs));
            gen_as_number(g, next);
            gen_all(g, ")");
        }
        break;
    }
}

static inline void gen_time_leaf(struct generate *g, bool is_date)
{
    if (gen_below(g, 4) > 0) {
        gen_all(g, !is_date ? "t" : gen_below(g, 2) == 0 ? "d" : "e");
    } else {
        gen_put(g, GEN_OURS, is_date ? "DATE '2024-02-29'" : "TIMESTAMP '2024-02-29 12:34:56.789'");
        gen_sql(g, is_date ? "19782" : "1709210096789");
    }
}

/* A date (or a timestamp); for SQLite its days (or milliseconds). */
static inline void gen_time(struct generate *g, int depth, bool is_date)
{
    static const char *const units[] = {"year", "quarter", "month",  "week",
                                        "day",  "hour",    "minute", "second"};
    uint64_t kind = depth <= 0 ? 99 : gen_below(g, 8);
    if (kind == 0 || kind == 1) {
        gen_sql(g, is_date ? "date_add(" : "time_add(");
        gen_put(g, GEN_OURS, "(");
        gen_time(g, depth - 1, is_date);
        bool is_minus = gen_below(g, 3) == 0;
        gen_put(g, GEN_OURS, is_minus ? " - " : " + ");
        gen_sql(g, is_minus ? ", - (" : ", (");
        if (gen_below(g, 4) == 0) {
            gen_all(g, "f");
        } else {
            gen_int(g, depth - 1);
        }
        gen_sql(g, ")");
        gen_all(g, ")");
    } else if (kind == 2) {
        gen_put(g, GEN_OURS, "date_trunc('");
        gen_sql(g, is_date ? "ms_date(trunc_ms('" : "trunc_ms('");
        gen_all(g, GEN_PICK(g, units));
        gen_all(g, "', ");
        gen_sql(g, is_date ? "date_ms(" : "(");
        gen_time(g, depth - 1, is_date);
        gen_sql(g, is_date ? "))" : ")");
        gen_all(g, ")");
    } else if (kind == 3) {
        gen_put(g, GEN_OURS, "CAST(");
        gen_sql(g, is_date ? "ms_date(" : "date_ms(");
        gen_time(g, depth - 1, !is_date);
        gen_put(g, GEN_OURS, is_date ? " AS DATE" : " AS TIMESTAMP");
        gen_all(g, ")");
    } else if (kind == 4) {
        static const char *const names[] = {"coalesce(", "min(", "max(", "nullif("};
        gen_all(g, GEN_PICK(g, names));
        gen_time(g, depth - 1, is_date);
        gen_all(g, ", ");
        gen_time(g, depth - 1, is_date);
        gen_all(g, ")");
    } else if (kind == 5) {
        gen_all(g, "CASE WHEN ");
        gen_plain(g, depth - 1);
        gen_all(g, " THEN ");
        gen_time(g, depth - 1, is_date);
        gen_all(g, " ELSE ");
        gen_time(g, depth - 1, is_date);
        gen_all(g, " END");
    } else if (kind == 6 && is_date) {
        gen_put(g, GEN_OURS, "CAST(u AS DATE)");
        gen_sql(g, "cast_date(u)");
    } else {
        gen_time_leaf(g, is_date);
    }
}

/* A row of operators without brackets, for precedence; ints and short texts only. */
static inline void gen_flat(struct generate *g)
{
    static const char *const operands[] = {"i",    "b",  "s",  "1",     "2",   "'a'",
                                           "NULL", "-3", "+b", "NOT b", "- i", "(i + 1)"};
    static const char *const operators[] = {" + ",  " - ",      " * ",    " / ",   " % ",   " || ",
                                            " = ",  " <> ",     " < ",    " >= ",  " AND ", " OR ",
                                            " IS ", " IS NOT ", " LIKE ", " GLOB "};
    static const char *const after[] = {" IS NULL",         " NOTNULL",
                                        " IN (1, 2)",       " NOT IN ('a', NULL)",
                                        " BETWEEN 1 AND 3", " NOT BETWEEN b AND i + 1",
                                        " NOT LIKE 'a%'"};
    uint64_t count = 1 + gen_below(g, 6);
    gen_all(g, GEN_PICK(g, operands));
    for (uint64_t k = 0; k < count; k++) {
        if (gen_below(g, 5) == 0) {
            gen_all(g, GEN_PICK(g, after));
        } else {
            gen_all(g, GEN_PICK(g, operators));
            gen_all(g, GEN_PICK(g, operands));
        }
    }
}

static inline void gen_reset(struct generate *g)
{
    for (int i = 0; i < 3; i++) {
        g->length[i] = 0;
        g->text[i][0] = '\0';
    }
}

#endif
