/* Rows of a version, in any order and number, as a new version: a part is one column of one new
 * row group.  Values are read where they lie, at the width they have; strings keep the source's
 * dictionary where all its chunks have the same.  Where all rows go on in their places the source's
 * chunks themselves do.                                                                         */
#include <stdlib.h>

#include "derive/derive_priv.h"
#include "table/pins.h"

#define TEXTS       256u /* strings handed over at a time */
#define INDEX_SHIFT 10

struct side {
    struct sw_derive_rows rows;
    bool is_used, is_whole; /* all rows, in their places */
    bool is_regular;        /* all row groups but the last one are full */
    uint32_t *index;        /* [rows >> INDEX_SHIFT] a row group at or before it; owned */
};

enum text_mode { TEXT_SHARED, TEXT_CODED, TEXT_PLAIN };

struct column {
    struct sw_derive_pick pick;
    enum sw_type type;
    enum text_mode mode;
    struct sw_dict *dict; /* counted; NULL: plain */
};

struct sw_derive_gather {
    struct sw_derive *run;
    struct side side[2];
    uint64_t count;
    const struct sw_version *layout; /* whose row groups the new ones follow; NULL: full ones */
    uint32_t columns;
    struct column *column; /* [columns] owned */
    struct sw_schema *schema;
    struct sw_derive_made made;
    struct sw_version *version; /* the result, until it is handed over */
};

/* Where rows are: of a vector. */
struct places {
    uint32_t n;
    uint32_t group[SW_VECTOR_ROWS]; /* SW_ROW_NONE: nowhere */
    uint32_t row[SW_VECTOR_ROWS];
};

void sw_derive_gather_free(struct sw_derive_gather *gather)
{
    if (gather == NULL) {
        return;
    }
    for (uint32_t i = 0; gather->column != NULL && i < gather->columns; i++) {
        sw_dict_unref(gather->column[i].dict);
    }
    free(gather->column);
    free(gather->side[0].index);
    free(gather->side[1].index);
    sw_derive_made_fini(&gather->made);
    sw_schema_unref(gather->schema);
    sw_version_unref(gather->version);
    free(gather);
}

/* -- places --------------------------------------------------------------------------------- */

static sw_status init_side(struct side *side, const struct sw_derive_rows *rows, struct sw_err *err)
{
    const struct sw_version *version = rows->version;
    side->rows = *rows;
    side->is_used = version != NULL;
    side->is_whole = side->is_used && rows->order == NULL && rows->position == NULL;
    side->is_regular = true;
    for (uint32_t i = 0; side->is_used && i + 1 < version->groups; i++) {
        side->is_regular = side->is_regular && version->group[i]->rows == SW_CHUNK_ROWS;
    }
    if (!side->is_used || side->is_regular || side->is_whole) {
        return SW_OK;
    }
    uint64_t entries = (version->rows >> INDEX_SHIFT) + 1;
    side->index = calloc(entries, sizeof(*side->index));
    if (side->index == NULL) {
        return sw_derive_no_memory(err);
    }
    uint32_t group = 0;
    for (uint64_t i = 0; i < entries; i++) {
        while (group + 1 < version->groups && version->row_start[group + 1] <= i << INDEX_SHIFT) {
            group++;
        }
        side->index[i] = group;
    }
    return SW_OK;
}

static void place(const struct side *side, const uint32_t *restrict position,
                  struct places *restrict places)
{
    if (side->is_regular) {
        for (uint32_t i = 0; i < places->n; i++) {
            bool is_none = position[i] == SW_ROW_NONE;
            places->group[i] = is_none ? SW_ROW_NONE : position[i] / SW_CHUNK_ROWS;
            places->row[i] = position[i] % SW_CHUNK_ROWS;
        }
        return;
    }
    const uint64_t *row_start = side->rows.version->row_start;
    for (uint32_t i = 0; i < places->n; i++) {
        if (position[i] == SW_ROW_NONE) {
            places->group[i] = SW_ROW_NONE;
            continue;
        }
        uint32_t group = side->index[position[i] >> INDEX_SHIFT];
        while (row_start[group + 1] <= position[i]) {
            group++;
        }
        places->group[i] = group;
        places->row[i] = (uint32_t)(position[i] - row_start[group]);
    }
}

