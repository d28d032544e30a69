/* See brush.h: the life of an index. */
#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"
#include "exec/brush_priv.h"

#define UNITS_MIN 32u /* so that many workers have some, and none waits for long */
#define VALUES_SHARE \
    4u                /* as many values as ranges have bins of their own: no row is kept for them */
#define AHEAD      8u /* row groups deleted in a row that are seen as such */
#define GROWTH_MAX 4u /* times the rows for which ranges were chosen */
#define BLOCKS_LEAST \
    4u /* of ranges; rather than having fewer, outputs with many cells are left out */

/* -- sizes ----------------------------------------------------------------------------- */

/* As many ranges as leave few rows in one. */
static uint32_t ranges_of(const struct sw_version *version)
{
    uint32_t ranges = SW_BRUSH_BLOCK;
    while (ranges < SW_BRUSH_BINS_MAX && version->rows / ranges > SW_BRUSH_BIN_ROWS) {
        ranges *= 2;
    }
    return ranges < SW_BRUSH_BINS_MAX ? ranges : SW_BRUSH_BINS_MAX;
}

static size_t index_bytes(const struct sw_brush *brush)
{
    size_t row = 1 + brush->planes * sizeof(uint32_t) + brush->columns * sizeof(int64_t);
    return row * brush->version->rows + sw_brush_totals_bytes(brush, brush->blocks);
}

size_t sw_brush_bytes(const struct sw_brush *brush)
{
    return brush->charged;
}

uint32_t sw_brush_groups_made(const struct sw_brush *brush)
{
    return brush->makes;
}

/* -- what is kept of a row ------------------------------------------------------------------ */

bool sw_brush_takes(const struct sw_foldrun *run)
{
    struct sw_cube_shape shape;
    return sw_foldrun_cube(run, &shape);
}

/* Index of the column's values. */
static int32_t keep_column(struct sw_brush *brush, uint32_t column, bool as_floats)
{
    for (uint32_t i = 0; i < brush->columns; i++) {
        if (brush->kept[i].column == column && brush->kept[i].as_floats == as_floats) {
            return (int32_t)i;
        }
    }
    brush->kept[brush->columns] =
        (struct sw_brush_column){.column = column,
                                 .as_floats = as_floats,
                                 .has_nulls = sw_version_zone(brush->version, column).nulls > 0};
    return (int32_t)brush->columns++;
}

/* What of its measures' values is kept. */
static void keep_values(struct sw_brush *brush, struct sw_brush_slot *slot)
{
    for (uint32_t m = 0; m < slot->measures; m++) {
        struct sw_brush_measure *at = &slot->measure[m];
        at->value = -1;
        at->is_derived = at->form != SW_CUBE_ROWS && at->form != SW_CUBE_EXTREME &&
                         at->measure->column == brush->column &&
                         brush->ruler.rule == SW_BRUSH_NUMBERS;
        if (at->form != SW_CUBE_ROWS && !at->is_derived) {
            at->value = keep_column(brush, at->measure->column,
                                    at->form != SW_CUBE_KNOWN && sw_cube_reads_floats(at->measure));
        }
    }
}

/* Bytes of the planes: cells of two bytes first, so that none lies across two planes. */
static void place_cells(struct sw_brush *brush)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < brush->slots; i++) {
        brush->slot[i].is_wide = brush->slot[i].shape.cells > UINT8_MAX;
        if (brush->slot[i].is_wide) {
            brush->slot[i].at = at;
            at += 2;
        }
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        if (!brush->slot[i].is_wide) {
            brush->slot[i].at = at++;
        }
    }
    for (uint32_t i = 0; i < brush->columns; i++) {
        if (brush->kept[i].has_nulls) {
            brush->kept[i].at = at++;
        }
    }
    brush->planes = (at + SW_BRUSH_PLANE - 1) / SW_BRUSH_PLANE;
}

/* -- what sheets are made of ------------------------------------------------------------------ */

