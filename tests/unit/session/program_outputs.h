/*
 * What program_test.c shows all the time: outputs over the edited table, over its formulas and over
 * tables derived from it, each beside the query that judges it, and beside the same output computed
 * anew: under another name, and over a copy of the table that has never been edited.
 */
#ifndef SW_TEST_PROGRAM_OUTPUTS_H
#define SW_TEST_PROGRAM_OUTPUTS_H

#include <math.h>

#include "unit/session/program_model.h"
#include "unit/session/program_world.h"

enum {
    FIGURES,
    GROUPS,
    BINS,
    ROWS,
    FORMULA_FIGURES,
    GROUPED_TABLE,
    JOINED_GROUPS,
    FLOATS, /* from here on floats that only a cold computation judges to the bit */
    FLOAT_GROUPS,
    QUANTILES,
    LINE,
    FLOAT_BINS,
    OUTPUTS
};

#define SELECTED(except) "\"select\":\"q\",\"except\":[" except "]"

static const char *const definitions[OUTPUTS] = {
    [FIGURES] = "\"kind\":\"value\",\"table\":\"fruit\"," SELECTED(
        "") ",\"measures\":{"
            "\"n\":{\"fn\":\"count\"},\"sx\":{\"fn\":\"sum\",\"column\":\"x\"},\"sy\":{\"fn\":"
            "\"sum\",\"column\":\"y\"},\"lo\":{\"fn\":\"min\",\"column\":\"y\"},\"hi\":{\"fn\":"
            "\"max\",\"column\":\"x\"},\"kinds\":{\"fn\":\"distinct\",\"column\":\"category\"}}",
    [GROUPS] = "\"kind\":\"groupby\",\"table\":\"fruit\"," SELECTED(
        "\"cats\"") ",\"by\":["
                    "\"category\"],\"measures\":{\"n\":{\"fn\":\"count\"},\"sx\":{\"fn\":\"sum\","
                    "\"column\":\"x\"},\"hi\":{\"fn\":\"max\",\"column\":\"y\"}}",
    [BINS] = "\"kind\":\"histogram\",\"table\":\"fruit\"," SELECTED(
        "\"days\"") ",\"x\":\"x\","
                    "\"bins\":8,\"domain\":[0,104]",
    [ROWS] = "\"kind\":\"table\",\"table\":\"fruit\"," SELECTED(
        "") ",\"limit\":25,\"offset\":3,"
            "\"columns\":[\"name\",\"x\",\"category\"],\"sort\":[{\"column\":\"x\",\"desc\":true},"
            "{\"column\":\"name\"}]",
    [FORMULA_FIGURES] = "\"kind\":\"value\",\"table\":\"fruit\",\"where\":\"fixed > 40\","
                        "\"measures\":{\"n\":{\"fn\":\"count\"},\"s\":{\"fn\":\"sum\",\"column\":"
                        "\"rated\"},\"m\":{\"fn\":\"max\",\"column\":\"fixed\"}}",
    [GROUPED_TABLE] = "\"kind\":\"table\",\"table\":\"by_cat\",\"limit\":1000",
    [JOINED_GROUPS] =
        "\"kind\":\"groupby\",\"table\":\"joined\",\"by\":[\"label\"],\"measures\":{"
        "\"n\":{\"fn\":\"count\"},\"w\":{\"fn\":\"sum\",\"column\":\"weight\"},\"sx\":"
        "{\"fn\":\"sum\",\"column\":\"x\"}}",
    [FLOATS] = "\"kind\":\"value\",\"table\":\"fruit\"," SELECTED(
        "\"days\"") ",\"measures\":{"
                    "\"s\":{\"fn\":\"sum\",\"column\":\"r\"},\"m\":{\"fn\":\"mean\",\"column\":"
                    "\"r\"},"
                    "\"sd\":{\"fn\":\"stddev\",\"column\":\"r\"}}",
    [FLOAT_GROUPS] = "\"kind\":\"groupby\",\"table\":\"fruit\"," SELECTED(
        "\"xr\"") ",\"by\":["
                  "\"flag\"],\"measures\":{\"s\":{\"fn\":\"sum\",\"expr\":\"r * 1.1 + y\"},"
                  "\"sd\":{\"fn\":\"stddev\",\"column\":\"r\"},\"med\":{\"fn\":\"median\","
                  "\"column\":\"r\"}}",
    [QUANTILES] = "\"kind\":\"quantiles\",\"table\":\"fruit\"," SELECTED(
        "") ",\"column\":\"r\","
            "\"q\":[0.25,0.5,0.9],\"by\":[\"flag\"]",
    [LINE] = "\"kind\":\"line\",\"table\":\"fruit\"," SELECTED("\"days\"") ",\"x\":\"at\",\"y\":"
                                                                           "[\"r\"],\"points\":40",
    [FLOAT_BINS] = "\"kind\":\"histogram\",\"table\":\"fruit\"," SELECTED(
        "\"xr\"") ",\"x\":\"y\","
                  "\"bins\":7,\"measure\":{\"fn\":\"mean\",\"column\":\"r\"}",
};

