/* Random definitions against SQLite: every part of one on and off, in any combination. */
#include "unit/derive/bed.h"

#define DEFINITIONS 400
#define TEXT        4000

/* A definition and the query of the same meaning, grown side by side. */
struct both {
    struct test_random *random;
    char definition[TEXT];
    char select[TEXT], from[TEXT], tail[TEXT];
    bool is_joined, is_grouped;
};

static void add(char *into, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *into, const char *format, ...)
{
    size_t length = strlen(into);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(into + length, TEXT - length, format, args);
    va_end(args);
    assert_true(more >= 0 && (size_t)more < TEXT - length);
}

static bool flip(struct both *both)
{
    return test_random_once_in(both->random, 2);
}

static void add_join(struct both *both)
{
    static const char *const keys[] = {"n", "i", "s", "d", "b", "f"};
    bool is_left = flip(both);
    const char *first = keys[test_random_below(both->random, 6)];
    const char *second = keys[test_random_below(both->random, 6)];
    both->is_joined = true;
    add(both->definition, ",\"join\":{\"table\":\"v\",\"kind\":\"%s\",\"suffix\":\"_v\",\"on\":[",
        is_left ? "left" : "inner");
    add(both->from, " FROM w %s JOIN v ON w.%s = v.%s", is_left ? "LEFT" : "INNER", first, first);
    add(both->definition, "{\"left\":\"%s\",\"right\":\"%s\"}", first, first);
    if (strcmp(first, second) != 0) {
        add(both->definition, ",{\"left\":\"%s\",\"right\":\"%s\"}", second, second);
        add(both->from, " AND w.%s = v.%s", second, second);
    }
    add(both->definition, "]}");
}

/* Columns of v are t_v, m_v and so on: those that are never keys. */
static void add_where(struct both *both)
{
    static const char *const conditions[][2] = {
        {"n > 2", "w.n > 2"},
        {"s IS NULL OR i < 10", "w.s IS NULL OR w.i < 10"},
        {"f BETWEEN -10 AND 5.5", "w.f BETWEEN -10 AND 5.5"},
        {"t LIKE '%1%' AND b", "w.t LIKE '%1%' AND w.b"},
        {"n > 100", "w.n > 100"},
        {"m < m_v", "w.m < v.m"},
        {"t_v > t OR t_v IS NULL", "v.t > w.t OR v.t IS NULL"},
    };
    size_t which = test_random_below(both->random, both->is_joined ? 7 : 5);
    add(both->definition, ",\"where\":\"%s\"", conditions[which][0]);
    add(both->from, " WHERE %s", conditions[which][1]);
}

/* Keys, measures, a condition on them; the names k1, k2, n, s1 are the result's. */
static void add_groups(struct both *both)
{
    static const char *const keys[][2] = {
        {"\"s\"", "w.s"},
        {"\"n\"", "w.n"},
        {"{\"name\":\"h\",\"expr\":\"i % 5\"}", "w.i % 5"},
        {"{\"name\":\"u\",\"expr\":\"upper(s) || n\"}", "upper(w.s) || w.n"},
        {"\"d\"", "w.d"},
    };
    size_t first = test_random_below(both->random, 5);
    size_t second = test_random_below(both->random, 5);
    bool has_two = first != second && flip(both);
    both->is_grouped = true;
    add(both->definition,
        ",\"group_by\":[%s%s%s],\"measures\":{\"c\":{\"fn\":\"count\"},\"x\":{"
        "\"fn\":\"sum\",\"expr\":\"i + n\"},\"lo\":{\"fn\":\"min\",\"column\":"
        "\"t\"},\"hi\":{\"fn\":\"max\",\"column\":\"f\"},\"mean\":{\"fn\":"
        "\"mean\",\"column\":\"f\"},\"kinds\":{\"fn\":\"distinct\",\"column\":"
        "\"i\"}}",
        keys[first][0], has_two ? "," : "", has_two ? keys[second][0] : "");
    add(both->select,
        "SELECT %s AS k1%s%s%s, count(*) AS c, sum(w.i + w.n) AS x, min(w.t) AS lo, "
        "max(w.f) AS hi, avg(w.f) AS mean, count(DISTINCT w.i) AS kinds",
        keys[first][1], has_two ? ", " : "", has_two ? keys[second][1] : "",
        has_two ? " AS k2" : "");
    add(both->from, " GROUP BY 1%s", has_two ? ", 2" : "");
    if (flip(both)) {
        add(both->definition, ",\"having\":\"c > 2 AND lo IS NOT NULL\"");
        add(both->from, " HAVING c > 2 AND lo IS NOT NULL");
    }
    if (flip(both)) {
        add(both->definition, ",\"sort\":[{\"column\":\"x\",\"desc\":true}]");
        add(both->tail, " ORDER BY x DESC NULLS LAST, k1 NULLS LAST");
    } else {
        add(both->tail, " ORDER BY k1 NULLS LAST");
    }
    add(both->tail, "%s", has_two ? ", k2 NULLS LAST" : "");
}

static void add_columns(struct both *both)
{
    const char *ties = both->is_joined ? "w.pos, v.pos" : "w.pos";
    bool is_distinct = !both->is_joined && flip(both);
    add(both->definition,
        ",\"columns\":[\"s\",{\"name\":\"z\",\"column\":\"%s\"},{\"name\":\"q\","
        "\"expr\":\"n * 10 - f\"},\"b\"%s]",
        both->is_joined ? "t_v" : "n", is_distinct ? "" : ",\"t\",\"r\"");
    add(both->select, "SELECT w.s AS s, %s AS z, w.n * 10 - w.f AS q, w.b AS b%s",
        both->is_joined ? "v.t" : "w.n", is_distinct ? "" : ", w.t, w.r");
    if (is_distinct) {
        add(both->definition, ",\"distinct\":true");
        add(both->from, " GROUP BY 1, 2, 3, 4");
        ties = "min(w.pos)";
    }
    if (flip(both)) {
        add(both->definition, ",\"sort\":[{\"column\":\"q\",\"desc\":%s},\"z\"]", "true");
        add(both->tail, " ORDER BY q DESC NULLS LAST, z NULLS LAST, %s", ties);
    } else {
        add(both->tail, " ORDER BY %s", ties);
    }
}

static void make(struct both *both, struct test_random *random)
{
    *both = (struct both){.random = random};
    add(both->definition, "{\"from\":\"w\"");
    if (flip(both)) {
        add_join(both);
    } else {
        add(both->from, " FROM w");
    }
    if (flip(both)) {
        add_where(both);
    }
    if (test_random_once_in(random, 3)) {
        add_groups(both);
    } else {
        add_columns(both);
    }
    if (flip(both)) {
        unsigned limit = (unsigned)test_random_below(random, 300);
        add(both->definition, ",\"limit\":%u", limit);
        add(both->tail, " LIMIT %u", limit);
    }
    add(both->definition, "}");
}

static void random_definitions_mean_what_their_queries_mean(void **state)
{
    (void)state;
    struct bed bed;
    struct both both;
    char sql[3 * TEXT];
    uint64_t seed = test_seed();
    for (unsigned world = 0; world < 4; world++) {
        bed_init(&bed, seed + world, 1500, 60);
        for (unsigned i = 0; i < DEFINITIONS / 4; i++) {
            make(&both, &bed.random);
            (void)snprintf(sql, sizeof(sql), "%s%s%s", both.select, both.from, both.tail);
            bed_compare(&bed, both.definition, sql);
        }
        bed_fini(&bed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_definitions_mean_what_their_queries_mean),
    };
    return cmocka_run_group_tests_name("derive/random", tests, NULL, NULL);
}
