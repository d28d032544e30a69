/*
 * A graph on a stage: a real pool, a clock that the test moves, tables by name, and a record of all
 * that the graph tells. The kind "gated" is a fold that waits until the test lets a row group pass.
 */
#ifndef SW_TEST_STAGE_H
#define SW_TEST_STAGE_H

#include "unit/exec/world.h"

#include <pthread.h>
#include <stdatomic.h>

#include "reactive/graph.h"
#include "wire/decode.h"

enum { STAGE_TABLES = 3, STAGE_OUTPUTS = 16, STAGE_FLUSH_MS = 3600000 };

struct stage_output {
    char name[32];
    struct sw_output_value *value; /* the newest; counted */
    unsigned values;
    enum sw_output_state state;
    struct sw_err err;
};

struct stage {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_budget budget;
    struct sw_order_cache *orders;
    struct sw_graph *graph;
    atomic_llong now_us;
    struct sw_clock clock;
    const char *table[STAGE_TABLES];
    struct sw_version *version[STAGE_TABLES]; /* counted; NULL: none */
    struct stage_output output[STAGE_OUTPUTS];
    unsigned starts, flushes;
    size_t flushed_outputs; /* of the last flush */
    uint64_t flushed_version;
    struct sw_buf log;
};

static inline int64_t stage_now(void *context)
{
    return atomic_load(&((struct stage *)context)->now_us);
}

static inline struct sw_version *stage_version(void *context, struct sw_span table)
{
    struct stage *stage = context;
    for (int i = 0; i < STAGE_TABLES; i++) {
        if (stage->table[i] != NULL && sw_span_equal(sw_span_text(stage->table[i]), table)) {
            return stage->version[i];
        }
    }
    return NULL;
}

static inline struct stage_output *stage_output(struct stage *stage, const char *name)
{
    int at = 0;
    while (at < STAGE_OUTPUTS && stage->output[at].name[0] != '\0') {
        if (strcmp(stage->output[at].name, name) == 0) {
            return &stage->output[at];
        }
        at++;
    }
    assert_true(at < STAGE_OUTPUTS);
    snprintf(stage->output[at].name, sizeof(stage->output[at].name), "%s", name);
    return &stage->output[at];
}

static inline void stage_on_start(void *context)
{
    struct stage *stage = context;
    stage->starts++;
    sw_buf_put_text(&stage->log, "start;");
}

static inline void stage_on_value(void *context, struct sw_output_value *value)
{
    struct stage *stage = context;
    struct stage_output *output = stage_output(stage, value->output);
    sw_output_value_unref(output->value);
    output->value = sw_output_value_ref(value);
    output->values++;
    sw_buf_printf(&stage->log, "%s=%llu;", value->output, (unsigned long long)value->rows);
}

static inline void stage_on_state(void *context, const char *name, enum sw_output_state state,
                                  double progress, const struct sw_err *err)
{
    struct stage *stage = context;
    struct stage_output *output = stage_output(stage, name);
    assert_true(progress <= 1);
    assert_int_equal(state == SW_OUTPUT_ERROR, err != NULL);
    output->state = state;
    if (err != NULL) {
        output->err = *err;
    }
    sw_buf_printf(&stage->log, "%s:%s;", name, sw_output_state_name(state));
}

static inline void stage_on_flush(void *context, const struct sw_flush *flush)
{
    struct stage *stage = context;
    stage->flushes++;
    stage->flushed_outputs = flush->outputs;
    stage->flushed_version = flush->tables > 0 ? flush->version[0] : 0;
    assert_true(flush->queue_ms >= 0);
    assert_true(flush->compute_ms >= 0);
    sw_buf_put_text(&stage->log, "flush;");
}

static const struct sw_graph_calls stage_calls = {stage_version,  stage_on_start, stage_on_value,
                                                  stage_on_state, stage_on_flush, NULL,
                                                  NULL,           NULL,           NULL};

/* -- the gated fold: counts rows, one permit per row group of up to 2,048 rows ---------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned permits, entered;
    bool is_open; /* no permits needed */
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, false};

static inline void gate_allow(unsigned permits)
{
    pthread_mutex_lock(&gate.lock);
    gate.permits += permits;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static inline void gate_open(bool is_open)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_open = is_open;
    gate.permits = 0;
    gate.entered = 0;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

/* Until so many row groups have come to the gate since it was closed. */
static inline void gate_await(unsigned entered)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.entered < entered) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
}

static inline sw_status gated_plan(const struct sw_json *params, const struct sw_fold_env *env,
                                   void **plan, struct sw_err *err)
{
    static int nothing;
    (void)params;
    (void)env;
    (void)err;
    *plan = &nothing;
    return SW_OK;
}

static inline void gated_plan_free(void *plan)
{
    (void)plan;
}

static inline sw_status gated_init(const void *plan, void **state)
{
    (void)plan;
    *state = calloc(1, sizeof(int64_t));
    return *state == NULL ? SW_NO_MEMORY : SW_OK;
}

static inline void gated_fold(const void *plan, void *state, struct sw_batch *batch)
{
    (void)plan;
    pthread_mutex_lock(&gate.lock);
    gate.entered++;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.is_open && gate.permits == 0) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    gate.permits -= gate.is_open ? 0 : 1;
    pthread_mutex_unlock(&gate.lock);
    *(int64_t *)state += batch->selected;
}