static const char selection[] =
    "\"clauses\":[{\"column\":\"x\",\"between\":\"$xr\"},{\"column\":\"category\",\"in\":\"$cats\"}"
    ",{\"column\":\"day\",\"between\":\"$days\"}]";

static void define_outputs(struct world *world)
{
    (void)result_of(
        world, say(world, "select.define", "{\"select\":\"q\",\"table\":\"fruit\",%s}", selection));
    (void)result_of(world,
                    say(world, "table.create",
                        "{\"table\":\"by_cat\",\"from\":\"fruit\",\"group_by\":[\"category\"],"
                        "\"measures\":{\"n\":{\"fn\":\"count\"},\"sx\":{\"fn\":\"sum\",\"column\":"
                        "\"x\"},\"my\":{\"fn\":\"max\",\"column\":\"y\"}}}"));
    (void)result_of(world,
                    say(world, "table.create",
                        "{\"table\":\"joined\",\"from\":\"fruit\",\"join\":{\"table\":\"labels\","
                        "\"on\":[\"category\"],\"kind\":\"left\"},\"where\":\"x > $floor\","
                        "\"columns\":[\"label\",\"x\",\"weight\"]}"));
    for (unsigned i = 0; i < OUTPUTS; i++) {
        (void)result_of(world,
                        say(world, "output.define", "{\"output\":\"o%u\",%s}", i, definitions[i]));
    }
}

/* -- what SQLite says ----------------------------------------------------------------- */

/* The rows of q but for the clause of `except`. */
static char *selected(const struct model *model, const char *except)
{
    return sqlite3_mprintf("(%s) AND (%s) AND (%s)", *except == 'x' ? "1" : model->x_range,
                           *except == 'c' ? "1" : model->categories,
                           *except == 'd' ? "1" : model->days);
}

static void put_groups(struct model *model, struct sw_buf *out, const char *keys,
                       const char *key_types, const char *measures, const char *types,
                       const char *from)
{
    char *text = sqlite3_mprintf("SELECT %s, %s FROM %s GROUP BY 1 ORDER BY 1 NULLS LAST", keys,
                                 measures, from);
    sw_buf_put_text(out, "\"data\":{\"keys\":{");
    put_lists(model, out, text, key_types, 0, true);
    sw_buf_put_text(out, "},\"measures\":{");
    put_lists(model, out, text, types, (int)strlen(key_types), true);
    sw_buf_put_text(out, "}");
    sqlite3_free(text);
}

static void put_bins(struct model *model, struct sw_buf *out)
{
    char *rows = selected(model, "days");
    struct sw_buf text;
    sw_buf_init(&text);
    sw_buf_put_text(&text, "SELECT count(*) - count(x) AS nulls, coalesce(sum(x < 0), 0) AS below, "
                           "coalesce(sum(x > 104), 0) AS above");
    for (int i = 0; i < 8; i++) {
        sw_buf_printf(&text, ", coalesce(sum(x >= %d AND x %s %d), 0)", i * 13, i == 7 ? "<=" : "<",
                      (i + 1) * 13);
    }
    sw_buf_printf(&text, " FROM t WHERE %s", rows);
    sw_buf_put_byte(&text, '\0');
    sqlite3_stmt *row = query(model, text.data);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    sw_buf_put_text(out, "\"count\":[");
    for (int i = 0; i < 8; i++) {
        sw_buf_printf(out, "%s%d", i > 0 ? "," : "", sqlite3_column_int(row, 3 + i));
    }
    sw_buf_printf(out, "],\"nulls\":%d,\"below\":%d,\"above\":%d", sqlite3_column_int(row, 0),
                  sqlite3_column_int(row, 1), sqlite3_column_int(row, 2));
    sqlite3_finalize(row);
    sw_buf_fini(&text);
    sqlite3_free(rows);
}