/* Of rows [first, first + n) of the result. */
static void find_places(const struct side *side, uint64_t first, uint32_t n, struct places *places)
{
    uint32_t narrow[SW_VECTOR_ROWS];
    places->n = n;
    if (side->rows.position != NULL) {
        place(side, side->rows.position + first, places);
        return;
    }
    if (side->rows.order != NULL) {
        uint64_t wide[SW_VECTOR_ROWS];
        sw_order_positions(side->rows.order, first, n, wide);
        for (uint32_t i = 0; i < n; i++) {
            narrow[i] = (uint32_t)wide[i];
        }
    } else {
        for (uint32_t i = 0; i < n; i++) {
            narrow[i] = (uint32_t)(first + i);
        }
    }
    place(side, narrow, places);
}

/* -- numbers -------------------------------------------------------------------------------- */

static void read_words(const struct sw_chunk *chunk, const uint32_t *restrict row, uint32_t n,
                       uint64_t *restrict word)
{
    const void *data = chunk->data;
    switch (chunk->width) {
    case 0:
        memset(word, 0, n * sizeof(*word));
        return;
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            word[i] = ((const uint8_t *)data)[row[i]];
        }
        return;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            word[i] = ((const uint16_t *)data)[row[i]];
        }
        return;
    case 4:
        for (uint32_t i = 0; i < n; i++) {
            word[i] = ((const uint32_t *)data)[row[i]];
        }
        return;
    default:
        for (uint32_t i = 0; i < n; i++) {
            word[i] = ((const uint64_t *)data)[row[i]];
        }
    }
}

static void read_floats(const struct sw_chunk *chunk, const uint32_t *restrict row, uint32_t n,
                        double *restrict into)
{
    if (chunk->encoding == SW_ENC_FLOAT) {
        for (uint32_t i = 0; i < n; i++) {
            into[i] = ((const double *)chunk->data)[row[i]];
        }
        return;
    }
    uint64_t word[SW_VECTOR_ROWS];
    double power = sw_decimal_powers[chunk->scale];
    read_words(chunk, row, n, word);
    for (uint32_t i = 0; i < n; i++) {
        into[i] = (double)(chunk->base + (int64_t)word[i]) / power;
    }
}

static void set_null(struct sw_builder *builder, uint32_t at)
{
    builder->valid[at >> 6] &= ~((uint64_t)1 << (at & 63));
    builder->nulls++;
}

/* Rows of a chunk that are null are so behind the builder's rows; a text that did not fit its type
 * goes along. */
static sw_status copy_nulls(struct sw_builder *builder, const struct sw_chunk *chunk,
                            const uint32_t *row, uint32_t n)
{
    for (uint32_t i = 0; chunk->valid != NULL && i < n; i++) {
        struct sw_span text;
        if (!sw_chunk_is_null(chunk, row[i])) {
            continue;
        }
        set_null(builder, builder->rows + i);
        if (chunk->exceptions != NULL && sw_exceptions_find(chunk->exceptions, row[i], &text)) {
            SW_TRY(sw_exception_list_add(&builder->exceptions, builder->rows + i, text));
        }
    }
    return SW_OK;
}

/* Values of n rows of one chunk behind those of the builder; strings only as codes. */
static sw_status read_run(struct sw_builder *builder, const struct sw_chunk *chunk,
                          const uint32_t *row, uint32_t n)
{
    uint32_t at = builder->rows;
    if (builder->floats != NULL) {
        read_floats(chunk, row, n, builder->floats + at);
    } else {
        uint64_t word[SW_VECTOR_ROWS];
        read_words(chunk, row, n, word);
        for (uint32_t i = 0; builder->ints != NULL && i < n; i++) {
            builder->ints[at + i] = (int64_t)((uint64_t)chunk->base + word[i]);
        }
        for (uint32_t i = 0; builder->codes != NULL && i < n; i++) {
            builder->codes[at + i] = (uint32_t)word[i];
        }
    }
    SW_TRY(copy_nulls(builder, chunk, row, n));
    builder->rows = at + n;
    return SW_OK;
}