static bool add_reads(const struct sw_brush *brush, const struct sw_brush_spec *spec, uint8_t *set)
{
    const uint32_t *column = NULL;
    set[brush->column] = 1;
    for (uint32_t i = 0; i < spec->filter_count; i++) {
        size_t columns = sw_filter_columns(spec->filters[i], &column);
        for (size_t c = 0; c < columns; c++) {
            set[column[c]] = 1;
        }
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        struct sw_fold_needs needs;
        if (sw_foldrun_needs(brush->slot[i].run, &needs) != SW_OK) {
            return false;
        }
        brush->slot[i].made_of = brush->slot[i].identity;
        sw_identity_add_other(&brush->slot[i].made_of, &needs.identity);
        sw_identity_add(&brush->slot[i].made_of, brush->slot[i].shape.cells);
        for (uint32_t c = 0; needs.is_known && c < brush->version->schema->columns; c++) {
            set[c] |= needs.reads[c] == SW_READ_FOLD;
        }
        bool is_known = needs.is_known;
        sw_fold_needs_fini(&needs);
        if (!is_known) {
            return false;
        }
    }
    return true;
}

static bool list_reads(struct sw_brush *brush, const struct sw_brush_spec *spec)
{
    uint32_t columns = brush->version->schema->columns;
    uint8_t *set = calloc(columns, 1);
    brush->reads = calloc(columns, sizeof(*brush->reads));
    bool is_listed = set != NULL && brush->reads != NULL && add_reads(brush, spec, set);
    for (uint32_t c = 0; is_listed && c < columns; c++) {
        const struct sw_span name = sw_span_text(brush->version->schema->column[c].name);
        for (uint32_t i = 0; set[c] != 0 && i < brush->slots; i++) {
            sw_identity_add(&brush->slot[i].made_of, c); /* a definition speaks of names */
            sw_identity_add_text(&brush->slot[i].made_of, name);
        }
        if (set[c] != 0) {
            brush->reads[brush->read_count++] = c;
        }
    }
    free(set);
    return is_listed;
}

static struct sw_identity key_of(const struct sw_brush *brush, const struct sw_rowgroup *group)
{
    struct sw_identity key = {group->rows, 0};
    for (uint32_t i = 0; i < brush->read_count; i++) {
        const struct sw_chunk *chunk = group->chunk[brush->reads[i]];
        sw_identity_add(&key, chunk == NULL ? 0 : chunk->id);
    }
    return key;
}

/* Where in the sheets from `at` on the key is, or at most AHEAD further; -1: not there. */
static int64_t find_ahead(const struct sw_brush *brush, uint32_t at, const struct sw_identity *key)
{
    for (uint32_t g = at; g < brush->version->groups && g - at <= AHEAD; g++) {
        if (sw_identity_equal(key, &brush->sheet[g]->key)) {
            return g;
        }
    }
    return -1;
}

uint32_t sw_brush_differences(const struct sw_brush *brush, const struct sw_version *version)
{
    uint32_t differences = 0;
    uint32_t at = 0;
    if (version->schema->columns != brush->version->schema->columns) {
        return version->groups;
    }
    for (uint32_t g = 0; g < version->groups; g++) {
        struct sw_identity key = key_of(brush, version->group[g]);
        int64_t found = find_ahead(brush, at, &key);
        differences += found < 0 ? 1 : (uint32_t)found - at; /* passed over: deleted */
        at = found < 0 ? at + 1 : (uint32_t)found + 1;
    }
    return differences;
}

/* -- from the index of an earlier version ------------------------------------------------------ */

/* Are its totals such as this one would have, of other rows? */
static bool is_alike(const struct sw_brush *brush, const struct sw_brush *from)
{
    bool is_alike = brush->column == from->column && brush->slots == from->slots &&
                    brush->planes == from->planes && brush->columns == from->columns &&
                    brush->read_count == from->read_count &&
                    memcmp(brush->reads, from->reads, brush->read_count * sizeof(uint32_t)) == 0;
    for (uint32_t i = 0; is_alike && i < brush->slots; i++) {
        const struct sw_brush_slot *slot = &brush->slot[i];
        is_alike = sw_identity_equal(&slot->made_of, &from->slot[i].made_of) &&
                   slot->at == from->slot[i].at && slot->measures == from->slot[i].measures;
    }
    for (uint32_t i = 0; is_alike && i < brush->columns; i++) {
        is_alike = brush->kept[i].column == from->kept[i].column &&
                   brush->kept[i].as_floats == from->kept[i].as_floats &&
                   brush->kept[i].has_nulls == from->kept[i].has_nulls;
    }
    return is_alike;
}

