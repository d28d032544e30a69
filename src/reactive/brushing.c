/* The brush that moves: from the second move in a row of one input an index (exec/brush.h) is made
 * over what its clause filters, and once it is there its outputs are answered from it, at once and
 * on the loop.  What the index does not hold is scanned as ever, in the same flush.
 *
 * One index per graph, of the clause that moved last; it goes with its table's version. */
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "reactive/reactive_priv.h"

/* -- which input moves -------------------------------------------------------------------- */

void sw_brushing_input(struct sw_graph *graph, struct sw_span name)
{
    struct sw_brushing *brushing = &graph->brushing;
    if (brushing->moved == NULL && !brushing->has_several) {
        brushing->moved = sw_span_dup(name);
        return;
    }
    if (brushing->moved != NULL && sw_span_equal(sw_span_text(brushing->moved), name)) {
        return;
    }
    brushing->has_several = true;
    free(brushing->moved);
    brushing->moved = NULL;
}

void sw_brushing_begin(struct sw_run *run)
{
    struct sw_brushing *brushing = &run->graph->brushing;
    char *moved = brushing->moved;
    if (moved != NULL) {
        const char *copy = sw_arena_text(&run->arena, sw_span_text(moved));
        run->moved = sw_span_of(copy, copy == NULL ? 0 : strlen(moved));
        run->moves_again = brushing->last != NULL && strcmp(brushing->last, moved) == 0;
    }
    free(brushing->last);
    brushing->last = moved;
    brushing->moved = NULL;
    brushing->has_several = false;
}

void sw_brushing_drop(struct sw_graph *graph)
{
    struct sw_brushing *brushing = &graph->brushing;
    sw_brush_free(brushing->brush);
    free(brushing->known);
    brushing->brush = NULL;
    brushing->known = NULL;
    brushing->knowns = 0;
}

void sw_graph_give_up(struct sw_graph *graph)
{
    sw_assert_loop();
    sw_brushing_drop(graph);
}

void sw_brushing_table_changed(struct sw_graph *graph, struct sw_span table)
{
    struct sw_brushing *brushing = &graph->brushing;
    if (brushing->table != NULL && sw_span_equal(sw_span_text(brushing->table), table)) {
        sw_brushing_drop(graph);
    }
}

void sw_brushing_fini(struct sw_graph *graph)
{
    sw_brushing_drop(graph);
    free(graph->brushing.table);
    free(graph->brushing.moved);
    free(graph->brushing.last);
    graph->brushing = (struct sw_brushing){0};
}

/* -- what of a run it concerns -------------------------------------------------------------- */

static bool names_input(const struct sw_span *names, size_t count, struct sw_span input)
{
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(names[i], input)) {
            return true;
        }
    }
    return false;
}

/* Does the moved input reach the output through clauses alone? */
static bool is_filtered_only(const struct sw_run *run, const struct sw_output *output)
{
    const struct sw_span *names = NULL;
    size_t count = output->where == NULL ? 0 : sw_expr_inputs(output->where, &names);
    return !names_input(output->input, output->inputs, run->moved) &&
           !names_input(names, count, run->moved);
}

/* The one filter of the moved clause among filter[0..count) of a list, or -1; its range. */
static int32_t moved_filter(const struct sw_run *run, const struct sw_filter_list *list,
                            const uint32_t *filter, uint32_t count, struct sw_filter_range *range)
{
    int32_t found = -1;
    for (uint32_t i = 0; i < count; i++) {
        const struct sw_clause *clause = list->clause[filter[i]];
        if (clause == NULL || !sw_clause_follows(clause, run->moved)) {
            continue;
        }
        if (found >= 0 || clause->kind != SW_CLAUSE_BETWEEN ||
            !sw_filter_range(list->filter[filter[i]], range)) {
            return -1;
        }
        found = (int32_t)i;
    }
    return found;
}

