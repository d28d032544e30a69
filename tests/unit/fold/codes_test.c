/* Groups by the codes of one dictionary, few and many, with rows left out by a filter and values
 * that no sum takes easily, against sums made row by row. */
#include "unit/fold/runs.h"

#include <math.h>

#include "kernel/exact.h"

enum { K_NAME, K_SHARE, K_F, K_G, K_I, KS };

struct rows {
    uint32_t n;
    uint32_t *name; /* UINT32_MAX: null */
    double *share, *f;
    struct sw_value *g; /* some null */
    int64_t *i;
    struct sw_version *version;
};

static void add_row(struct sw_builder **builder, const struct rows *rows, uint32_t row)
{
    char name[16];
    int length = snprintf(name, sizeof(name), "n%05u", rows->name[row]);
    assert_int_equal(rows->name[row] == UINT32_MAX
                         ? sw_builder_null(builder[K_NAME], SW_NULL_EMPTY)
                         : sw_builder_text(builder[K_NAME], sw_span_of(name, (size_t)length)),
                     SW_OK);
    assert_int_equal(sw_builder_float(builder[K_SHARE], rows->share[row]), SW_OK);
    assert_int_equal(sw_builder_float(builder[K_F], rows->f[row]), SW_OK);
    assert_int_equal(sw_builder_value(builder[K_G], &rows->g[row]), SW_OK);
    assert_int_equal(sw_builder_int(builder[K_I], rows->i[row]), SW_OK);
}

static void fill_rows(struct test_random *random, struct rows *rows, uint32_t names)
{
    bool has_nulls = test_random_once_in(random, 2);
    bool has_strays = test_random_once_in(random, 2);
    for (uint32_t row = 0; row < rows->n; row++) {
        bool is_rare = test_random_once_in(random, 50);
        const double strays[] = {NAN, INFINITY, -INFINITY, 1e-200};
        rows->name[row] =
            test_random_once_in(random, 3) ? 0 : (uint32_t)test_random_below(random, names);
        rows->name[row] = has_nulls && is_rare ? UINT32_MAX : rows->name[row];
        rows->share[row] = (double)test_random_below(random, 1000) / 1000;
        rows->f[row] = (double)test_random_between(random, -50000, 50000) / 100;
        rows->g[row] = (struct sw_value){.type = SW_TYPE_FLOAT,
                                         .is_null = test_random_once_in(random, 30),
                                         .u.f = has_strays && is_rare
                                                    ? strays[test_random_below(random, 4)]
                                                    : (test_random_unit(random) - 0.5) * 1e3};
        rows->i[row] = test_random_between(random, -1000, 1000);
    }
}

static void make_rows(struct test_random *random, struct rows *rows, uint32_t names)
{
    static const char *const column[KS] = {"name", "share", "f", "g", "i"};
    static const enum sw_type type[KS] = {SW_TYPE_STRING, SW_TYPE_FLOAT, SW_TYPE_FLOAT,
                                          SW_TYPE_FLOAT, SW_TYPE_INT};
    struct sw_builder *builder[KS];
    struct sw_rowgroup *group[3];
    struct sw_schema *schema;
    struct sw_dict *dict;
    *rows = (struct rows){.n = 9000 + (uint32_t)test_random_below(random, 9000)};
    rows->name = calloc(rows->n, sizeof(*rows->name));
    rows->share = calloc(rows->n, sizeof(*rows->share));
    rows->f = calloc(rows->n, sizeof(*rows->f));
    rows->g = calloc(rows->n, sizeof(*rows->g));
    rows->i = calloc(rows->n, sizeof(*rows->i));
    fill_rows(random, rows, names);
    assert_int_equal(sw_dict_new(NULL, &dict, NULL), SW_OK);
    for (int k = 0; k < KS; k++) {
        assert_int_equal(
            sw_builder_new(type[k], k == K_NAME ? dict : NULL, NULL, &builder[k], NULL), SW_OK);
    }
    for (uint32_t g = 0, row = 0; g < 3; g++) {
        struct sw_chunk *chunk[KS];
        uint32_t first = row;
        for (; row < rows->n * (g + 1) / 3; row++) {
            add_row(builder, rows, row);
        }
        for (int k = 0; k < KS; k++) {
            assert_int_equal(sw_builder_seal(builder[k], &chunk[k], NULL), SW_OK);
        }
        assert_int_equal(sw_rowgroup_take(KS, chunk, first, NULL, &group[g]), SW_OK);
    }
    assert_int_equal(sw_schema_new(KS, column, type, &schema), SW_OK);
    assert_int_equal(sw_version_new(1, schema, 3, group, rows->n, &rows->version), SW_OK);
    for (int k = 0; k < KS; k++) {
        sw_builder_free(builder[k]);
    }
    for (int g = 0; g < 3; g++) {
        sw_rowgroup_unref(group[g]);
    }
    sw_schema_unref(schema);
    sw_dict_unref(dict);
}