static void read_nulls(struct sw_builder *builder, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = builder->rows++;
        if (builder->floats != NULL) {
            builder->floats[at] = 0;
        } else if (builder->ints != NULL) {
            builder->ints[at] = 0;
        } else {
            builder->codes[at] = 0;
        }
        set_null(builder, at);
    }
}

static sw_status gather_words(struct sw_builder *builder, const struct sw_version *version,
                              uint32_t column, const struct places *places, struct sw_pins *pins)
{
    for (uint32_t i = 0; i < places->n;) {
        uint32_t end = i + 1;
        uint32_t group = places->group[i];
        while (end < places->n && places->group[end] == group) {
            end++;
        }
        const struct sw_chunk *chunk =
            group == SW_ROW_NONE ? NULL : sw_pins_get(pins, version->group[group]->chunk[column]);
        if (chunk == NULL) {
            read_nulls(builder, end - i);
        } else {
            SW_TRY(read_run(builder, chunk, places->row + i, end - i));
        }
        i = end;
    }
    return SW_OK;
}

/* -- strings whose dictionaries differ, and plain ones -------------------------------------- */

/* Strings lie in their chunks, so those that are waiting go before another chunk is pinned. */
static sw_status gather_texts(struct sw_builder *builder, const struct sw_version *version,
                              uint32_t column, const struct places *places, struct sw_pins *pins)
{
    struct sw_span text[TEXTS];
    size_t texts = 0;
    for (uint32_t i = 0; i < places->n; i++) {
        struct sw_value value = {.is_null = true};
        bool is_none = places->group[i] == SW_ROW_NONE;
        const struct sw_chunk *chunk =
            is_none ? NULL : version->group[places->group[i]]->chunk[column];
        if (texts > 0 && chunk != NULL && !sw_pins_has(pins, chunk)) {
            SW_TRY(sw_builder_texts(builder, text, texts));
            texts = 0;
        }
        chunk = is_none ? NULL : sw_pins_get(pins, chunk);
        if (chunk != NULL) {
            value = sw_chunk_value(chunk, places->row[i]);
        }
        if (!value.is_null) {
            text[texts++] = value.u.s;
        }
        if (texts > 0 && (texts == TEXTS || value.is_null)) {
            SW_TRY(sw_builder_texts(builder, text, texts));
            texts = 0;
        }
        if (value.is_null) {
            SW_TRY(sw_builder_null(builder, SW_NULL_EMPTY));
        }
    }
    return texts == 0 ? SW_OK : sw_builder_texts(builder, text, texts);
}

static sw_status init_texts(struct sw_derive_gather *gather, struct column *column,
                            struct sw_err *err)
{
    const struct sw_version *version = gather->side[column->pick.side].rows.version;
    const struct sw_dict *first =
        version->groups > 0 ? version->group[0]->chunk[column->pick.column]->dict : NULL;
    bool is_one = first != NULL;
    bool is_plain = true;
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column->pick.column];
        is_one = is_one && chunk->dict == first;
        is_plain = is_plain && chunk->encoding == SW_ENC_TEXT;
    }
    column->mode = is_one ? TEXT_SHARED : is_plain ? TEXT_PLAIN : TEXT_CODED;
    if (is_one) {
        column->dict = sw_dict_ref(version->group[0]->chunk[column->pick.column]->dict);
        return SW_OK;
    }
    return is_plain ? SW_OK : sw_dict_new(gather->run->budget, &column->dict, err);
}

/* -- parts ---------------------------------------------------------------------------------- */