/* What the output's message must hold; nothing where SQLite cannot say it to the bit. */
static void put_expected(struct model *model, unsigned output, struct sw_buf *out)
{
    char *rows = selected(model, output == GROUPS ? "cats" : "");
    char *text = NULL;
    switch (output) {
    case FIGURES:
        text = sqlite3_mprintf("SELECT count(*) AS n, sum(x) AS sx, sum(y) AS sy, min(y) AS lo, "
                               "max(x) AS hi, count(DISTINCT category) AS kinds FROM t WHERE %s",
                               rows);
        sw_buf_put_text(out, "\"data\":{\"measures\":{");
        put_figures(model, out, text, "iiffii");
        break;
    case GROUPS:
        text = sqlite3_mprintf("t WHERE %s", rows);
        put_groups(model, out, "category", "s", "count(*) AS n, sum(x) AS sx, max(y) AS hi", "iif",
                   text);
        break;
    case BINS:
        put_bins(model, out);
        break;
    case ROWS:
        text =
            sqlite3_mprintf("SELECT pos, name, x, category FROM t WHERE %s ORDER BY x DESC NULLS "
                            "LAST, name NULLS LAST, pos LIMIT 25 OFFSET 3",
                            rows);
        sw_buf_put_text(out, "\"row_ids\":");
        put_lists(model, out, text, "i", 0, false);
        sw_buf_put_text(out, ",\"columns\":[\"name\",\"x\",\"category\"],\"types\":[\"string\","
                             "\"int\",\"string\"],\"data\":[");
        put_lists(model, out, text, "sis", 1, false);
        sw_buf_put_text(out, "]");
        break;
    case FORMULA_FIGURES:
        sw_buf_put_text(out, "\"data\":{\"measures\":{");
        put_figures(
            model, out,
            "SELECT count(*) AS n, sum(rated) AS s, max(fixed) AS m FROM t WHERE fixed > 40",
            "ifi");
        break;
    case GROUPED_TABLE:
        sw_buf_put_text(out, "\"columns\":[\"category\",\"n\",\"sx\",\"my\"],\"types\":[\"string\","
                             "\"int\",\"int\",\"float\"],\"data\":[");
        put_lists(
            model, out,
            "SELECT category, count(*), sum(x), max(y) FROM t GROUP BY 1 ORDER BY 1 NULLS LAST",
            "siif", 0, false);
        sw_buf_put_text(out, "]");
        break;
    case JOINED_GROUPS:
        text =
            sqlite3_mprintf("t LEFT JOIN l ON t.category = l.category WHERE x > %u", model->floor);
        put_groups(model, out, "label", "s", "count(*) AS n, sum(weight) AS w, sum(x) AS sx", "iii",
                   text);
        break;
    default:
        break;
    }
    sqlite3_free(text);
    sqlite3_free(rows);
}

/* Says where they part, with what stands before. */
static void fail_parted(const char *what, const char *wanted, const char *came)
{
    size_t at = 0;
    while (wanted[at] != '\0' && wanted[at] == came[at]) {
        at++;
    }
    at -= at < 60 ? at : 60;
    fail_msg("%s: wanted ...%.400s\ncame ...%.400s\nwhole: %.600s", what, wanted + at, came + at,
             came);
}

static void need_text(const char *where, struct sw_buf *text, const char *what)
{
    char begin[12];
    sw_buf_put_byte(text, '\0');
    assert_false(text->failed);
    if (strstr(where, text->data) == NULL) {
        (void)snprintf(begin, sizeof begin, "%s", text->data);
        const char *came = strstr(where, begin);
        fail_parted(what, text->data, came != NULL ? came : where);
    }
}

/* A sum of any doubles, as SQLite adds them: near, not the same; with a NaN it is one. */
static void check_sum(struct model *model, const char *text)
{
    char *rows = selected(model, "days");
    char *query_text =
        sqlite3_mprintf("SELECT sum(r), sum(abs(r)), max(is_nan) FROM t WHERE %s", rows);
    sqlite3_stmt *row = query(model, query_text);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    const char *at = strstr(text, "\"s\":");
    assert_non_null(at);
    if (sqlite3_column_type(row, 0) == SQLITE_NULL || sqlite3_column_int(row, 2) != 0) {
        assert_int_equal(strncmp(at + 4, "null", 4), 0);
    } else {
        double off = fabs(strtod(at + 4, NULL) - sqlite3_column_double(row, 0));
        assert_true(off <= 1e-12 * sqlite3_column_double(row, 1));
    }
    sqlite3_finalize(row);
    sqlite3_free(query_text);
    sqlite3_free(rows);
}

