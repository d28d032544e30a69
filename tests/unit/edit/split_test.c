/* Edits whose row groups several workers do at once: cell by cell, chunk by chunk and word by word
 * what one worker makes of them, refusals included. */
#include "unit/fold/world.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "edit/edit.h"
#include "support/look.h"

#define ROUNDS  60
#define WORKERS 4

/* -- workers ------------------------------------------------------------------------------ */

struct crew {
    struct sw_edit *edit;
    _Atomic unsigned running, next;
};

/* As the pool does it: who finds nothing asks again for as long as somebody else is at work. */
static void *work(void *context)
{
    struct crew *crew = context;
    unsigned worker = atomic_fetch_add(&crew->next, 1);
    for (;;) {
        atomic_fetch_add(&crew->running, 1);
        bool is_done = sw_edit_step_work(crew->edit, worker);
        unsigned others = atomic_fetch_sub(&crew->running, 1) - 1;
        if (!is_done && others == 0) {
            return NULL;
        }
        sched_yield();
    }
}

static struct sw_edit *run(const struct sw_edit_plan *plan, struct sw_version *version,
                           unsigned workers)
{
    struct crew crew = {0};
    pthread_t thread[WORKERS];
    assert_int_equal(sw_edit_new(plan, version, NULL, &crew.edit, NULL), SW_OK);
    for (unsigned i = 0; i < workers; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, work, &crew), 0);
    }
    for (unsigned i = 0; i < workers; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    while (sw_edit_step_work(crew.edit, 0)) {
    }
    return crew.edit;
}

/* -- random edits --------------------------------------------------------------------------- */

static const char *random_where(struct world *world)
{
    static const char *const wheres[] = {"",
                                         ", \"where\": \"s = 'figs'\"",
                                         ", \"where\": \"f > 20 AND i % 3 = 1\"",
                                         ", \"where\": \"i < -100\"",
                                         ", \"where\": \"b\"",
                                         ", \"where\": \"ts > '2023-11-14'\""};
    return wheres[test_random_below(&world->random, 6)];
}

static const char *random_change(struct world *world, const char **method)
{
    static const char *const sets[] = {
        "\"f\": {\"expr\": \"f * 1.1\"}",
        "\"f\": {\"expr\": \"i / 2\"}, \"i\": {\"expr\": \"i + 1\"}",
        "\"g\": 2.5, \"b\": true",
        "\"i\": {\"expr\": \"f\"}", /* refused where f has a fraction */
        "\"d\": null",
        "\"i\": {\"expr\": \"big * 4096\"}", /* refused where that is beyond 64 bits */
        "\"n\": {\"expr\": \"g / (i - 3)\"}",
        "\"s\": {\"expr\": \"s || '!'\"}, \"f\": 1", /* strings: one worker does them */
        "\"ts\": {\"expr\": \"ts + 1000\"}",
    };
    *method = "table.update";
    switch (test_random_below(&world->random, 4)) {
    case 0: {
        const char *where = random_where(world);
        if (where[0] != '\0') {
            *method = "table.delete_rows";
            return text_of(world, "{%s}", where + 2);
        }
        break;
    }
    case 1: {
        uint64_t id = test_random_below(&world->random, world->rows + 2);
        return text_of(world, "{\"set\": {\"f\": 7.5}, \"row_ids\": [%llu]}",
                       (unsigned long long)id);
    }
    default:
        break;
    }
    return text_of(world, "{\"set\": {%s}%s}", sets[test_random_below(&world->random, 9)],
                   random_where(world));
}

/* -- the same -------------------------------------------------------------------------------- */

static void compare_chunks(const struct sw_chunk *a, const struct sw_chunk *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->encoding, b->encoding);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->scale, b->scale);
    assert_int_equal(a->zone.nulls, b->zone.nulls);
    assert_int_equal(a->zone.has_values, b->zone.has_values);
    for (uint32_t row = 0; a != b && row < a->rows; row++) {
        struct sw_value x = test_cell(a, row);
        struct sw_value y = test_cell(b, row);
        assert_int_equal(x.is_null, y.is_null);
        if (!x.is_null && x.type == SW_TYPE_STRING) {
            assert_true(sw_span_equal(x.u.s, y.u.s));
        } else if (!x.is_null) {
            assert_int_equal(x.u.i, y.u.i); /* all bits */
        }
    }
}

