/* Starting a run: all dirty outputs, with the inputs and versions of this moment,
 * become one scan per table and one job per page.                                   */
#include <stdlib.h>

#include "base/thread.h"
#include "reactive/reactive_priv.h"

/* -- planning ------------------------------------------------------------------------- */

static struct sw_run *new_run(struct sw_graph *graph)
{
    size_t count = graph->outputs.count;
    struct sw_run *run = calloc(1, sizeof(*run));
    if (run == NULL) {
        return NULL;
    }
    sw_arena_init(&run->arena);
    run->item = sw_arena_array(&run->arena, count + 1, sizeof(*run->item));
    run->table = sw_arena_array(&run->arena, count + 1, sizeof(*run->table));
    if (run->item == NULL || run->table == NULL) {
        sw_run_free(run);
        return NULL;
    }
    run->graph = graph;
    run->started_us = sw_graph_now(graph);
    run->changed_us = graph->changed_us == 0 ? run->started_us : graph->changed_us;
    run->pending = 1;
    return run;
}

void sw_run_free(struct sw_run *run)
{
    if (run == NULL) {
        return;
    }
    for (size_t i = 0; i < run->items; i++) {
        sw_foldrun_free(run->item[i].foldrun);
        sw_series_unref(run->item[i].series);
        sw_page_unref(run->item[i].page);
    }
    for (size_t i = 0; i < run->tables; i++) {
        sw_filter_list_fini(&run->table[i].list);
        sw_version_unref(run->table[i].version);
        if (run->need != NULL) {
            sw_version_unref(run->need[i].version);
        }
    }
    struct sw_named *next;
    for (struct sw_named *kept = (struct sw_named *)run->kept; kept != NULL; kept = next) {
        next = kept->next;
        sw_input_free((struct sw_input *)kept);
    }
    sw_arena_fini(&run->arena);
    free(run);
}

static size_t table_of(struct sw_run *run, struct sw_span name)
{
    const struct sw_graph_options *options = &run->graph->options;
    for (size_t i = 0; i < run->tables; i++) {
        if (sw_span_equal(run->table[i].name, name)) {
            return i;
        }
    }
    struct sw_run_table *table = &run->table[run->tables];
    struct sw_version *version = options->calls->version(options->context, name);
    const char *copy = sw_arena_text(&run->arena, name);
    table->run = run;
    table->name = sw_span_of(copy, copy == NULL ? 0 : name.length);
    table->version = version == NULL ? NULL : sw_version_ref(version);
    table->list.arena = &run->arena;
    return run->tables++;
}

/* The formulas that it reads, by id, or why one of them cannot be computed. */
static sw_status put_formulas(struct sw_run *run, const struct sw_run_item *item,
                              struct sw_buf *key, struct sw_err *err)
{
    const struct sw_schema *schema = run->table[item->table].version->schema;
    if (schema->formulas == 0) {
        return SW_OK;
    }
    uint8_t *reads = sw_arena_array(&run->arena, schema->columns, 1);
    if (reads == NULL) {
        return sw_graph_no_memory(err);
    }
    sw_output_add_reads(run->graph, item->output, schema, reads);
    SW_TRY(sw_schema_check_formulas(schema, reads, err));
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (reads[i] != 0) {
            sw_buf_printf(key, "=%llu\n", (unsigned long long)schema->column[i].formula->id);
        }
    }
    return SW_OK;
}

void sw_output_put_definition(const struct sw_graph *graph, const struct sw_output *output,
                              const struct sw_json *params, struct sw_buf *text,
                              struct sw_identity *identity)
{
    size_t start = text->length;
    sw_json_put(text, params);
    for (size_t i = 0; i < output->inputs; i++) {
        const struct sw_json *value = sw_graph_input(graph, output->input[i]);
        sw_buf_put_byte(text, '\x1f');
        if (value != NULL) {
            sw_json_put(text, value);
        }
    }
    if (!text->failed) {
        sw_identity_add_text(identity, output->kind);
        sw_identity_add_text(identity, sw_span_of(text->data + start, text->length - start));
    }
}

