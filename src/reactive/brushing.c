/* The brush that moves: from the second move in a row of one input, or when a client says it is
 * about to move, an index (exec/brush.h) is made over what its clause filters, and once it is there
 * its outputs are answered from it, at once and on the loop.  What the index does not hold is
 * scanned as ever, in the same flush.
 *
 * One index per graph, of the input that moved last.  A new version of its table takes it along
 * where few row groups have changed: only these are read.  Where many have it is given up: who
 * edits and looks through a brush in turn has no use for an index that the next edit undoes.  When
 * another clause changes it is made anew with the next move. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/thread.h"
#include "reactive/reactive_priv.h"

/* -- which input moves -------------------------------------------------------------------- */

static bool is_text(const char *text, struct sw_span span)
{
    return text != NULL && sw_span_equal(sw_span_text(text), span);
}

void sw_brushing_input(struct sw_graph *graph, struct sw_span name)
{
    struct sw_brushing *brushing = &graph->brushing;
    if (brushing->moved == NULL && !brushing->has_several) {
        brushing->moved = sw_span_dup(name);
        return;
    }
    if (is_text(brushing->moved, name)) {
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
    const char *brushed = moved != NULL ? moved : brushing->brush != NULL ? brushing->input : NULL;
    if (brushed != NULL) {
        const char *copy = sw_arena_text(&run->arena, sw_span_text(brushed));
        run->brushed = sw_span_of(copy, copy == NULL ? 0 : strlen(brushed));
        run->moves_again = moved != NULL && (is_text(brushing->last, run->brushed) ||
                                             is_text(brushing->input, run->brushed));
    }
    free(brushing->last);
    brushing->last = moved;
    brushing->moved = NULL;
    brushing->has_several = false;
}

static void drop_index(struct sw_brushing *brushing)
{
    sw_brush_free(brushing->brush);
    brushing->brush = NULL;
}

static void forget(struct sw_brushing *brushing)
{
    drop_index(brushing);
    free(brushing->input);
    free(brushing->table);
    free(brushing->known);
    brushing->input = NULL;
    brushing->table = NULL;
    brushing->known = NULL;
    brushing->knowns = 0;
}

void sw_graph_give_up(struct sw_graph *graph)
{
    sw_assert_loop();
    forget(&graph->brushing);
}

void sw_brushing_table_changed(struct sw_graph *graph, struct sw_span table)
{
    struct sw_brushing *brushing = &graph->brushing;
    const struct sw_graph_options *options = &graph->options;
    free(brushing->last); /* a move after an edit is the first in a row again */
    brushing->last = NULL;
    if (!is_text(brushing->table, table)) {
        return;
    }
    int64_t idle_us = sw_graph_now(graph) - brushing->used_us;
    if (brushing->brush == NULL || idle_us > (int64_t)SW_BRUSH_IDLE_MS * 1000 ||
        options->calls->version(options->context, table) == NULL) {
        forget(brushing);
    }
}

void sw_brushing_fini(struct sw_graph *graph)
{
    forget(&graph->brushing);
    free(graph->brushing.moved);
    free(graph->brushing.last);
    graph->brushing = (struct sw_brushing){0};
}

/* -- what an index would be of ---------------------------------------------------------------- */

static bool names_input(const struct sw_span *names, size_t count, struct sw_span input)
{
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(names[i], input)) {
            return true;
        }
    }
    return false;
}

/* The one clause through which the input reaches the output, where it does so through nothing else
 * and the output's kind can be in an index; or NULL. */
static const struct sw_clause *brushed_clause(const struct sw_graph *graph,
                                              const struct sw_output *output, struct sw_span input)
{
    const struct sw_span *names = NULL;
    const struct sw_clause *found = NULL;
    size_t count = output->where == NULL ? 0 : sw_expr_inputs(output->where, &names);
    const struct sw_selection *selection =
        output->select.length > 0 ? sw_graph_selection(graph, output->select) : NULL;
    if (input.length == 0 || selection == NULL || output->fold == NULL ||
        output->fold->cube == NULL || names_input(output->input, output->inputs, input) ||
        names_input(names, count, input)) {
        return NULL;
    }
    for (size_t i = 0; i < selection->clauses; i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (!sw_clause_follows(clause, input) || sw_is_excepted(clause, output->except)) {
            continue;
        }
        if (found != NULL || clause->kind == SW_CLAUSE_EXPR) {
            return NULL;
        }
        found = clause;
    }
    return found;
}

