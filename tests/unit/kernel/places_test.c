/* Codes kept for whole chunks against the place of each value, and what happens to them when the
 * memory is wanted elsewhere. */
#include "kernel/places.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/block.h"
#include "kernel/batch.h"
#include "support/look.h"
#include "support/test.h"
#include "table/builder.h"

#define ROWS (SW_VECTOR_ROWS * 2 + 77)

/* Decimals with some nulls. */
static struct sw_chunk *make_chunk(struct test_random *random, uint32_t rows)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    assert_int_equal(sw_builder_new(SW_TYPE_FLOAT, NULL, NULL, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        double value = (double)test_random_between(random, -2000, 2000) / 100;
        assert_int_equal(test_random_once_in(random, 20) ? sw_builder_null(builder, SW_NULL_EMPTY)
                                                         : sw_builder_float(builder, value),
                         SW_OK);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

static struct sw_places_work *new_work(void)
{
    struct sw_places_work *work = malloc(sizeof(*work));
    assert_non_null(work);
    return work;
}

static uint32_t naive_place(const struct sw_axis *axis, const struct sw_value *value)
{
    if (value->is_null || value->u.f != value->u.f) {
        return axis->bins + 2;
    }
    uint32_t place = 0;
    while (place <= axis->bins && axis->edges[place] <= value->u.f) {
        place++;
    }
    /* The last bin is closed. */
    return place > axis->bins && value->u.f == axis->edges[axis->bins] ? axis->bins : place;
}

static void check_codes(const struct sw_chunk *chunk, const struct sw_axis *axis,
                        const uint8_t *narrow, const uint16_t *wide)
{
    assert_int_equal(narrow != NULL, SW_AXIS_PLACES(axis) <= SW_PLACES_NARROW);
    assert_int_equal(wide != NULL, narrow == NULL);
    for (uint32_t i = 0; i < chunk->rows; i++) {
        struct sw_value value = test_cell(chunk, i);
        assert_int_equal(narrow != NULL ? narrow[i] : wide[i], naive_place(axis, &value));
    }
}

static void codes_are_the_places_of_the_values_and_nulls_have_their_own(void **state)
{
    (void)state;
    struct test_random random;
    struct sw_places_work *work = new_work();
    test_random_init(&random, test_seed());
    const uint32_t bins[] = {1, 50, 252, 253, 254, 2000};
    for (unsigned i = 0; i < sizeof(bins) / sizeof(bins[0]); i++) {
        struct sw_axis axis;
        struct sw_chunk *chunk = make_chunk(&random, ROWS);
        assert_int_equal(sw_axis_init(&axis, -15, 17, bins[i], SW_TYPE_FLOAT), SW_OK);

        struct sw_places *places = sw_places_of(test_look(chunk), &axis, work);

        assert_non_null(places);
        check_codes(chunk, &axis, places->narrow, places->wide);
        sw_places_unref(places);
        sw_axis_fini(&axis);
        sw_chunk_unref(chunk);
    }
    free(work);
}

static void codes_are_made_once_and_go_with_their_chunk(void **state)
{
    (void)state;
    struct test_random random;
    struct sw_axis axis;
    struct sw_places_work *work = new_work();
    test_random_init(&random, test_seed());
    struct sw_chunk *chunk = make_chunk(&random, ROWS);
    assert_int_equal(sw_axis_init(&axis, 0, 10, 50, SW_TYPE_FLOAT), SW_OK);
    size_t before = sw_places_bytes();

    struct sw_places *first = sw_places_of(test_look(chunk), &axis, work);
    size_t kept = sw_places_bytes();
    struct sw_places *second = sw_places_of(test_look(chunk), &axis, work);

    assert_ptr_equal(first, second);
    assert_true(kept > before + ROWS);
    assert_int_equal(sw_places_bytes(), kept);
    sw_chunk_unref(chunk);
    assert_int_equal(sw_places_bytes(), before);
    assert_int_equal(first->rows, ROWS); /* and stay for who holds them */
    assert_true(first->narrow[ROWS - 1] <= 52);
    sw_places_unref(first);
    sw_places_unref(second);
    sw_axis_fini(&axis);
    free(work);
}

enum { CHUNKS = 6 };

/* A budget, charged with codes of all chunks. */
static void keep_some(struct sw_budget *budget, size_t limit, struct sw_chunk **chunk,
                      const struct sw_axis *axis, struct sw_places_work *work)
{
    struct test_random random;
    test_random_init(&random, test_seed());
    sw_places_keep(budget, limit);
    for (unsigned i = 0; i < CHUNKS; i++) {
        chunk[i] = make_chunk(&random, ROWS);
        sw_places_unref(sw_places_of(test_look(chunk[i]), axis, work));
    }
}

static void drop_all(struct sw_chunk **chunk, struct sw_axis *axis, struct sw_places_work *work)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        sw_chunk_unref(chunk[i]);
    }
    sw_axis_fini(axis);
    free(work);
    sw_places_keep(NULL, SW_PLACES_BYTES_MAX);
}