static uint64_t group_start(const struct sw_derive_gather *gather, uint64_t group)
{
    return gather->layout != NULL ? gather->layout->row_start[group] : group * SW_CHUNK_ROWS;
}

static uint32_t group_rows(const struct sw_derive_gather *gather, uint64_t group)
{
    return gather->layout != NULL ? gather->layout->group[group]->rows
                                  : sw_derive_group_rows(gather->count, group);
}

static sw_status fill(const struct sw_derive_gather *gather, const struct column *column,
                      uint64_t group, struct sw_builder *builder, struct sw_err *err)
{
    const struct side *side = &gather->side[column->pick.side];
    uint64_t first = group_start(gather, group);
    uint32_t rows = group_rows(gather, group);
    struct places places;
    struct sw_pins pins = {0};
    struct sw_err lost = {0};
    sw_status status = SW_OK;
    for (uint32_t start = 0; start < rows && status == SW_OK; start += SW_VECTOR_ROWS) {
        uint32_t n = rows - start < SW_VECTOR_ROWS ? rows - start : SW_VECTOR_ROWS;
        find_places(side, first + start, n, &places);
        bool is_texts = column->type == SW_TYPE_STRING && column->mode != TEXT_SHARED;
        status = (is_texts ? gather_texts : gather_words)(builder, side->rows.version,
                                                          column->pick.column, &places, &pins);
        status = sw_derive_builder_said(status, builder, err);
        status = status == SW_OK ? pins.status : status;
    }
    sw_status read = sw_pins_leave(&pins, &lost);
    if (read != SW_OK) {
        *err = lost;
    }
    return read != SW_OK ? read : status;
}

static sw_status gather_work(struct sw_derive *run, unsigned worker, uint64_t part,
                             struct sw_err *err)
{
    struct sw_derive_gather *gather = run->gather;
    const struct column *column = &gather->column[part % gather->columns];
    const struct side *side = &gather->side[column->pick.side];
    uint64_t group = part / gather->columns;
    struct sw_builder *builder = NULL;
    (void)worker;
    if (side->is_whole) {
        const struct sw_rowgroup *from = side->rows.version->group[group];
        gather->made.chunk[part] = sw_chunk_ref(from->chunk[column->pick.column]);
        return SW_OK;
    }
    SW_TRY(sw_builder_new(column->type, column->dict, run->budget, &builder, err));
    sw_status status = fill(gather, column, group, builder, err);
    if (status == SW_OK) {
        status = sw_builder_seal(builder, &gather->made.chunk[part], err);
    }
    sw_builder_free(builder);
    return status;
}

static sw_status assemble_work(struct sw_derive *run, unsigned worker, uint64_t part,
                               struct sw_err *err)
{
    struct sw_derive_gather *gather = run->gather;
    (void)worker;
    (void)part;
    return sw_derive_made_version(&gather->made, run->number, gather->schema, &gather->version,
                                  err);
}

static sw_status assembled(struct sw_derive *run, struct sw_err *err)
{
    struct sw_version *version = run->gather->version;
    run->gather->version = NULL;
    run->out = NULL;
    run->outs = 0;
    return sw_derive_next(run, version, err);
}

static sw_status gathered(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, 1, 1, assemble_work, assembled);
    return SW_OK;
}

/* -- the loop's side ------------------------------------------------------------------------ */

static sw_status plan(struct sw_derive_gather *gather, const struct sw_derive_gather_spec *spec,
                      struct sw_err *err)
{
    for (unsigned i = 0; i < 2; i++) {
        SW_TRY(init_side(&gather->side[i], &spec->rows[i], err));
        if (gather->side[i].is_whole) {
            gather->layout = spec->rows[i].version;
            sw_assert(gather->layout->rows == spec->count);
        }
    }
    gather->column = calloc(spec->columns + 1u, sizeof(*gather->column));
    if (gather->column == NULL) {
        return sw_derive_no_memory(err);
    }
    gather->columns = spec->columns;
    for (uint32_t i = 0; i < spec->columns; i++) {
        struct column *column = &gather->column[i];
        column->pick = spec->pick[i];
        column->type = gather->schema->column[i].type;
        if (column->type == SW_TYPE_STRING && !gather->side[column->pick.side].is_whole) {
            SW_TRY(init_texts(gather, column, err));
        }
    }
    uint64_t groups =
        gather->layout != NULL ? gather->layout->groups : sw_derive_groups(spec->count);
    return sw_derive_made_init(&gather->made, groups, spec->columns, err);
}