/* All that its value depends on, in text. */
static sw_status put_key(struct sw_run *run, struct sw_run_item *item, struct sw_buf *key,
                         struct sw_err *err)
{
    const struct sw_run_table *table = &run->table[item->table];
    sw_buf_clear(key);
    SW_TRY(put_formulas(run, item, key, err));
    for (uint32_t i = 0; i < item->filters; i++) {
        struct sw_span filter = table->list.key[item->filter[i]];
        sw_buf_printf(key, "%zu ", filter.length);
        sw_buf_put(key, filter.data, filter.length);
        sw_buf_put_byte(key, '\n');
    }
    sw_output_put_definition(run->graph, item->output, item->params, key, &item->definition);
    return key->failed ? sw_graph_no_memory(err) : SW_OK;
}

/* The last part of the key: of the version what the output shows. */
static sw_status put_content(const struct sw_run *run, struct sw_run_item *item, struct sw_buf *key)
{
    struct sw_identity content;
    SW_TRY(sw_run_content(run, item, &content, &item->err));
    sw_buf_printf(key, "\n%llx %llx", (unsigned long long)content.a, (unsigned long long)content.b);
    return key->failed ? sw_graph_no_memory(&item->err) : SW_OK;
}

static sw_status plan_item(struct sw_run *run, struct sw_run_item *item, struct sw_buf *key)
{
    struct sw_graph *graph = run->graph;
    struct sw_output *output = item->output;
    struct sw_run_table *table = &run->table[item->table];
    struct sw_err *err = &item->err;
    if (table->version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "the table `%.*s` is gone: load it again",
                       (int)output->table.length, output->table.data);
    }
    if (run->need != NULL && run->need[item->table].status != SW_OK) {
        *err = run->need[item->table].err;
        return run->need[item->table].status;
    }
    item->filter = sw_arena_array(&run->arena, SW_CLAUSES_MAX + 1, sizeof(*item->filter));
    if (item->filter == NULL) {
        return sw_graph_no_memory(err);
    }
    SW_TRY(sw_output_params(graph, output, &run->arena, &item->params, err));
    SW_TRY(sw_output_filters(graph, output, table->version, &table->list, item->filter,
                             &item->filters, err));
    return put_key(run, item, key, err);
}

/* An error is a settled answer too: its key is what it says. */
static void put_error_key(const struct sw_run_item *item, struct sw_buf *key)
{
    sw_buf_clear(key);
    sw_buf_printf(key, "! %d %s", (int)item->status, item->err.message);
}

static bool is_settled(const struct sw_output *output, const struct sw_buf *key)
{
    return output->settled.length > 0 &&
           sw_span_equal(sw_buf_peek(&output->settled), sw_buf_peek(key));
}

static sw_status plan_fold(struct sw_run *run, struct sw_run_item *item)
{
    const struct sw_fold_env env = {run->table[item->table].version, sw_graph_expr_input,
                                    run->graph};
    return item->output->fold == NULL ? SW_OK
                                      : sw_foldrun_new_env(item->output->fold, item->params, &env,
                                                           &item->foldrun, &item->err);
}

/* It shows already what it would come to. */
static void leave_shown(struct sw_run *run, struct sw_run_item *item)
{
    struct sw_output *output = item->output;
    enum sw_output_state state = output->has_err ? SW_OUTPUT_ERROR : SW_OUTPUT_OK;
    if (output->shown != state) {
        sw_graph_tell_state(run->graph, output, state, -1, output->has_err ? &output->err : NULL);
    }
    if (run->table[item->table].version != NULL) {
        sw_output_renew(output, run->table[item->table].version->number);
    }
    sw_foldrun_free(item->foldrun);
    item->foldrun = NULL;
}

/* What an output shows already is not computed again: false. */
static bool plan(struct sw_run *run, struct sw_run_item *item, struct sw_buf *key)
{
    item->slot = -1;
    item->status = plan_item(run, item, key);
    if (item->status == SW_OK) {
        item->status = plan_fold(run, item);
    }
    if (item->status == SW_OK) {
        item->status = put_content(run, item, key);
    }
    if (item->status != SW_OK) {
        put_error_key(item, key);
    }
    if (is_settled(item->output, key)) {
        leave_shown(run, item);
        return false;
    }
    const char *copy = sw_arena_text(&run->arena, sw_buf_peek(key));
    item->key = sw_span_of(copy, copy == NULL ? 0 : key->length);
    if (item->status == SW_OK && item->foldrun != NULL && !sw_brushing_answer(run, item)) {
        item->slot = (int32_t)run->table[item->table].slots++;
    }
    return true;
}