static void check_output(struct world *world, struct model *model, unsigned output)
{
    struct sw_buf expected;
    char name[16];
    sw_buf_init(&expected);
    (void)snprintf(name, sizeof name, "o%u", output);
    const char *text = shown_of(world, name)->text.data;
    assert_non_null(text);
    put_expected(model, output, &expected);
    need_text(text, &expected, name);
    if (output == FLOATS) {
        check_sum(model, text);
    }
    sw_buf_fini(&expected);
}

/* -- the same, computed anew ---------------------------------------------------------- */

/* Without the version, which an output keeps while nothing that it reads has changed. */
static const char *data_of(struct world *world, const char *name)
{
    const char *text = shown_of(world, name)->text.data;
    assert_non_null(text);
    const char *data = strstr(text, "\"data\":");
    assert_non_null(data);
    const char *rows = strstr(data, "\"row_ids\":");
    return rows != NULL ? rows : data;
}

/* An output under another name shows what the one that followed all changes shows. */
static void compare_twin(struct world *world, unsigned output, const char *twin)
{
    char name[16];
    (void)snprintf(name, sizeof name, "o%u", output);
    if (strcmp(data_of(world, name), data_of(world, twin)) != 0) {
        fail_parted(name, data_of(world, twin), data_of(world, name));
    }
    (void)result_of(world, say(world, "output.drop", "{\"output\":\"%s\"}", twin));
    forget_shown(world, twin);
}

static void check_anew(struct world *world, unsigned output)
{
    (void)result_of(world,
                    say(world, "output.define", "{\"output\":\"anew\",%s}", definitions[output]));
    set_inputs(world, "");
    compare_twin(world, output, "anew");
}

/* `table` and `select` put in the place of those of a definition. */
static void put_moved(struct sw_buf *out, const char *definition)
{
    static const char *const moves[][2] = {{"\"fruit\"", "\"cold\""},
                                           {"\"select\":\"q\"", "\"select\":\"cold\""}};
    while (*definition != '\0') {
        size_t i = 0;
        while (i < 2 && strncmp(definition, moves[i][0], strlen(moves[i][0])) != 0) {
            i++;
        }
        if (i < 2) {
            sw_buf_put_text(out, moves[i][1]);
            definition += strlen(moves[i][0]);
        } else {
            sw_buf_put_byte(out, *definition++);
        }
    }
}

/* Outputs over a copy of the table: no chunk, no index and no partial result is shared. */
static void check_cold(struct world *world)
{
    struct sw_buf text;
    char name[16];
    sw_buf_init(&text);
    (void)result_of(world, say(world, "table.create",
                               "{\"table\":\"cold\",\"from\":\"fruit\",\"snapshot\":true,"
                               "\"replace\":true,\"columns\":[\"category\",\"x\",\"y\",\"r\","
                               "\"flag\",\"day\",\"at\",\"fixed\",\"rated\"]}"));
    (void)result_of(world, say(world, "select.define",
                               "{\"select\":\"cold\",\"table\":\"cold\",%s}", selection));
    for (unsigned i = 0; i < OUTPUTS; i++) {
        if (i != ROWS && strstr(definitions[i], "\"fruit\"") != NULL) {
            sw_buf_clear(&text);
            sw_buf_printf(&text, "{\"output\":\"c%u\",", i);
            put_moved(&text, definitions[i]);
            sw_buf_put_text(&text, "}");
            sw_buf_put_byte(&text, '\0');
            (void)result_of(world, say_text(world, "output.define", text.data));
        }
    }
    set_inputs(world, "");
    for (unsigned i = 0; i < OUTPUTS; i++) {
        if (i != ROWS && strstr(definitions[i], "\"fruit\"") != NULL) {
            (void)snprintf(name, sizeof name, "c%u", i);
            compare_twin(world, i, name);
        }
    }
    sw_buf_fini(&text);
}

#endif