sw_status sw_derive_gather(struct sw_derive *run, const struct sw_derive_gather_spec *spec,
                           struct sw_err *err)
{
    struct sw_derive_gather *gather = calloc(1, sizeof(*gather));
    if (gather == NULL) {
        sw_schema_unref(spec->schema);
        return sw_derive_no_memory(err);
    }
    sw_assert(run->gather == NULL);
    gather->run = run;
    gather->count = spec->count;
    gather->schema = spec->schema;
    run->gather = gather;
    SW_TRY(plan(gather, spec, err));
    sw_derive_parts(run, (uint64_t)gather->made.groups * gather->columns, 0, gather_work, gathered);
    return SW_OK;
}

/* -- a selection of rows of `now` ----------------------------------------------------------- */

static sw_status gather_now(struct sw_derive *run, const struct sw_order *order, uint64_t count,
                            struct sw_err *err)
{
    struct sw_derive_pick *pick = sw_arena_array(&run->arena, run->outs + 1u, sizeof(*pick));
    struct sw_span *name = sw_arena_array(&run->arena, run->outs + 1u, sizeof(*name));
    enum sw_type *type = sw_arena_array(&run->arena, run->outs + 1u, sizeof(*type));
    if (pick == NULL || name == NULL || type == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < run->outs; i++) {
        pick[i] = (struct sw_derive_pick){0, run->out[i].column};
        name[i] = run->out[i].name;
        type[i] = run->now->schema->column[run->out[i].column].type;
    }
    struct sw_derive_gather_spec spec = {
        .rows = {{.version = run->now, .order = order}},
        .count = count,
        .columns = run->outs,
        .pick = pick,
    };
    SW_TRY(sw_derive_schema(run->outs, name, type, &spec.schema, err));
    return sw_derive_gather(run, &spec, err);
}

static sw_status ordered(struct sw_derive *run, struct sw_err *err)
{
    uint64_t rows = run->order->rows;
    uint64_t count = rows < run->select_limit ? rows : run->select_limit;
    bool is_whole = count == run->now->rows && !run->order->is_sorted;
    return gather_now(run, is_whole ? NULL : run->order, count, err);
}

sw_status sw_derive_select(struct sw_derive *run, const struct sw_sort_key *sort,
                           uint32_t sort_count, uint64_t limit, struct sw_err *err)
{
    struct sw_filter **filters = NULL;
    struct sw_order_spec spec = {.version = run->now,
                                 .sort = sort,
                                 .sort_count = sort_count,
                                 .budget = run->budget,
                                 .urgency = SW_CLASS_INTERACTIVE};
    if (run->out == NULL) {
        SW_TRY(sw_derive_out_all(run, NULL, err));
    }
    if (!sw_derive_has_filters(run) && sort_count == 0 && limit >= run->now->rows) {
        return gather_now(run, NULL, run->now->rows, err);
    }
    if (run->now->rows > SW_SORT_ROWS_MAX) {
        return sw_fail_limit(err, "sort_rows", (int64_t)run->now->rows, SW_SORT_ROWS_MAX,
                             "filter or group the table first");
    }
    SW_TRY(sw_derive_take_filters(run, &filters, &spec.filter_count, err));
    spec.filters = filters;
    run->select_limit = limit;
    sw_status status = sw_order_submit(run->pool, run->lane, &spec, sw_derive_order_done, run,
                                       &run->order_job, err);
    free(filters);
    if (status == SW_OK) {
        run->then = ordered;
        run->is_busy = true;
    }
    return status;
}
