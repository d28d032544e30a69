/* See brush.h: the life of an index. */
#include "exec/brush_priv.h"

#include <math.h>
#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"

/* -- size ----------------------------------------------------------------------------- */

/* Bytes of the totals of a slot for one cell of one bin. */
static size_t total_bytes(const struct sw_cube_shape *shape)
{
    size_t bytes = sizeof(uint32_t);
    for (uint32_t i = 0; shape->measures != NULL && i < shape->measures->count; i++) {
        const struct sw_measure *measure = &shape->measures->measure[i];
        bytes += measure->has_input ? sizeof(uint32_t) : 0;
        bytes += measure->has_input && sw_cube_sums(measure) ? 2 * sizeof(__int128) : 0;
    }
    return bytes;
}

static size_t totals_bytes(const struct sw_brush *brush, uint32_t bins)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_cube_shape *shape = &brush->slot[i].shape;
        bytes += total_bytes(shape) * shape->cells * (bins + (size_t)1);
    }
    return bytes;
}

/* As many bins as leave few rows in one, and as the totals have room for. */
static bool choose_bins(struct sw_brush *brush)
{
    uint32_t bins = SW_BRUSH_BINS_MIN;
    while (bins < SW_BRUSH_BINS_MAX && brush->version->rows / bins > SW_BRUSH_BIN_ROWS) {
        bins *= 2;
    }
    while (bins > SW_BRUSH_BINS_MIN && totals_bytes(brush, bins) > SW_BRUSH_TOTALS_BYTES) {
        bins /= 2;
    }
    brush->bins = bins;
    return totals_bytes(brush, bins) <= SW_BRUSH_TOTALS_BYTES;
}

static size_t index_bytes(const struct sw_brush *brush)
{
    size_t row = sizeof(uint16_t);
    for (uint32_t i = 0; i < brush->slots; i++) {
        row += brush->slot[i].is_narrow ? sizeof(uint8_t) : sizeof(uint16_t);
    }
    size_t starts = (size_t)brush->version->groups * (brush->bins + (size_t)1) * sizeof(uint32_t);
    return row * brush->version->rows + starts + totals_bytes(brush, brush->bins);
}

size_t sw_brush_bytes(const struct sw_brush *brush)
{
    return brush->charged;
}

/* -- making one -------------------------------------------------------------------------- */

bool sw_brush_takes(const struct sw_foldrun *run)
{
    struct sw_cube_shape shape;
    return sw_foldrun_cube(run, &shape);
}

static sw_status fill_slots(struct sw_brush *brush, const struct sw_brush_spec *spec)
{
    for (uint32_t i = 0; i < brush->slots; i++) {
        struct sw_brush_slot *slot = &brush->slot[i];
        const struct sw_brush_output *output = &spec->outputs[i];
        slot->identity = output->identity;
        if (!sw_foldrun_cube(slot->run, &slot->shape)) {
            return SW_PARAMS;
        }
        slot->is_narrow = slot->shape.cells < UINT8_MAX;
        SW_TRY(sw_sieve_mask(brush->sieve, output->filters, output->filter_count, &slot->mask));
    }
    return SW_OK;
}

static sw_status fill_axis(struct sw_brush *brush)
{
    struct sw_column_zone zone = sw_version_zone(brush->version, brush->column);
    double unit = sw_axis_unit(brush->type);
    double low = zone.min_f * unit;
    double high = zone.max_f * unit;
    if (!zone.has_values || !(low < high) || !isfinite(low) || !isfinite(high)) {
        return SW_PARAMS;
    }
    return sw_axis_init(&brush->axis, low, high, brush->bins, brush->type);
}

static sw_status fill(struct sw_brush *brush, const struct sw_brush_spec *spec)
{
    SW_TRY(fill_slots(brush, spec));
    if (brush->version->rows >= UINT32_MAX || !choose_bins(brush)) {
        return SW_LIMIT;
    }
    SW_TRY(fill_axis(brush));
    size_t bytes = index_bytes(brush);
    if (brush->budget != NULL && !sw_budget_charge_spare(brush->budget, bytes)) {
        return SW_LIMIT;
    }
    brush->charged = bytes;
    brush->part = calloc(brush->workers, sizeof(*brush->part));
    brush->lists = calloc(brush->version->groups + (size_t)1, sizeof(*brush->lists));
    brush->totals = sw_brush_totals_new(brush);
    brush->least = malloc(brush->bins * sizeof(*brush->least));
    brush->most = malloc(brush->bins * sizeof(*brush->most));
    return brush->part == NULL || brush->lists == NULL || brush->totals == NULL ||
                   brush->least == NULL || brush->most == NULL
               ? SW_NO_MEMORY
               : SW_OK;
}

