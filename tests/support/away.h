/* away: the values of a version's chunks leave memory and lie with the test, which gives them back
 * when they are pinned, or fails to at the Nth time.  For tables without exceptions; the chunks'
 * budget is none. */
#ifndef SW_TESTS_AWAY_H
#define SW_TESTS_AWAY_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/look.h"
#include "support/test.h"

struct test_away_home {
    struct sw_chunk_home home; /* first */
    struct sw_chunk_values values;
    _Atomic uint32_t loads;
};

/* Of all homes; one test at a time. */
static _Atomic uint32_t test_away_loads;
static uint32_t test_away_fails_at; /* the load that fails, from 1; 0: none */

static inline void test_away_copy(const void *into, const void *from, size_t size)
{
    if (from != NULL) {
        memcpy((void *)(uintptr_t)into, from, size);
    }
}

static inline sw_status test_away_load(struct sw_chunk_home *of, const struct sw_chunk *chunk,
                                       struct sw_chunk **copy, struct sw_err *err)
{
    struct test_away_home *home = (struct test_away_home *)of;
    const struct sw_chunk_values *from = &home->values;
    const struct sw_chunk parts = {.type = chunk->type,
                                   .encoding = chunk->encoding,
                                   .width = chunk->width,
                                   .scale = chunk->scale,
                                   .rows = chunk->rows,
                                   .base = chunk->base,
                                   .dict = chunk->dict,
                                   .dict_count = chunk->dict_count,
                                   .zone = chunk->zone,
                                   .data_size = chunk->data_size,
                                   .bytes_size = chunk->bytes_size};
    home->loads++;
    if (++test_away_loads == test_away_fails_at) {
        return sw_fail(err, SW_STORAGE, "the disk refuses");
    }
    SW_TRY(sw_chunk_new(&parts, from->valid != NULL, from->null_spelling != NULL, copy, err));
    test_away_copy((*copy)->data, from->data, from->data_size);
    test_away_copy((*copy)->bytes, from->bytes, from->bytes_size);
    test_away_copy((*copy)->valid, from->valid, from->valid_size);
    test_away_copy((*copy)->null_spelling, from->null_spelling, from->spelling_size);
    if ((*copy)->encoding == SW_ENC_TEXT && (*copy)->bytes_size == 0) {
        (*copy)->bytes = (const char *)(*copy)->data + (chunk->rows + (size_t)1) * sizeof(uint32_t);
    }
    sw_poison_lay(*copy);
    return SW_OK;
}

static inline void test_away_loaded(struct sw_chunk_home *home)
{
    (void)home;
}

static inline void test_away_forget(struct sw_chunk_home *of)
{
    struct test_away_home *home = (struct test_away_home *)of;
    sw_chunk_values_free(&home->values);
    free(home);
}

static const struct sw_chunk_home_ops test_away_ops = {test_away_load, test_away_loaded,
                                                       test_away_forget};

/* No chunk is pinned; all values are taken out of those that have some. */
static inline void test_send_away_chunk(struct sw_chunk *chunk)
{
    struct sw_chunk_values values;
    assert_true(atomic_load(&chunk->state) < SW_CHUNK_PIN);
    if (chunk->home == NULL) {
        struct test_away_home *home = calloc(1, sizeof(*home));
        assert_non_null(home);
        home->home.ops = &test_away_ops;
        chunk->home = &home->home;
    }
    if (sw_chunk_evict(chunk, &values) > 0) {
        struct test_away_home *home = (struct test_away_home *)chunk->home;
        sw_chunk_values_free(&home->values);
        home->values = values;
    }
}

static inline void test_send_away(const struct sw_version *version)
{
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_rowgroup *group = version->group[g];
        for (uint32_t i = 0; i < group->columns; i++) {
            test_send_away_chunk(group->chunk[i]);
        }
        if (group->row_ids != NULL) {
            test_send_away_chunk(group->row_ids);
        }
    }
    test_away_loads = 0;
    test_away_fails_at = 0;
}

static inline uint32_t test_loads_of(const struct sw_chunk *chunk)
{
    return ((const struct test_away_home *)(const void *)chunk->home)->loads;
}

#endif