/* What an output's rows and cells follow from, whatever the version: its definition, filters but
 * the brush's, the formulas that it reads. */
static bool add_formulas(const struct sw_graph *graph, const struct sw_output *output,
                         const struct sw_schema *schema, struct sw_arena *arena,
                         struct sw_identity *identity)
{
    if (schema->formulas == 0) {
        return true;
    }
    uint8_t *reads = sw_arena_array(arena, schema->columns, 1);
    if (reads == NULL) {
        return false;
    }
    sw_output_add_reads(graph, output, schema, reads);
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
                    const struct sw_filter *filter)
{
    if (run->asked != filter) {
        run->asked = filter;
        run->is_met = sw_brush_move(brushing->brush, filter);
    }
    return run->is_met;
}

/* Fills the item's identity; the brush's filter, or NULL where its clause is off. */
static const struct sw_filter *identify(struct sw_run *run, struct sw_run_item *item,
                                        const struct sw_clause *clause)
{
    const struct sw_run_table *table = &run->table[item->table];
    const struct sw_filter *filter = NULL;
    item->identity = item->definition;
    for (uint32_t i = 0; i < item->filters; i++) {
        if (table->list.clause[item->filter[i]] == clause) {
            filter = table->list.filter[item->filter[i]];
        } else {
            sw_identity_add_text(&item->identity, table->list.key[item->filter[i]]);
        }
    }
    item->is_brushed = add_formulas(run->graph, item->output, table->version->schema, &run->arena,
                                    &item->identity);
    return filter;
}

bool sw_brushing_answer(struct sw_run *run, struct sw_run_item *item)
{
    struct sw_brushing *brushing = &run->graph->brushing;
    const struct sw_clause *clause = brushed_clause(run->graph, item->output, run->brushed);
    item->is_brushed = false;
    if (clause == NULL) {
        return false;
    }
    const struct sw_filter *filter = identify(run, item, clause);
    if (!item->is_brushed || filter == NULL || brushing->brush == NULL ||
        !sw_brush_is_of(brushing->brush, run->table[item->table].version)) {
        return false;
    }
    int32_t slot = sw_brush_find(brushing->brush, &item->identity);
    if (slot < 0 || !move_to(brushing, run, filter)) {
        return false;
    }
    brushing->used_us = sw_graph_now(run->graph);
    item->status =
        sw_brush_answer(brushing->brush, (uint32_t)slot, &item->series, &item->rows, &item->err);
    return true;
}

/* -- making one -------------------------------------------------------------------------------- */

bool sw_brushing_is_near(const struct sw_graph *graph)
{
    const struct sw_brushing *brushing = &graph->brushing;
    return brushing->brush != NULL && !sw_brush_is_ready(brushing->brush) &&
           brushing->moved != NULL && is_text(brushing->input, sw_span_text(brushing->moved));
}

static void brush_done(void *context, struct sw_brush *brush)
{
    struct sw_graph *graph = context;
    sw_assert(graph->brushing.brush == brush);
    if (!sw_brush_is_ready(brush)) {
        drop_index(&graph->brushing); /* what it was made of stays known: it is not tried again */
    }
    sw_graph_run(graph); /* moves may wait for it */
}

/* Outputs of one table and brushed column, and their filters but the brush's. */
struct making {
    struct sw_graph *graph;
    struct sw_arena arena;
    struct sw_version *version;
    struct sw_span input;
    struct sw_filter_list list;
    struct sw_brush_output *output;
    uint32_t outputs;
    int32_t column; /* -1: none yet */
    struct sw_identity *tried;
    size_t tries;
};