/* Sheets by key, in a table of twice as many places. */
struct known {
    uint64_t places;
    struct sw_brush_sheet **sheet;
};

static bool fill_known(struct known *known, struct sw_brush *from)
{
    known->places = 2 * (uint64_t)from->version->groups + 1;
    known->sheet = calloc(known->places, sizeof(struct sw_brush_sheet *));
    for (uint32_t g = 0; known->sheet != NULL && g < from->version->groups; g++) {
        uint64_t at = from->sheet[g]->key.a % known->places;
        while (known->sheet[at] != NULL) {
            at = (at + 1) % known->places;
        }
        known->sheet[at] = from->sheet[g];
        from->sheet[g] = NULL;
    }
    return known->sheet != NULL;
}

/* The sheet of that key, which leaves the table's use to nobody else; NULL: none. */
static struct sw_brush_sheet *take_known(struct known *known, const struct sw_identity *key,
                                         uint8_t *is_taken)
{
    uint64_t at = key->a % known->places;
    for (; known->sheet[at] != NULL; at = (at + 1) % known->places) {
        if (is_taken[at] == 0 && sw_identity_equal(&known->sheet[at]->key, key)) {
            is_taken[at] = 1;
            return known->sheet[at];
        }
    }
    return NULL;
}

static sw_status take_sheets(struct sw_brush *brush, struct sw_brush *from)
{
    struct known known = {0};
    uint8_t *is_taken = calloc(2 * (size_t)from->version->groups + 1, 1);
    brush->gone = calloc(from->version->groups + (size_t)1, sizeof(struct sw_brush_sheet *));
    if (is_taken == NULL || brush->gone == NULL || !fill_known(&known, from)) {
        free(is_taken);
        return SW_NO_MEMORY;
    }
    for (uint32_t g = 0; g < brush->version->groups; g++) {
        struct sw_identity key = key_of(brush, brush->version->group[g]);
        brush->sheet[g] = take_known(&known, &key, is_taken);
    }
    for (uint64_t at = 0; at < known.places; at++) {
        if (known.sheet[at] != NULL && is_taken[at] == 0) {
            brush->gone[brush->goners++] = known.sheet[at];
        }
    }
    free(known.sheet);
    free(is_taken);
    return SW_OK;
}

static sw_status take_over(struct sw_brush *brush, struct sw_brush *from)
{
    SW_TRY(take_sheets(brush, from));
    for (uint32_t i = 0; i < brush->slots; i++) {
        sw_brush_totals_move(&brush->slot[i], &from->slot[i]);
        atomic_init(&brush->slot[i].is_dead, atomic_load(&from->slot[i].is_dead));
    }
    return SW_OK;
}

/* -- making one -------------------------------------------------------------------------- */

static sw_status fill_slot(struct sw_brush *brush, struct sw_brush_slot *slot,
                           const struct sw_brush_output *output)
{
    slot->identity = output->identity;
    if (!sw_foldrun_cube(slot->run, &slot->shape)) {
        return SW_PARAMS;
    }
    const struct sw_measures *measures = slot->shape.measures;
    uint32_t count = measures == NULL ? 0 : measures->count;
    slot->measure = calloc(count + (size_t)1, sizeof(*slot->measure));
    if (slot->measure == NULL) {
        return SW_NO_MEMORY;
    }
    slot->measures = count;
    for (uint32_t m = 0; m < slot->measures; m++) {
        slot->measure[m].measure = &measures->measure[m];
        slot->measure[m].form = sw_cube_form(&measures->measure[m]);
        slot->measure[m].words = sw_cube_words(&measures->measure[m]);
    }
    return sw_sieve_mask(brush->sieve, output->filters, output->filter_count, &slot->mask);
}