static inline sw_status gated_merge(const void *plan, void *into, const void *from, uint32_t group)
{
    (void)plan;
    (void)group;
    *(int64_t *)into += *(const int64_t *)from;
    return SW_OK;
}

static inline sw_status gated_finish(void *plan, void *state, struct sw_series *series,
                                     size_t panel, struct sw_err *err)
{
    (void)plan;
    (void)err;
    return sw_series_ints(series, panel, NULL, "rows", SW_TYPE_INT, state, NULL, 1);
}

static inline void gated_state_free(void *state)
{
    free(state);
}

static inline size_t gated_state_bytes(const void *plan)
{
    (void)plan;
    return sizeof(int64_t);
}

static const struct sw_fold gated_kind = {.kind = "gated",
                                          .plan = gated_plan,
                                          .plan_free = gated_plan_free,
                                          .init = gated_init,
                                          .fold = gated_fold,
                                          .merge = gated_merge,
                                          .finish = gated_finish,
                                          .state_free = gated_state_free,
                                          .state_bytes = gated_state_bytes};

static inline const struct sw_fold *stage_find_fold(struct sw_span kind)
{
    return sw_span_equal(kind, sw_span_text("gated")) ? &gated_kind : sw_fold_find(kind);
}

/* -- the stage ------------------------------------------------------------------------------- */

static inline void stage_init(struct stage *stage, unsigned threads)
{
    memset(stage, 0, sizeof(*stage));
    sw_buf_init(&stage->log);
    sw_budget_init(&stage->budget, "session_memory_bytes", INT64_MAX, NULL);
    atomic_init(&stage->now_us, 1000000000);
    stage->clock = (struct sw_clock){stage_now, stage_now, stage};
    assert_int_equal(sw_pool_new(threads, NULL, NULL, &stage->pool, NULL), SW_OK);
    assert_int_equal(sw_lane_new(stage->pool, &stage->lane), SW_OK);
    assert_int_equal(sw_order_cache_new(&stage->budget, &stage->orders), SW_OK);
    const struct sw_graph_options options = {.pool = stage->pool,
                                             .lane = stage->lane,
                                             .clock = &stage->clock,
                                             .budget = &stage->budget,
                                             .orders = stage->orders,
                                             .flush_ms = STAGE_FLUSH_MS,
                                             .calls = &stage_calls,
                                             .context = stage,
                                             .find_fold = stage_find_fold};
    assert_int_equal(sw_graph_new(&options, &stage->graph), SW_OK);
}

static inline void stage_fini(struct stage *stage)
{
    sw_graph_free(stage->graph);
    sw_order_cache_free(stage->orders);
    sw_pool_settle(stage->pool);
    sw_lane_free(stage->lane);
    sw_pool_free(stage->pool);
    for (int i = 0; i < STAGE_OUTPUTS; i++) {
        sw_output_value_unref(stage->output[i].value);
    }
    for (int i = 0; i < STAGE_TABLES; i++) {
        sw_version_unref(stage->version[i]);
    }
    assert_int_equal(sw_budget_used(&stage->budget), 0);
    sw_buf_fini(&stage->log);
}

/* Takes over the version. */
static inline void stage_put_table(struct stage *stage, int at, const char *name,
                                   struct sw_version *version)
{
    sw_version_unref(stage->version[at]);
    stage->table[at] = name;
    stage->version[at] = version;
    sw_graph_table_changed(stage->graph, sw_span_text(name), true);
}

typedef sw_status (*stage_call)(struct sw_graph *graph, const struct sw_json *params,
                                struct sw_err *err);

static inline sw_status stage_do(struct stage *stage, stage_call call, const char *text,
                                 struct sw_err *err)
{
    const struct sw_json *json = NULL;
    struct sw_arena arena;
    sw_arena_init(&arena);
    assert_int_equal(sw_decode_json(&arena, sw_span_text(text), &json, NULL), SW_OK);
    sw_status status = call(stage->graph, json, err);
    sw_arena_fini(&arena); /* the graph keeps nothing of it */
    return status;
}

static inline void stage_must(struct stage *stage, stage_call call, const char *text)
{
    struct sw_err err = {0};
    sw_status status = stage_do(stage, call, text, &err);
    if (status != SW_OK) {
        print_message("%s: %s\n", text, err.message);
    }
    assert_int_equal(status, SW_OK);
}

/* Run until nothing is left, as a session does at the end of each message. */
static inline void stage_settle(struct stage *stage)
{
    sw_graph_run(stage->graph);
    sw_pool_settle(stage->pool);
}

static inline void stage_forward(struct stage *stage, int64_t ms)
{
    atomic_fetch_add(&stage->now_us, ms * 1000);
}

/* What was told since the last call. */
static inline const char *stage_log(struct stage *stage)
{
    static char text[4096];
    snprintf(text, sizeof(text), "%.*s", (int)stage->log.length,
             stage->log.data == NULL ? "" : stage->log.data);
    sw_buf_clear(&stage->log);
    return text;
}

static inline const struct sw_field *stage_field(const struct sw_series *series, const char *group,
                                                 const char *name)
{
    for (size_t i = 0; i < series->panel[0].fields; i++) {
        const struct sw_field *field = &series->panel[0].field[i];
        bool is_group = group == NULL ? field->group == NULL
                                      : field->group != NULL && strcmp(field->group, group) == 0;
        if (is_group && strcmp(field->name, name) == 0) {
            return field;
        }
    }
    fail_msg("no field %s", name);
    return NULL;
}

#endif