/* A selection that was defined anew while its tables were made ready may read other formulas: then
 * the output goes into the next run. */
static bool is_ready(struct sw_run *run, struct sw_run_item *item)
{
    const struct sw_version *version = run->table[item->table].version;
    if (!run->was_prepared || version == NULL || run->need[item->table].status != SW_OK ||
        sw_output_is_ready(run->graph, item->output, version)) {
        return true;
    }
    item->output->is_dirty = true;
    sw_mark_changed(run->graph);
    return false;
}

/* With the inputs of the moment when the run began. */
static void plan_items(struct sw_run *run)
{
    size_t items = 0;
    struct sw_buf key;
    sw_buf_init(&key);
    run->graph->view = run;
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->output != NULL && is_ready(run, item) && plan(run, item, &key)) {
            run->item[items++] = *item;
        }
    }
    run->graph->view = NULL;
    run->items = items;
    sw_buf_fini(&key);
}

/* -- submitting ---------------------------------------------------------------------------- */

static void fail_slots(struct sw_run *run, size_t table, sw_status status, const struct sw_err *err)
{
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->table == table && item->slot >= 0) {
            item->slot = -1;
            item->status = status;
            item->err = *err;
        }
    }
}

/* What each filter of the table tests, for partials. */
static struct sw_identity *filter_keys(struct sw_run *run, const struct sw_filter_list *list)
{
    struct sw_identity *keys = sw_arena_array(&run->arena, list->count + 1, sizeof(*keys));
    for (size_t i = 0; keys != NULL && i < list->count; i++) {
        keys[i] = (struct sw_identity){0, 0};
        sw_identity_add_text(&keys[i], list->key[i]);
    }
    return keys;
}

static void submit_scan(struct sw_run *run, size_t index)
{
    struct sw_run_table *table = &run->table[index];
    const struct sw_graph_options *options = &run->graph->options;
    struct sw_err err;
    struct sw_scan_output *outputs =
        sw_arena_array(&run->arena, table->slots + 1, sizeof(*outputs));
    const struct sw_identity *keys = filter_keys(run, &table->list);
    if (outputs == NULL || keys == NULL) {
        (void)sw_graph_no_memory(&err);
        fail_slots(run, index, SW_NO_MEMORY, &err);
        table->slots = 0;
        return;
    }
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->table == index && item->slot >= 0) {
            outputs[item->slot] = (struct sw_scan_output){item->foldrun, item->filter,
                                                          item->filters, item->definition};
            item->foldrun = NULL;
        }
    }
    const struct sw_scan_spec spec = {.version = table->version,
                                      .filters = table->list.filter,
                                      .filter_count = (uint32_t)table->list.count,
                                      .outputs = outputs,
                                      .output_count = table->slots,
                                      .budget = options->budget,
                                      .partials = options->partials,
                                      .filter_keys = keys,
                                      .keeps_whole_only = run->is_drag,
                                      .clock = options->clock,
                                      .urgency = SW_CLASS_INTERACTIVE};
    table->list.count = 0; /* the scan has them now */
    sw_status status = sw_scan_submit(options->pool, options->lane, &spec, sw_run_scan_done, table,
                                      &table->scan, &err);
    if (status != SW_OK) {
        fail_slots(run, index, status, &err);
        table->slots = 0;
        return;
    }
    run->pending++;
}