static sw_status keep_columns(struct sw_brush *brush)
{
    size_t columns = 1;
    for (uint32_t i = 0; i < brush->slots; i++) {
        columns += brush->slot[i].measures;
    }
    brush->kept = calloc(columns, sizeof(*brush->kept));
    if (brush->kept == NULL) {
        return SW_NO_MEMORY;
    }
    if (brush->ruler.rule == SW_BRUSH_RANGES) {
        (void)keep_column(brush, brush->column, brush->ruler.type == SW_TYPE_FLOAT);
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        keep_values(brush, &brush->slot[i]);
    }
    place_cells(brush);
    return SW_OK;
}

static void free_slot(struct sw_brush_slot *slot)
{
    if (slot->measure != NULL) {
        sw_brush_totals_fini(slot);
    }
    free(slot->measure);
    sw_foldrun_free(slot->run);
}

/* The output with the most cells is left to scans. */
static void drop_widest(struct sw_brush *brush)
{
    uint32_t widest = 0;
    for (uint32_t i = 1; i < brush->slots; i++) {
        widest = brush->slot[i].shape.cells > brush->slot[widest].shape.cells ? i : widest;
    }
    free_slot(&brush->slot[widest]);
    brush->slots--;
    memmove(&brush->slot[widest], &brush->slot[widest + 1],
            (brush->slots - widest) * sizeof(*brush->slot));
}

static bool is_too_large(const struct sw_brush *brush)
{
    return sw_brush_totals_bytes(brush, brush->blocks) > SW_BRUSH_TOTALS_BYTES;
}

static void count_blocks(struct sw_brush *brush)
{
    brush->blocks = (brush->ruler.bins + SW_BRUSH_BLOCK - 1) / SW_BRUSH_BLOCK;
}

/* A bin for each value if the totals then fit, else ranges, and as many of them as fit. */
static sw_status choose_ruler(struct sw_brush *brush)
{
    struct sw_brush_ruler *ruler = &brush->ruler;
    uint32_t ranges = ranges_of(brush->version);
    SW_TRY(
        sw_brush_ruler_init(ruler, brush->version, brush->column, VALUES_SHARE * ranges, ranges));
    count_blocks(brush);
    if (ruler->rule == SW_BRUSH_NUMBERS && is_too_large(brush)) {
        sw_brush_ruler_fini(ruler);
        SW_TRY(sw_brush_ruler_init(ruler, brush->version, brush->column, 0, ranges));
        count_blocks(brush);
    }
    while (is_too_large(brush)) {
        if (ruler->rule == SW_BRUSH_RANGES && brush->blocks > BLOCKS_LEAST) {
            brush->blocks /= 2;
            ruler->per_unit *= (double)(brush->blocks * SW_BRUSH_BLOCK) / ruler->bins;
            ruler->bins = brush->blocks * SW_BRUSH_BLOCK;
        } else if (brush->slots > 1) {
            drop_widest(brush);
        } else {
            return SW_LIMIT;
        }
    }
    return SW_OK;
}

static sw_status charge(struct sw_brush *brush)
{
    size_t bytes = index_bytes(brush);
    if (brush->budget != NULL && !sw_budget_charge_spare(brush->budget, bytes)) {
        return SW_LIMIT;
    }
    brush->charged = bytes;
    return SW_OK;
}

static void discharge(struct sw_brush *brush)
{
    if (brush->charged > 0) {
        sw_budget_release(brush->budget, brush->charged);
    }
    brush->charged = 0;
}