static void free_part(struct sw_brush_part *part)
{
    sw_sieve_state_free(part->sieve);
    free(part->least);
    free(part->most);
    free(part->bin);
    free(part->cell);
}

static void free_brush(struct sw_brush *brush)
{
    for (uint32_t i = 0; brush->part != NULL && i < brush->workers; i++) {
        free_part(&brush->part[i]);
    }
    for (uint32_t g = 0; brush->lists != NULL && g < brush->version->groups; g++) {
        struct sw_brush_lists *lists = &brush->lists[g];
        for (uint32_t i = 0; lists->cells != NULL && i < brush->slots; i++) {
            free(lists->cells[i]);
        }
        free(lists->cells);
        free(lists->row);
        free(lists->start);
    }
    sw_brush_totals_free(brush, brush->totals);
    for (uint32_t i = 0; i < brush->slots; i++) {
        sw_foldrun_free(brush->slot[i].run);
    }
    if (brush->charged > 0) {
        sw_budget_release(brush->budget, brush->charged);
    }
    free(brush->least);
    free(brush->most);
    free(brush->part);
    free(brush->lists);
    free(brush->slot);
    free(brush->edge);
    sw_axis_fini(&brush->axis);
    sw_sieve_free(brush->sieve);
    sw_version_unref(brush->version);
    brush->magic = 0;
    free(brush);
}

static void job_done(struct sw_job *job)
{
    struct sw_brush *brush =
        (struct sw_brush *)(void *)((char *)job - offsetof(struct sw_brush, job));
    sw_assert(brush->magic == SW_BRUSH_MAGIC);
    brush->is_running = false;
    brush->is_ready = atomic_load(&brush->left_blocks) == 0 && !atomic_load(&brush->has_failed);
    if (brush->is_freed) {
        free_brush(brush);
        return;
    }
    brush->done(brush->context, brush);
}

static const struct sw_job_ops brush_ops = {sw_brush_step_work, job_done};

/* Takes over runs and filters, come what may. */
static struct sw_brush *take(const struct sw_brush_spec *spec, unsigned workers)
{
    struct sw_sieve *sieve = NULL;
    sw_status status = sw_sieve_new(spec->filters, spec->filter_count, &sieve);
    struct sw_brush *brush = calloc(1, sizeof(*brush));
    struct sw_brush_slot *slots = calloc(spec->output_count + (size_t)1, sizeof(*slots));
    if (status != SW_OK || brush == NULL || slots == NULL) {
        for (uint32_t i = 0; i < spec->output_count; i++) {
            sw_foldrun_free(spec->outputs[i].run);
        }
        sw_sieve_free(sieve);
        free(brush);
        free(slots);
        return NULL;
    }
    *brush = (struct sw_brush){.magic = SW_BRUSH_MAGIC,
                               .version = sw_version_ref(spec->version),
                               .budget = spec->budget,
                               .column = spec->column,
                               .type = spec->version->schema->column[spec->column].type,
                               .workers = workers,
                               .slots = spec->output_count,
                               .slot = slots,
                               .sieve = sieve};
    for (uint32_t i = 0; i < spec->output_count; i++) {
        slots[i].run = spec->outputs[i].run;
    }
    return brush;
}

sw_status sw_brush_new(struct sw_pool *pool, struct sw_lane *lane, const struct sw_brush_spec *spec,
                       sw_brush_done_fn done, void *context, struct sw_brush **result)
{
    sw_assert_loop();
    sw_assert(spec->output_count > 0);
    struct sw_brush *brush = take(spec, sw_pool_threads(pool));
    if (brush == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = fill(brush, spec);
    if (status != SW_OK) {
        free_brush(brush);
        return status;
    }
    brush->pool = pool;
    brush->done = done;
    brush->context = context;
    brush->is_running = true;
    atomic_init(&brush->left_groups, brush->version->groups);
    atomic_init(&brush->left_blocks, brush->bins / SW_BRUSH_BLOCK);
    /* A drag leaves no idle time for what is less urgent, and waits for nothing more than this. */
    sw_job_init(&brush->job, &brush_ops, lane, SW_CLASS_INTERACTIVE, 0);
    *result = brush;
    sw_pool_submit(pool, &brush->job);
    return SW_OK;
}

void sw_brush_free(struct sw_brush *brush)
{
    if (brush == NULL) {
        return;
    }
    sw_assert(brush->magic == SW_BRUSH_MAGIC);
    if (brush->is_running) {
        brush->is_freed = true;
        sw_job_cancel(brush->pool, &brush->job);
        return;
    }
    free_brush(brush);
}

bool sw_brush_is_ready(const struct sw_brush *brush)
{
    return brush->is_ready;
}