/* All that the index of an output follows from, but for the brushed column. False: no memory. */
static bool identify(struct sw_run *run, const struct sw_run_item *item, int32_t moved,
                     struct sw_identity *identity)
{
    const struct sw_run_table *table = &run->table[item->table];
    const struct sw_schema *schema = table->version->schema;
    *identity = (struct sw_identity){0, 0};
    sw_identity_add(identity, table->version->content);
    sw_identity_add_other(identity, &item->definition);
    for (uint32_t i = 0; i < item->filters; i++) {
        if ((int32_t)i != moved) {
            sw_identity_add_text(identity, table->list.key[item->filter[i]]);
        }
    }
    if (schema->formulas == 0) {
        return true;
    }
    uint8_t *reads = sw_arena_array(&run->arena, schema->columns, 1);
    if (reads == NULL) {
        return false;
    }
    sw_output_add_reads(run->graph, item->output, schema, reads);
    for (uint32_t i = 0; i < schema->columns; i++) {
        sw_identity_add(identity, reads[i] != 0 ? schema->column[i].formula->id : 0);
    }
    return true;
}

static bool is_known(const struct sw_brushing *brushing, const struct sw_identity *identity)
{
    for (size_t i = 0; i < brushing->knowns; i++) {
        if (sw_identity_equal(&brushing->known[i], identity)) {
            return true;
        }
    }
    return false;
}

/* -- answers --------------------------------------------------------------------------------- */

/* The edges of a move are looked at once for all outputs. */
static bool move_to(struct sw_brushing *brushing, struct sw_run *run,
                    const struct sw_filter_range *range)
{
    if (run->has_range && memcmp(&run->range, range, sizeof(*range)) == 0) {
        return run->is_range_met;
    }
    run->has_range = true;
    run->range = *range;
    run->is_range_met = sw_brush_move(brushing->brush, range);
    return run->is_range_met;
}

bool sw_brushing_answer(struct sw_run *run, struct sw_run_item *item)
{
    struct sw_brushing *brushing = &run->graph->brushing;
    const struct sw_run_table *table = &run->table[item->table];
    struct sw_filter_range range;
    memset(&range, 0, sizeof(range));
    item->is_brushed = false;
    if (run->moved.length == 0 || item->output->fold == NULL || item->output->fold->cube == NULL ||
        !is_filtered_only(run, item->output)) {
        return false;
    }
    int32_t moved = moved_filter(run, &table->list, item->filter, item->filters, &range);
    if (moved < 0 || !identify(run, item, moved, &item->identity)) {
        return false;
    }
    item->is_brushed = true;
    item->column = range.column;
    if (brushing->brush == NULL || brushing->column != range.column) {
        return false;
    }
    int32_t slot = sw_brush_find(brushing->brush, &item->identity);
    if (slot < 0 || !move_to(brushing, run, &range)) {
        return false;
    }
    item->status =
        sw_brush_answer(brushing->brush, (uint32_t)slot, &item->series, &item->rows, &item->err);
    if (item->status == SW_AGAIN) { /* a scan, as if there were no index */
        item->status = SW_OK;
        return false;
    }
    return true;
}

/* -- making one -------------------------------------------------------------------------------- */

static void brush_done(void *context, struct sw_brush *brush)
{
    struct sw_graph *graph = context;
    sw_assert(graph->brushing.brush == brush);
    if (!sw_brush_is_ready(brush)) {
        sw_brush_free(brush);
        graph->brushing.brush = NULL; /* what it was made of stays known: it is not tried again */
    }
}

/* The filters but those of the moved clause, and for each output where its own are among them. */
struct making {
    struct sw_run *run;
    struct sw_filter_list list; /* with the moved one's */
    struct sw_brush_output *output;
    uint32_t outputs;
};

static bool add_output(struct making *making, const struct sw_run_item *item)
{
    struct sw_run *run = making->run;
    const struct sw_run_table *table = &run->table[item->table];
    const struct sw_fold_env env = {table->version, sw_graph_expr_input, run->graph};
    struct sw_filter_range range;
    uint32_t *filter = sw_arena_array(&run->arena, SW_CLAUSES_MAX + 1, sizeof(*filter));
    uint32_t count = 0;
    struct sw_foldrun *foldrun = NULL;
    struct sw_err err;
    if (filter == NULL || sw_output_filters(run->graph, item->output, table->version, &making->list,
                                            filter, &count, &err) != SW_OK) {
        return false;
    }
    int32_t moved = moved_filter(run, &making->list, filter, count, &range);
    if (moved < 0 ||
        sw_foldrun_new_env(item->output->fold, item->params, &env, &foldrun, &err) != SW_OK) {
        return false;
    }
    if (!sw_brush_takes(foldrun)) {
        sw_foldrun_free(foldrun);
        return true;
    }
    for (uint32_t i = (uint32_t)moved; i + 1 < count; i++) {
        filter[i] = filter[i + 1];
    }
    making->output[making->outputs++] =
        (struct sw_brush_output){foldrun, filter, count - 1, item->identity};
    return true;
}