/* All of an index that the output needs.  False: it has no place in one. */
static bool add_output(struct making *making, const struct sw_output *output)
{
    struct sw_graph *graph = making->graph;
    const struct sw_fold_env env = {making->version, sw_graph_expr_input, graph};
    const struct sw_json *params = NULL;
    struct sw_identity identity = {0, 0};
    struct sw_foldrun *foldrun = NULL;
    uint32_t *filter = sw_arena_array(&making->arena, SW_CLAUSES_MAX + 1, sizeof(*filter));
    uint32_t count = 0;
    struct sw_buf text;
    struct sw_err err;
    if (filter == NULL || !sw_output_is_ready(graph, output, making->version) ||
        sw_output_params(graph, output, &making->arena, &params, &err) != SW_OK ||
        sw_output_filters(graph, output, making->version, &making->list, filter, &count, &err) !=
            SW_OK) {
        return false;
    }
    sw_buf_init(&text);
    sw_output_put_definition(graph, output, params, &text, &identity);
    bool is_told = !text.failed;
    sw_buf_fini(&text);
    for (uint32_t i = 0; i < count; i++) {
        sw_identity_add_text(&identity, making->list.key[filter[i]]);
    }
    if (!is_told ||
        !add_formulas(graph, output, making->version->schema, &making->arena, &identity) ||
        sw_foldrun_new_env(output->fold, params, &env, &foldrun, &err) != SW_OK) {
        return false;
    }
    making->tried[making->tries++] = identity;
    if (!sw_brush_takes(foldrun)) {
        sw_foldrun_free(foldrun);
        return false;
    }
    making->output[making->outputs++] = (struct sw_brush_output){foldrun, filter, count, identity};
    return true;
}

static void collect(struct making *making, struct sw_span table)
{
    const struct sw_graph *graph = making->graph;
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        const struct sw_clause *clause = brushed_clause(graph, output, making->input);
        if (clause == NULL || output->is_paused || !sw_span_equal(output->table, table)) {
            continue;
        }
        int32_t column = sw_schema_find(making->version->schema, clause->column);
        if (column >= 0 && (making->column < 0 || making->column == column)) {
            making->column = column;
            (void)add_output(making, output);
        }
    }
}

static void making_fini(struct making *making)
{
    for (uint32_t i = 0; i < making->outputs; i++) {
        sw_foldrun_free(making->output[i].run);
    }
    sw_filter_list_fini(&making->list);
    sw_arena_fini(&making->arena);
}

static void submit(struct making *making, struct sw_brush *from)
{
    struct sw_brushing *brushing = &making->graph->brushing;
    const struct sw_graph_options *options = &making->graph->options;
    const struct sw_brush_spec spec = {.version = making->version,
                                       .column = (uint32_t)making->column,
                                       .filters = making->list.filter,
                                       .filter_count = (uint32_t)making->list.count,
                                       .outputs = making->output,
                                       .output_count = making->outputs,
                                       .budget = options->budget,
                                       .from = from};
    making->list.count = 0; /* the index has them now, and the runs */
    making->outputs = 0;
    if (sw_brush_new(options->pool, options->lane, &spec, brush_done, making->graph,
                     &brushing->brush) != SW_OK) {
        brushing->brush = NULL;
    }
}

/* What is tried is known, also where it comes to nothing. */
static bool remember(struct making *making, struct sw_span table)
{
    struct sw_brushing *brushing = &making->graph->brushing;
    char *input = sw_span_dup(making->input);
    char *name = sw_span_dup(table);
    struct sw_identity *known = calloc(making->tries + 1, sizeof(*known));
    bool is_kept = input != NULL && name != NULL && known != NULL;
    forget(brushing);
    if (!is_kept) {
        free(input);
        free(name);
        free(known);
        return false;
    }
    memcpy(known, making->tried, making->tries * sizeof(*known));
    brushing->input = input;
    brushing->table = name;
    brushing->known = known;
    brushing->knowns = making->tries;
    brushing->used_us = sw_graph_now(making->graph);
    return true;
}