static void compare_versions(const struct sw_version *a, const struct sw_version *b)
{
    assert_int_equal(a->groups, b->groups);
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->next_row_id, b->next_row_id);
    for (uint32_t i = 0; i < a->groups; i++) {
        const struct sw_rowgroup *x = a->group[i];
        const struct sw_rowgroup *y = b->group[i];
        assert_int_equal(x->rows, y->rows);
        for (uint32_t row = 0; row < x->rows; row++) {
            assert_int_equal(test_row_id(x, row), test_row_id(y, row));
        }
        for (uint32_t c = 0; c < COLUMNS; c++) {
            compare_chunks(x->chunk[c], y->chunk[c]);
        }
    }
}

/* True: they changed the table. */
static bool compare_edits(const struct sw_edit *one, const struct sw_edit *many)
{
    struct sw_edit_result a;
    struct sw_edit_result b;
    struct sw_err err_a = {0};
    struct sw_err err_b = {0};
    sw_status status = sw_edit_result(one, &a, &err_a);
    assert_int_equal(sw_edit_result(many, &b, &err_b), status);
    if (status != SW_OK) {
        assert_string_equal(err_a.message, err_b.message);
        return false;
    }
    assert_int_equal(a.is_changed, b.is_changed);
    assert_int_equal(a.rows, b.rows);
    assert_int_equal(a.outcomes, b.outcomes);
    assert_string_equal(a.what, b.what);
    for (uint32_t i = 0; i < a.outcomes; i++) {
        assert_int_equal(a.outcome[i].rows, b.outcome[i].rows);
        assert_int_equal(a.outcome[i].table_rows, b.outcome[i].table_rows);
    }
    compare_versions(a.version, b.version);
    return a.is_changed;
}

static void many_workers_make_what_one_makes(void **state)
{
    (void)state;
    struct test_random random;
    unsigned changed = 0;
    test_random_init(&random, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        struct world *world = new_world(test_random_below(&random, UINT64_MAX));
        const char *method[3];
        const char *change[3];
        for (int i = 0; i < 3; i++) {
            change[i] = random_change(world, &method[i]);
        }
        const char *params = change[0];
        if (round % 4 == 0) {
            method[0] = "table.batch";
            params = text_of(world,
                             "{\"ops\": [{\"method\": \"table.update\", \"params\": {\"set\": "
                             "{\"g\": 1}}}, {\"method\": \"%s\", \"params\": %s}, {\"method\": "
                             "\"%s\", \"params\": %s}]}",
                             method[1], change[1], method[2], change[2]);
        }
        struct sw_json json = json_of(&world->arena, params);
        struct sw_edit_plan *plan = NULL;
        assert_int_equal(
            sw_edit_plan_new(sw_span_text(method[0]), &json, NULL, NULL, NULL, &plan, NULL), SW_OK);
        struct sw_version *version = world->version[1 + round % 2];

        struct sw_edit *one = run(plan, version, 1);
        struct sw_edit *many = run(plan, version, WORKERS);

        changed += compare_edits(one, many);
        sw_edit_free(one);
        sw_edit_free(many);
        sw_edit_plan_free(plan);
        free_world(world);
    }
    assert_true(changed > ROUNDS / 4);
}

static void an_edit_may_be_given_up_in_the_middle(void **state)
{
    (void)state;
    struct world *world = new_world(test_seed());
    struct sw_json json = json_of(&world->arena, "{\"set\": {\"f\": {\"expr\": \"f + 1\"}}}");
    struct sw_edit_plan *plan = NULL;
    assert_int_equal(
        sw_edit_plan_new(sw_span_text("table.update"), &json, NULL, NULL, NULL, &plan, NULL),
        SW_OK);
    for (unsigned steps = 0; steps < 5; steps++) {
        struct sw_edit *edit = NULL;
        assert_int_equal(sw_edit_new(plan, world->version[1], NULL, &edit, NULL), SW_OK);
        for (unsigned i = 0; i < steps; i++) {
            (void)sw_edit_step_work(edit, i % 2);
        }
        sw_edit_free(edit);
    }
    sw_edit_plan_free(plan);
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_workers_make_what_one_makes),
        cmocka_unit_test(an_edit_may_be_given_up_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