/* A page has filters of its own: its order may outlive the run's scan in the cache. */
static sw_status start_page(struct sw_run *run, struct sw_run_item *item)
{
    const struct sw_graph_options *options = &run->graph->options;
    struct sw_version *version = run->table[item->table].version;
    struct sw_filter_list list = {.arena = &run->arena};
    struct sw_page_spec spec = {.version = version};
    uint32_t filters = 0;
    struct sw_buf key;
    sw_buf_init(&key);
    sw_status status = sw_output_page_spec(item->params, version, &run->arena, &spec, &item->err);
    if (status == SW_OK) {
        status = sw_output_filters(run->graph, item->output, version, &list, item->filter, &filters,
                                   &item->err);
    }
    if (status == SW_OK) {
        for (size_t i = 0; i < list.count; i++) {
            sw_buf_put(&key, list.key[i].data, list.key[i].length);
            sw_buf_put_byte(&key, '\n');
        }
        status = key.failed ? sw_graph_no_memory(&item->err) : SW_OK;
    }
    if (status == SW_OK) {
        spec.filters = list.filter;
        spec.filter_count = (uint32_t)list.count;
        spec.filter_key = sw_buf_peek(&key);
        list.count = 0; /* taken over */
        status = sw_page_submit(options->pool, options->lane, options->orders, &spec,
                                sw_run_page_done, item, &item->page_job, &item->err);
    }
    sw_filter_list_fini(&list);
    sw_buf_fini(&key);
    return status;
}

static void submit_pages(struct sw_run *run)
{
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->status != SW_OK || item->output == NULL || item->output->fold != NULL) {
            continue;
        }
        item->status = start_page(run, item);
        run->pending += item->status == SW_OK;
    }
}

void sw_run_cancel(struct sw_run *run)
{
    run->is_cancelled = true;
    if (run->is_preparing) {
        run->graph->options.calls->prepare_cancel(run->graph->options.context);
    }
    for (size_t i = 0; i < run->tables; i++) {
        if (run->table[i].scan != NULL) {
            sw_scan_cancel(run->table[i].scan);
        }
    }
    for (size_t i = 0; i < run->items; i++) {
        if (run->item[i].page_job != NULL) {
            sw_page_cancel(run->item[i].page_job);
        }
    }
}

/* A run for inputs shortly after another: in a drag what filters pass will not come again. */
static bool is_drag(struct sw_graph *graph, int64_t now_us)
{
    bool is_drag = graph->owes_flush && graph->input_run_us != 0 &&
                   now_us - graph->input_run_us < (int64_t)SW_DRAG_MS * 1000;
    if (graph->owes_flush) {
        graph->input_run_us = now_us;
    }
    return is_drag;
}

static void collect_items(struct sw_run *run)
{
    struct sw_graph *graph = run->graph;
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (output->is_edited && !output->is_paused) {
            graph->owes_flush =
                true; /* an edit is closed by a flush, also where nothing shows it */
        }
        if (output->is_stale && !output->is_paused) {
            graph->stale_run_us = run->started_us;
            graph->has_stale_run = true;
        }
        if ((output->is_dirty || output->is_stale) && !output->is_paused) {
            struct sw_run_item *item = &run->item[run->items++];
            *item = (struct sw_run_item){.run = run, .output = output, .slot = -1};
            item->table = table_of(run, output->table);
            output->is_dirty = false;
            output->is_stale = false;
            output->is_edited = false;
        }
    }
}

/* -- what must be ready before anything is planned ----------------------------------------- */

static bool add_reads(struct sw_run *run)
{
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_table *table = &run->table[run->item[i].table];
        if (table->version == NULL || table->version->schema->formulas == 0) {
            continue;
        }
        const struct sw_schema *schema = table->version->schema;
        if (table->reads == NULL) {
            table->reads = sw_arena_array(&run->arena, schema->columns, 1);
        }
        if (table->reads == NULL) {
            return false;
        }
        sw_output_add_reads(run->graph, run->item[i].output, schema, table->reads);
    }
    return true;
}

static bool fill_need(struct sw_run *run, size_t index)
{
    const struct sw_run_table *table = &run->table[index];
    struct sw_need *need = &run->need[index];
    *need = (struct sw_need){.table = table->name};
    if (table->reads == NULL) {
        return true;
    }
    const struct sw_schema *schema = table->version->schema;
    struct sw_span *column = sw_arena_array(&run->arena, schema->columns, sizeof(*column));
    if (column == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (table->reads[i] != 0) {
            column[need->columns++] = sw_span_text(schema->column[i].name);
        }
    }
    need->column = column;
    return true;
}