/* What is still to be made, and by what the totals change. */
static sw_status plan_changes(struct sw_brush *brush)
{
    uint32_t groups = brush->version->groups;
    brush->make = calloc(groups + (size_t)1, sizeof(*brush->make));
    brush->change = calloc(groups + brush->goners + (size_t)1, sizeof(*brush->change));
    if (brush->make == NULL || brush->change == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < brush->goners; i++) {
        brush->change[brush->changes++] = (struct sw_brush_change){brush->gone[i], true};
    }
    for (uint32_t g = 0; g < groups; g++) {
        if (brush->sheet[g] == NULL) {
            /* empty, and it stays so where no row of the group passes a filter */
            brush->sheet[g] = sw_brush_sheet_new(brush, 0);
            if (brush->sheet[g] == NULL) {
                return SW_NO_MEMORY;
            }
            brush->sheet[g]->key = key_of(brush, brush->version->group[g]);
            brush->make[brush->makes++] = g;
        }
    }
    brush->changes += brush->makes;
    uint32_t segments = (UNITS_MIN + brush->blocks - 1) / brush->blocks;
    brush->segments = segments < brush->changes ? segments : brush->changes;
    brush->units = brush->segments * brush->blocks;
    return SW_OK;
}

/* The ruler of the index before it, if it still measures the column well enough. */
static bool take_ruler(struct sw_brush *brush, const struct sw_brush *from)
{
    if (from == NULL || from->column != brush->column ||
        brush->version->rows / GROWTH_MAX > from->version->rows ||
        !sw_brush_ruler_fits(&from->ruler, brush->version, brush->column)) {
        return false;
    }
    brush->ruler = from->ruler;
    brush->blocks = from->blocks;
    if (brush->ruler.dict != NULL) {
        (void)sw_dict_ref(brush->ruler.dict);
    }
    if (is_too_large(brush)) {
        sw_brush_ruler_fini(&brush->ruler);
        return false;
    }
    return true;
}

static sw_status fill(struct sw_brush *brush, const struct sw_brush_spec *spec)
{
    struct sw_brush *from = spec->from;
    if (brush->version->rows >= INT32_MAX) {
        return SW_LIMIT;
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        SW_TRY(fill_slot(brush, &brush->slot[i], &spec->outputs[i]));
    }
    bool has_ruler = take_ruler(brush, from);
    if (!has_ruler) {
        SW_TRY(choose_ruler(brush));
    }
    SW_TRY(keep_columns(brush));
    brush->span = calloc(SW_IN_LIST_MAX + (size_t)1, sizeof(*brush->span));
    brush->part = calloc(brush->workers, sizeof(*brush->part));
    brush->sheet = calloc(brush->version->groups + (size_t)1, sizeof(struct sw_brush_sheet *));
    if (brush->part == NULL || brush->sheet == NULL || brush->span == NULL) {
        return SW_NO_MEMORY;
    }
    if (!list_reads(brush, spec)) {
        return SW_PARAMS;
    }
    if (has_ruler && is_alike(brush, from)) {
        discharge(from);
        SW_TRY(charge(brush));
        SW_TRY(take_over(brush, from));
        return plan_changes(brush);
    }
    SW_TRY(charge(brush));
    for (uint32_t i = 0; i < brush->slots; i++) {
        SW_TRY(sw_brush_totals_make(brush, &brush->slot[i]));
    }
    return plan_changes(brush);
}

static void free_brush(struct sw_brush *brush)
{
    for (uint32_t i = 0; brush->part != NULL && i < brush->workers; i++) {
        sw_brush_part_fini(&brush->part[i]);
    }
    for (uint32_t g = 0; brush->sheet != NULL && g < brush->version->groups; g++) {
        sw_brush_sheet_free(brush, brush->sheet[g]);
    }
    for (uint32_t i = 0; i < brush->goners; i++) {
        sw_brush_sheet_free(brush, brush->gone[i]);
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        free_slot(&brush->slot[i]);
    }
    discharge(brush);
    sw_brush_ruler_fini(&brush->ruler);
    free(brush->part);
    free(brush->sheet);
    free(brush->gone);
    free(brush->make);
    free(brush->change);
    free(brush->kept);
    free(brush->reads);
    free(brush->slot);
    free(brush->span);
    free(brush->edge);
    sw_sieve_free(brush->sieve);
    sw_version_unref(brush->version);
    (void)pthread_mutex_destroy(&brush->lock);
    brush->magic = 0;
    free(brush);
}