/* The moved filter goes; indices behind it move up. */
static void drop_moved(struct making *making)
{
    struct sw_filter_list *list = &making->list;
    for (uint32_t at = 0; at < list->count;) {
        const struct sw_clause *clause = list->clause[at];
        if (clause == NULL || !sw_clause_follows(clause, making->run->moved)) {
            at++;
            continue;
        }
        sw_filter_free(list->filter[at]);
        list->count--;
        for (size_t i = at; i < list->count; i++) {
            list->filter[i] = list->filter[i + 1];
            list->clause[i] = list->clause[i + 1];
            list->key[i] = list->key[i + 1];
        }
        for (uint32_t k = 0; k < making->outputs; k++) {
            uint32_t *filter = (uint32_t *)(uintptr_t)making->output[k].filters;
            for (uint32_t i = 0; i < making->output[k].filter_count; i++) {
                filter[i] -= filter[i] > at;
            }
        }
    }
}

static void free_making(struct making *making)
{
    for (uint32_t i = 0; i < making->outputs; i++) {
        sw_foldrun_free(making->output[i].run);
    }
    sw_filter_list_fini(&making->list);
}

static void submit(struct making *making, const struct sw_run_item *first)
{
    struct sw_run *run = making->run;
    struct sw_brushing *brushing = &run->graph->brushing;
    const struct sw_graph_options *options = &run->graph->options;
    drop_moved(making);
    const struct sw_brush_spec spec = {.version = run->table[first->table].version,
                                       .column = first->column,
                                       .filters = making->list.filter,
                                       .filter_count = (uint32_t)making->list.count,
                                       .outputs = making->output,
                                       .output_count = making->outputs,
                                       .budget = options->budget};
    making->list.count = 0; /* the index has them now, and the runs */
    making->outputs = 0;
    brushing->column = first->column;
    if (sw_brush_new(options->pool, options->lane, &spec, brush_done, run->graph,
                     &brushing->brush) != SW_OK) {
        brushing->brush = NULL;
    }
}

/* The first item that an index would serve and none has been tried for, or NULL. */
static const struct sw_run_item *wanted(const struct sw_run *run)
{
    for (size_t i = 0; i < run->items; i++) {
        const struct sw_run_item *item = &run->item[i];
        if (item->output != NULL && item->is_brushed && item->series == NULL &&
            !is_known(&run->graph->brushing, &item->identity)) {
            return item;
        }
    }
    return NULL;
}

static bool collect(struct making *making, const struct sw_run_item *first)
{
    struct sw_run *run = making->run;
    struct sw_brushing *brushing = &run->graph->brushing;
    for (size_t i = 0; i < run->items; i++) {
        const struct sw_run_item *item = &run->item[i];
        if (item->output == NULL || !item->is_brushed || item->table != first->table ||
            item->column != first->column) {
            continue;
        }
        brushing->known[brushing->knowns++] = item->identity;
        if (!add_output(making, item)) {
            return false;
        }
    }
    return making->outputs > 0;
}

void sw_brushing_make(struct sw_run *run)
{
    struct sw_brushing *brushing = &run->graph->brushing;
    const struct sw_run_item *first = run->moves_again ? wanted(run) : NULL;
    if (first == NULL) {
        return;
    }
    struct making making = {.run = run, .list = {.arena = &run->arena}};
    sw_brushing_drop(run->graph);
    free(brushing->table);
    brushing->table = sw_span_dup(run->table[first->table].name);
    brushing->known = calloc(run->items, sizeof(*brushing->known));
    making.output = sw_arena_array(&run->arena, run->items, sizeof(*making.output));
    if (brushing->table != NULL && brushing->known != NULL && making.output != NULL &&
        collect(&making, first)) {
        submit(&making, first);
    }
    free_making(&making);
}