/* SW_OK: it can go on; SW_AGAIN: sw_graph_prepared comes. */
static sw_status prepare(struct sw_run *run)
{
    const struct sw_graph_options *options = &run->graph->options;
    if (options->calls->prepare == NULL || run->tables == 0) {
        return SW_OK;
    }
    run->need = sw_arena_array(&run->arena, run->tables, sizeof(*run->need));
    bool is_filled = run->need != NULL && add_reads(run);
    for (size_t i = 0; is_filled && i < run->tables; i++) {
        is_filled = fill_need(run, i);
    }
    if (!is_filled) {
        for (size_t i = 0; run->need != NULL && i < run->tables; i++) {
            struct sw_version *version = run->table[i].version;
            run->need[i].status = sw_graph_no_memory(&run->need[i].err);
            run->need[i].version = version == NULL ? NULL : sw_version_ref(version);
        }
        return SW_OK;
    }
    return options->calls->prepare(options->context, run->need, run->tables);
}

/* What was made ready takes the place of what was there. */
static void take_versions(struct sw_run *run)
{
    for (size_t i = 0; run->need != NULL && i < run->tables; i++) {
        sw_version_unref(run->table[i].version);
        run->table[i].version = run->need[i].version;
        run->need[i].version = NULL;
    }
}

static void tell_start(struct sw_run *run)
{
    struct sw_graph *graph = run->graph;
    run->is_told = true;
    graph->owes_flush = false;
    graph->options.calls->on_start(graph->options.context);
}

static void submit_run(struct sw_run *run)
{
    take_versions(run);
    plan_items(run);
    if (!run->is_told && (run->items > 0 || run->graph->owes_flush)) {
        tell_start(run);
    }
    for (size_t i = 0; i < run->tables; i++) {
        if (run->table[i].slots > 0) {
            submit_scan(run, i);
        }
    }
    submit_pages(run);
    sw_brushing_make(run);
    sw_run_settle(run);
}

bool sw_run_start(struct sw_graph *graph)
{
    struct sw_run *run = new_run(graph);
    if (run == NULL) {
        return false;
    }
    graph->run = run;
    graph->changed_us = 0;
    run->is_drag = is_drag(graph, run->started_us);
    sw_brushing_begin(run);
    collect_items(run);
    run->is_preparing = prepare(run) == SW_AGAIN;
    if (run->is_preparing) {
        tell_start(run); /* of this moment are the inputs that it shows */
    } else {
        submit_run(run);
    }
    return true;
}

static bool is_any_cancelled(const struct sw_run *run)
{
    for (size_t i = 0; i < run->tables; i++) {
        if (run->need[i].status == SW_CANCELLED) {
            return true;
        }
    }
    return false;
}

void sw_graph_prepared(struct sw_graph *graph)
{
    struct sw_run *run = graph->run;
    sw_assert_loop();
    sw_assert(run != NULL && run->is_preparing);
    run->is_preparing = false;
    run->was_prepared = true;
    if (run->is_cancelled && is_any_cancelled(run)) {
        run->is_cut = true;
        sw_run_settle(run);
    } else {
        submit_run(run);
    }
}

bool sw_run_keep_input(struct sw_run *run, struct sw_input *input)
{
    if (run == NULL || !run->is_preparing) {
        return true;
    }
    struct sw_span name = sw_span_text(input->node.name);
    for (struct sw_named *kept = (struct sw_named *)run->kept; kept != NULL; kept = kept->next) {
        if (sw_span_equal(sw_span_text(kept->name), name)) {
            return true;
        }
    }
    struct sw_input *made = calloc(1, sizeof(*made));
    char *copy = sw_span_dup(name);
    if (made == NULL || copy == NULL) {
        free(made);
        free(copy);
        return false;
    }
    made->node.name = copy;
    made->arena = input->arena;
    made->value = input->value;
    made->node.next = (struct sw_named *)run->kept;
    run->kept = made;
    sw_arena_init(&input->arena);
    input->value = NULL;
    return true;
}