/* An index of that input in place of the one there is, which gives to it what it can.  How many
 * outputs it is made for. */
static uint32_t make(struct sw_graph *graph, struct sw_version *version, struct sw_span table,
                     struct sw_span input)
{
    struct sw_brushing *brushing = &graph->brushing;
    struct making making = {.graph = graph, .version = version, .input = input, .column = -1};
    size_t room = graph->outputs.count + 1;
    struct sw_brush *from = NULL;
    uint32_t outputs = 0;
    sw_arena_init(&making.arena);
    making.list = (struct sw_filter_list){.arena = &making.arena, .skip = input};
    making.output = sw_arena_array(&making.arena, room, sizeof(*making.output));
    making.tried = sw_arena_array(&making.arena, room, sizeof(*making.tried));
    if (making.output != NULL && making.tried != NULL) {
        collect(&making, table);
    }
    if (brushing->brush != NULL && sw_brush_is_ready(brushing->brush)) {
        from = brushing->brush;
        brushing->brush = NULL;
    }
    outputs = making.outputs;
    if (making.tries > 0 && remember(&making, table) && outputs > 0) {
        submit(&making, from);
    } else {
        sw_brush_free(from);
    }
    making_fini(&making);
    return outputs;
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

/* The run's table whose version the index is behind, or NULL. */
static const struct sw_run_table *outdated(const struct sw_run *run)
{
    const struct sw_brushing *brushing = &run->graph->brushing;
    if (brushing->brush == NULL || !sw_brush_is_ready(brushing->brush)) {
        return NULL;
    }
    for (size_t i = 0; i < run->tables; i++) {
        const struct sw_run_table *table = &run->table[i];
        if (table->version != NULL && is_text(brushing->table, table->name) &&
            !sw_brush_is_of(brushing->brush, table->version)) {
            return table;
        }
    }
    return NULL;
}

/* Would taking it along cost about as much as making it? */
static bool is_far_behind(const struct sw_brushing *brushing, const struct sw_version *version)
{
    uint32_t share = version->groups / SW_BRUSH_CARRIED_SHARE;
    uint32_t most = share > SW_BRUSH_CARRIED_LEAST ? share : SW_BRUSH_CARRIED_LEAST;
    return sw_brush_differences(brushing->brush, version) > most;
}

void sw_brushing_make(struct sw_run *run)
{
    struct sw_graph *graph = run->graph;
    const struct sw_run_item *item = run->moves_again ? wanted(run) : NULL;
    const struct sw_run_table *table = item != NULL ? &run->table[item->table] : outdated(run);
    char *input = NULL;
    if (table == NULL) {
        return;
    }
    if (item == NULL && is_far_behind(&graph->brushing, table->version)) {
        forget(&graph->brushing);
        return;
    }
    input = item != NULL ? sw_span_dup(run->brushed) : strdup(graph->brushing.input);
    graph->view = run;
    if (input != NULL) {
        (void)make(graph, table->version, table->name, sw_span_text(input));
    }
    graph->view = NULL;
    free(input);
}

/* -- a brush that is about to move ------------------------------------------------------------ */

static bool is_made_for(const struct sw_graph *graph, struct sw_span input, struct sw_span table,
                        const struct sw_version *version)
{
    const struct sw_brushing *brushing = &graph->brushing;
    return brushing->brush != NULL && is_text(brushing->input, input) &&
           is_text(brushing->table, table) &&
           (!sw_brush_is_ready(brushing->brush) || sw_brush_is_of(brushing->brush, version));
}

uint32_t sw_graph_hint(struct sw_graph *graph, struct sw_span input)
{
    const struct sw_graph_options *options = &graph->options;
    sw_assert_loop();
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (output->is_paused || brushed_clause(graph, output, input) == NULL) {
            continue;
        }
        struct sw_version *version = options->calls->version(options->context, output->table);
        if (version != NULL && is_made_for(graph, input, output->table, version)) {
            return (uint32_t)graph->brushing.knowns;
        }
        return version == NULL ? 0 : make(graph, version, output->table, input);
    }
    return 0;
}