static void drop_rows(struct rows *rows)
{
    free(rows->name);
    free(rows->share);
    free(rows->f);
    free(rows->g);
    free(rows->i);
    sw_version_unref(rows->version);
}

struct naive {
    int64_t n, gs, i;
    struct sw_exact f, g;
};

static void check_group(const struct sw_series *series, size_t at, struct naive *naive)
{
    const struct sw_field *n = field_of(series, 0, "measures", "n");
    const struct sw_field *f = field_of(series, 0, "measures", "f");
    const struct sw_field *g = field_of(series, 0, "measures", "g");
    const struct sw_field *gs = field_of(series, 0, "measures", "gs");
    const struct sw_field *i = field_of(series, 0, "measures", "i");
    assert_int_equal(n->u.ints[at], naive->n);
    assert_int_equal(gs->u.ints[at], naive->gs);
    assert_int_equal(i->u.ints[at], naive->i);
    assert_true(sw_exact_bits(f->u.floats[at]) == sw_exact_bits(sw_exact_round(&naive->f)));
    assert_int_equal(is_null_at(g, at), naive->gs == 0);
    if (naive->gs > 0) {
        double mean = sw_exact_round(&naive->g) / (double)naive->gs;
        assert_true(g->u.floats[at] == mean || (isnan(mean) && isnan(g->u.floats[at])));
    }
}

static void check_output(const struct rows *rows, uint32_t names, double share,
                         const char *measures)
{
    struct selection selection = {.clauses = share < 1 ? 1 : 0};
    struct sw_series *series;
    struct sw_err err = {0};
    struct sw_arena arena;
    char params[512];
    sw_arena_init(&arena);
    snprintf(params, sizeof(params), "{\"by\": \"name\", \"measures\": {%s}}", measures);
    struct sw_json json = json_of(&arena, params);
    selection.clause[0] = (struct clause){.column = K_SHARE,
                                          .kind = BETWEEN,
                                          .low = {.kind = SW_JSON_NULL},
                                          .high = {.kind = SW_JSON_FLOAT, .u.number = share},
                                          .is_high_open = true};
    struct naive *naive = calloc(names + (size_t)1, sizeof(*naive));
    for (uint32_t row = 0; row < rows->n; row++) {
        uint32_t at = rows->name[row] == UINT32_MAX ? names : rows->name[row];
        if (share < 1 && !(rows->share[row] < share)) {
            continue;
        }
        naive[at].n++;
        naive[at].i += rows->i[row];
        sw_exact_add(&naive[at].f, rows->f[row]);
        if (!rows->g[row].is_null) {
            naive[at].gs++;
            sw_exact_add(&naive[at].g, rows->g[row].u.f);
        }
    }

    sw_status status = try_output(rows->version, &selection, "groupby", &json, 2, &series, &err);

    assert_int_equal(status, SW_OK);
    size_t at = 0;
    for (uint32_t name = 0; name <= names; name++) {
        if (naive[name].n > 0) {
            check_group(series, at++, &naive[name]);
        }
    }
    assert_int_equal(field_of(series, 0, NULL, "groups")->u.ints[0], at);
    sw_series_unref(series);
    sw_arena_fini(&arena);
    free(naive);
}

/* In all orders, for one measure may know what another would count. */
static const char *const measures[] = {
    "\"n\": {\"fn\": \"count\"}, \"f\": {\"fn\": \"sum\", \"column\": \"f\"}, "
    "\"g\": {\"fn\": \"mean\", \"column\": \"g\"}, \"gs\": {\"fn\": \"count\", \"column\": \"g\"}, "
    "\"i\": {\"fn\": \"sum\", \"column\": \"i\"}",
    "\"i\": {\"fn\": \"sum\", \"column\": \"i\"}, \"gs\": {\"fn\": \"count\", \"column\": \"g\"}, "
    "\"g\": {\"fn\": \"mean\", \"column\": \"g\"}, \"f\": {\"fn\": \"sum\", \"column\": \"f\"}, "
    "\"n\": {\"fn\": \"count\"}",
};

static void groups_by_code_have_the_sums_of_their_rows(void **state)
{
    (void)state;
    struct test_random random;
    const uint32_t names[] = {1, 4, 6, 61, 62, 63, 200, 254, 300, 1500};
    const double shares[] = {1, 0.9, 0.5, 0.1, 0.002};
    test_random_init(&random, test_seed());
    for (unsigned k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        struct rows rows;
        make_rows(&random, &rows, names[k]);
        for (unsigned s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
            check_output(&rows, names[k], shares[s], measures[(k + s) % 2]);
        }
        drop_rows(&rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_by_code_have_the_sums_of_their_rows),
    };
    return cmocka_run_group_tests_name("fold/codes", tests, NULL, NULL);
}