/* -- workers ------------------------------------------------------------------------------- */

static struct sw_brush *brush_of(struct sw_job *job)
{
    struct sw_brush *brush =
        (struct sw_brush *)(void *)((char *)job - offsetof(struct sw_brush, job));
    sw_assert(brush->magic == SW_BRUSH_MAGIC);
    return brush;
}

static bool make_next_work(struct sw_brush *brush, struct sw_brush_part *part)
{
    uint32_t index = atomic_fetch_add_explicit(&brush->next_make, 1, memory_order_relaxed);
    if (index >= brush->makes) {
        return false;
    }
    if (!sw_brush_part_open(brush, part) ||
        sw_brush_make_sheet_work(brush, part, brush->make[index]) != SW_OK) {
        atomic_store(&brush->has_failed, true);
        return false;
    }
    if (atomic_fetch_sub(&brush->left_makes, 1) == 1) {
        for (uint32_t i = 0; i < brush->makes; i++) {
            const struct sw_brush_sheet *sheet = brush->sheet[brush->make[i]];
            brush->change[brush->goners + i] = (struct sw_brush_change){sheet, false};
        }
        atomic_store(&brush->is_listed, true);
    }
    return true;
}

static bool step_work(struct sw_job *job, unsigned worker)
{
    struct sw_brush *brush = brush_of(job);
    struct sw_brush_part *part = &brush->part[worker];
    if (atomic_load(&brush->has_failed)) {
        return false;
    }
    if (!atomic_load(&brush->is_listed)) {
        return make_next_work(brush, part);
    }
    uint32_t unit = atomic_fetch_add_explicit(&brush->next_unit, 1, memory_order_relaxed);
    if (unit >= brush->units) {
        return false;
    }
    if (!sw_brush_part_open(brush, part)) {
        atomic_store(&brush->has_failed, true);
        return false;
    }
    sw_brush_add_unit_work(brush, part, unit);
    (void)atomic_fetch_sub(&brush->left_units, 1);
    return true;
}

/* What only making needed goes. */
static void tidy(struct sw_brush *brush)
{
    for (uint32_t i = 0; i < brush->workers; i++) {
        sw_brush_part_fini(&brush->part[i]);
    }
    for (uint32_t i = 0; i < brush->goners; i++) {
        sw_brush_sheet_free(brush, brush->gone[i]);
    }
    brush->goners = 0;
}

static void job_done(struct sw_job *job)
{
    struct sw_brush *brush = brush_of(job);
    brush->is_running = false;
    brush->is_ready = atomic_load(&brush->left_units) == 0 && !atomic_load(&brush->has_failed);
    if (brush->is_freed) {
        free_brush(brush);
        return;
    }
    tidy(brush);
    brush->done(brush->context, brush);
}

static const struct sw_job_ops brush_ops = {step_work, job_done};

/* -- for users ------------------------------------------------------------------------------ */

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
                               .workers = workers,
                               .slots = spec->output_count,
                               .slot = slots,
                               .sieve = sieve};
    (void)pthread_mutex_init(&brush->lock, NULL);
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
    sw_assert(spec->from == NULL || spec->from->is_ready);
    struct sw_brush *brush = take(spec, sw_pool_threads(pool));
    sw_status status = brush == NULL ? SW_NO_MEMORY : fill(brush, spec);
    sw_brush_free(spec->from);
    if (status != SW_OK) {
        if (brush != NULL) {
            free_brush(brush);
        }
        return status;
    }
    brush->pool = pool;
    brush->done = done;
    brush->context = context;
    brush->is_running = true;
    atomic_init(&brush->left_makes, brush->makes);
    atomic_init(&brush->left_units, brush->units);
    atomic_init(&brush->is_listed, brush->makes == 0);
    sw_job_init(&brush->job, &brush_ops, lane, SW_CLASS_INDEX, 0);
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

bool sw_brush_is_of(const struct sw_brush *brush, const struct sw_version *version)
{
    return brush->is_ready && brush->version->content == version->content;
}