static void the_least_lately_used_go_when_there_are_too_many(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct sw_axis axis;
    struct sw_chunk *chunk[CHUNKS];
    struct sw_places_work *work = new_work();
    sw_budget_init(&budget, "test_bytes", 1 << 30, NULL);
    assert_int_equal(sw_axis_init(&axis, 0, 10, 50, SW_TYPE_FLOAT), SW_OK);

    keep_some(&budget, 3 * (ROWS + 512), chunk, &axis, work);

    size_t kept = sw_places_bytes();
    assert_true(kept <= 3 * (ROWS + 512));
    assert_true(kept > 2 * ROWS);
    assert_int_equal(sw_budget_used(&budget), kept);
    struct sw_places *newest = sw_places_of(test_look(chunk[CHUNKS - 1]), &axis, work);
    assert_int_equal(sw_places_bytes(), kept); /* known */
    struct sw_places *oldest = sw_places_of(test_look(chunk[0]), &axis, work);
    assert_int_equal(sw_places_bytes(), kept); /* made, and another dropped */
    sw_places_unref(newest);
    sw_places_unref(oldest);
    drop_all(chunk, &axis, work);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static size_t shed_places(void *context, size_t bytes)
{
    (void)context;
    return sw_places_shed(bytes);
}

static void codes_are_given_up_before_work_is_refused(void **state)
{
    (void)state;
    struct sw_budget root;
    struct sw_budget session;
    struct sw_axis axis;
    struct sw_chunk *chunk[CHUNKS];
    struct sw_places_work *work = new_work();
    size_t limit = 2 * CHUNKS * (ROWS + 512);
    sw_budget_init(&root, "memory_bytes", (int64_t)limit, NULL);
    sw_budget_init(&session, "session_memory_bytes", (int64_t)limit, &root);
    sw_budget_add_shed(&root, shed_places, NULL);
    assert_int_equal(sw_axis_init(&axis, 0, 10, 50, SW_TYPE_FLOAT), SW_OK);
    keep_some(&root, SW_PLACES_BYTES_MAX, chunk, &axis, work);
    assert_true(sw_places_bytes() >= CHUNKS * ROWS);
    assert_int_equal(sw_budget_used(&session), 0);

    assert_int_equal(sw_budget_charge(&session, limit - 2 * ROWS, NULL), SW_OK);
    assert_true(sw_places_bytes() < 2 * ROWS);
    assert_int_equal(sw_budget_charge(&session, 2 * ROWS, NULL), SW_OK);
    assert_int_equal(sw_places_bytes(), 0);
    assert_int_equal(sw_budget_charge(&session, 1, NULL), SW_LIMIT);

    /* And where nothing can be kept, rows have their places all the same. */
    assert_null(sw_places_of(test_look(chunk[0]), &axis, work));
    sw_budget_release(&session, limit);
    drop_all(chunk, &axis, work);
    assert_int_equal(sw_budget_used(&root), 0);
}

static void a_vector_has_places_whether_they_are_kept_or_not(void **state)
{
    (void)state;
    struct test_random random;
    struct sw_schema *schema;
    struct sw_rowgroup *group;
    struct sw_version *version;
    struct sw_batch_cache *cache;
    const char *const names[] = {"x"};
    const enum sw_type types[] = {SW_TYPE_FLOAT};
    test_random_init(&random, test_seed());
    struct sw_chunk *chunk = make_chunk(&random, ROWS);
    assert_int_equal(sw_rowgroup_take(1, &chunk, 0, NULL, &group), SW_OK);
    assert_int_equal(sw_schema_new(1, names, types, &schema), SW_OK);
    assert_int_equal(sw_version_new(1, schema, 1, &group, ROWS, &version), SW_OK);
    assert_int_equal(sw_batch_cache_new(1, &cache), SW_OK);
    for (unsigned round = 0; round < 2; round++) {
        sw_places_keep(NULL, round == 0 ? SW_PLACES_BYTES_MAX : 0);
        for (uint32_t i = 0; i < 3 * SW_BATCH_AXES; i++) {
            struct sw_axis axis;
            struct sw_batch batch;
            uint32_t start = i % 3 * SW_VECTOR_ROWS;
            assert_int_equal(sw_axis_init(&axis, -3, 8, 3 + i * 20, SW_TYPE_FLOAT), SW_OK);
            sw_batch_at(&batch, cache, version, 0, start);
            struct sw_batch_places at = sw_batch_places(&batch, 0, &axis);
            for (uint32_t row = 0; row < batch.rows; row++) {
                struct sw_value value = test_cell(chunk, start + row);
                assert_int_equal(at.narrow != NULL ? at.narrow[row] : at.wide[row],
                                 naive_place(&axis, &value));
            }
            sw_axis_fini(&axis);
        }
        assert_int_equal(sw_places_bytes() > 0, round == 0);
    }
    sw_batch_cache_free(cache);
    sw_version_unref(version);
    sw_rowgroup_unref(group);
    sw_schema_unref(schema);
    sw_places_keep(NULL, SW_PLACES_BYTES_MAX);
}

struct reader {
    struct sw_chunk **chunk;
    const struct sw_axis *axis;
    uint64_t seed;
};

static void *read_and_shed(void *context)
{
    const struct reader *reader = context;
    struct test_random random;
    struct sw_places_work *work = new_work();
    test_random_init(&random, reader->seed);
    for (unsigned i = 0; i < 200; i++) {
        const struct sw_chunk *chunk = reader->chunk[test_random_below(&random, CHUNKS)];
        struct sw_places *places = sw_places_of(test_look(chunk), reader->axis, work);
        assert_non_null(places);
        assert_true(places->chunk_id == chunk->id);
        assert_true(places->narrow[test_random_below(&random, ROWS)] <= 52);
        if (test_random_once_in(&random, 20)) {
            (void)sw_places_shed(ROWS);
        }
        sw_places_unref(places);
    }
    free(work);
    return NULL;
}

static void threads_share_codes_while_others_drop_them(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct sw_axis axis;
    struct sw_chunk *chunk[CHUNKS];
    pthread_t thread[4];
    struct reader reader[4];
    struct sw_places_work *work = new_work();
    sw_budget_init(&budget, "test_bytes", 1 << 30, NULL);
    assert_int_equal(sw_axis_init(&axis, 0, 10, 50, SW_TYPE_FLOAT), SW_OK);
    keep_some(&budget, 4 * (ROWS + 512), chunk, &axis, work);

    for (unsigned i = 0; i < 4; i++) {
        reader[i] = (struct reader){chunk, &axis, test_seed() + i};
        assert_int_equal(pthread_create(&thread[i], NULL, read_and_shed, &reader[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }

    assert_int_equal(sw_budget_used(&budget), sw_places_bytes());
    drop_all(chunk, &axis, work);
    assert_int_equal(sw_budget_used(&budget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_the_places_of_the_values_and_nulls_have_their_own),
        cmocka_unit_test(codes_are_made_once_and_go_with_their_chunk),
        cmocka_unit_test(the_least_lately_used_go_when_there_are_too_many),
        cmocka_unit_test(codes_are_given_up_before_work_is_refused),
        cmocka_unit_test(a_vector_has_places_whether_they_are_kept_or_not),
        cmocka_unit_test(threads_share_codes_while_others_drop_them),
    };
    return cmocka_run_group_tests_name("kernel/places", tests, NULL, NULL);
}
