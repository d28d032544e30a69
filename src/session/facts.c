/* See facts.h.  What is JSON here:
 *
 *   session   {"epoch", "next_table", "age_ms"}
 *   graph     lines of reactive/keep.c
 *   tables    {"order": [ID or "a data set"], "data_sets": ["all that the server had"]}
 *   uploads   session/keptupload.c
 *   files     of data sets, that the session has seen: session/dataset.h
 *   and of each table its facts: where it came from, bad rows, history given up, definition */
#include "session/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "session/dataset.h"
#include "session/derived.h"
#include "session/history.h"
#include "session/keptupload.h"
#include "session/server_priv.h"
#include "wire/decode.h"

enum fact { FACT_SESSION, FACT_GRAPH, FACT_TABLES, FACT_UPLOADS, FACT_FILES, FACTS };
static const char *const fact_names[FACTS] = {"session", "graph", "tables", "uploads", "files"};

/* -- collecting ------------------------------------------------------------------------------- */

/* The bytes into the state's arena. */
static sw_status keep_text(struct sw_saved *saved, struct sw_buf *text, struct sw_span *into)
{
    char *copy = text->failed ? NULL : sw_arena_text(&saved->arena, sw_buf_peek(text));
    *into = sw_span_of(copy, copy == NULL ? 0 : text->length);
    sw_buf_fini(text);
    return copy == NULL ? SW_NO_MEMORY : SW_OK;
}

static void put_session(struct sw_session *session, struct sw_buf *out)
{
    sw_buf_printf(out, "{\"epoch\":%" PRId64 ",\"next_table\":%" PRIu64 ",\"age_ms\":%" PRId64 "}",
                  session->epoch, session->next_table,
                  sw_clock_ms(session->server->clock) - session->opened_ms);
}

static void put_tables(struct sw_session *session, struct sw_buf *out)
{
    const struct sw_tables *tables = &session->tables;
    const struct sw_tables *datasets = &session->server->datasets;
    const char *comma = "";
    sw_buf_put_text(out, "{\"order\":[");
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct sw_table *table = tables->item[i];
        if (table->is_loading && !table->is_shared) {
            continue;
        }
        sw_buf_put_text(out, comma);
        comma = ",";
        if (table->is_shared) {
            sw_json_put_text(out, sw_span_text(table->name));
        } else {
            sw_buf_printf(out, "%" PRIu64, table->id);
        }
    }
    sw_buf_put_text(out, "],\"data_sets\":[");
    for (uint32_t i = 0; i < datasets->count; i++) {
        sw_buf_put_text(out, i == 0 ? "" : ",");
        sw_json_put_text(out, sw_span_text(datasets->item[i]->name));
    }
    sw_buf_put_text(out, "]}");
}

static void put_bad(const struct sw_table *table, struct sw_buf *out)
{
    sw_buf_put_text(out, ",\"bad\":[");
    for (uint32_t i = 0; i < table->bad_kept; i++) {
        const struct sw_bad_row *bad = &table->bad[i];
        sw_buf_printf(out, "%s{\"line\":%" PRIu64 ",\"column\":%d,\"reason\":", i == 0 ? "" : ",",
                      bad->line, bad->column);
        sw_json_put_text(out, sw_span_text(bad->reason));
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_byte(out, ']');
}

static void put_table_facts(const struct sw_table *table, struct sw_buf *out)
{
    sw_buf_printf(out,
                  "{\"bytes_total\":%" PRId64 ",\"bytes_read\":%" PRIu64 ",\"rows_read\":%" PRIu64
                  ",\"bad_count\":%" PRIu64 ",\"replaced_bytes\":%" PRIu64 ",\"followed\":%" PRIu32,
                  table->bytes_total, table->bytes_read, table->rows_read, table->bad_count,
                  table->replaced_bytes, table->followed);
    put_bad(table, out);
    if (table->history != NULL) {
        sw_buf_printf(out, ",\"given_up\":%" PRIu64 ",\"is_redo_given_up\":%s",
                      table->history->given_up,
                      table->history->is_redo_given_up ? "true" : "false");
    }
    if (table->derived != NULL) {
        sw_buf_put_text(out, ",\"derived\":");
        sw_buf_put(out, table->derived->definition.data, table->derived->definition.length);
    }
    sw_buf_put_byte(out, '}');
}

static sw_status save_text(struct sw_saved *saved, const char *text, struct sw_span *into)
{
    char *copy = sw_arena_text(&saved->arena, sw_span_text(text));
    *into = sw_span_of(copy, copy == NULL ? 0 : strlen(copy));
    return copy == NULL ? SW_NO_MEMORY : SW_OK;
}

static sw_status collect_steps(struct sw_saved *saved, const struct sw_history *history,
                               struct sw_saved_table *into)
{
    into->step = sw_arena_array(&saved->arena, history->count + 1u, sizeof *into->step);
    if (into->step == NULL) {
        return SW_NO_MEMORY;
    }
    into->done = history->at;
    for (uint32_t i = 0; i < history->count; i++) {
        const struct sw_step *step = &history->step[i];
        struct sw_saved_step *kept = &into->step[i];
        SW_TRY(save_text(saved, step->what, &kept->what));
        kept->before = sw_version_ref(step->before);
        kept->after = sw_version_ref(step->after);
        kept->rows = step->rows;
        kept->number = step->number;
        kept->wall_ms = step->wall_ms;
        kept->made_us = step->made_us;
        into->steps = i + 1;
    }
    return SW_OK;
}

static sw_status collect_table(struct sw_saved *saved, const struct sw_table *table,
                               struct sw_saved_table *into)
{
    struct sw_buf facts;
    into->id = table->id;
    SW_TRY(save_text(saved, table->name, &into->name));
    SW_TRY(save_text(saved, table->source, &into->source));
    sw_buf_init(&facts);
    put_table_facts(table, &facts);
    SW_TRY(keep_text(saved, &facts, &into->facts));
    into->version = table->version == NULL ? NULL : sw_version_ref(table->version);
    return table->history == NULL ? SW_OK : collect_steps(saved, table->history, into);
}

static bool is_saved(const struct sw_table *table)
{
    return !table->is_shared && !table->is_loading;
}

static sw_status collect(struct sw_session *session, struct sw_saved *saved)
{
    uint32_t at = 0;
    struct sw_buf text;
    for (uint32_t i = 0; i < session->tables.count; i++) {
        struct sw_table *table = session->tables.item[i];
        if (is_saved(table)) {
            table->id = table->id == 0 ? ++session->next_table : table->id;
            SW_TRY(collect_table(saved, table, &saved->table[at++]));
        }
    }
    for (size_t i = 0; i < FACTS; i++) {
        SW_TRY(save_text(saved, fact_names[i], &saved->fact[i].name));
        sw_buf_init(&text);
        switch ((enum fact)i) {
        case FACT_SESSION:
            put_session(session, &text);
            break;
        case FACT_GRAPH:
            sw_graph_put_state(session->graph, &text);
            break;
        case FACT_TABLES:
            put_tables(session, &text);
            break;
        case FACT_UPLOADS:
            sw_kept_uploads_put(session, &text);
            break;
        case FACT_FILES:
            sw_datasets_put_files(session, &text);
            break;
        case FACTS:
            break;
        }
        SW_TRY(keep_text(saved, &text, &saved->fact[i].value));
    }
    return SW_OK;
}

sw_status sw_facts_collect(struct sw_session *session, uint64_t seq, struct sw_saved **saved)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->tables.count; i++) {
        count += is_saved(session->tables.item[i]);
    }
    struct sw_saved *made = NULL;
    SW_TRY(sw_saved_new(count, FACTS, &made));
    made->seq = seq;
    sw_status status = collect(session, made);
    if (status != SW_OK) {
        sw_saved_free(made);
        return status;
    }
    *saved = made;
    return SW_OK;
}

sw_status sw_facts_collect_table(const struct sw_table *table, uint32_t facts,
                                 struct sw_saved **saved)
{
    struct sw_saved *made = NULL;
    SW_TRY(sw_saved_new(1, facts, &made));
    sw_status status = collect_table(made, table, &made->table[0]);
    if (status != SW_OK) {
        sw_saved_free(made);
        return status;
    }
    *saved = made;
    return SW_OK;
}

/* -- applying --------------------------------------------------------------------------------- */

static sw_status contradiction(struct sw_err *err, const char *what)
{
    return sw_fail(err, SW_DAMAGED, "what was saved of this session has no such form: %s", what);
}

static const struct sw_json *read_json(struct sw_arena *arena, struct sw_span text)
{
    const struct sw_json *json = NULL;
    return sw_decode_json(arena, text, &json, NULL) == SW_OK ? json : NULL;
}

static int64_t number_of(const struct sw_json *object, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    return sw_json_get_int(sw_json_member(object, name), &value) ? value : otherwise;
}

static bool flag_of(const struct sw_json *object, const char *name)
{
    const struct sw_json *json = sw_json_member(object, name);
    return json != NULL && json->kind == SW_JSON_BOOL && json->u.boolean;
}

static void apply_bad(struct sw_table *table, const struct sw_json *list)
{
    size_t count = list != NULL && list->kind == SW_JSON_ARRAY ? list->u.list.count : 0;
    for (size_t i = 0; i < count && i < SW_BAD_ROWS_KEPT; i++) {
        const struct sw_json *item = &list->u.list.items[i];
        struct sw_bad_row *bad = &table->bad[table->bad_kept++];
        struct sw_span reason = {"", 0};
        bad->line = (uint64_t)number_of(item, "line", 0);
        bad->column = (int32_t)number_of(item, "column", -1);
        (void)sw_json_get_text(sw_json_member(item, "reason"), &reason);
        (void)snprintf(bad->reason, sizeof bad->reason, "%.*s", (int)reason.length, reason.data);
    }
}

static void apply_report(struct sw_table *table, const struct sw_json *facts)
{
    table->bytes_total = number_of(facts, "bytes_total", -1);
    table->bytes_read = (uint64_t)number_of(facts, "bytes_read", 0);
    table->rows_read = (uint64_t)number_of(facts, "rows_read", 0);
    table->bad_count = (uint64_t)number_of(facts, "bad_count", 0);
    table->replaced_bytes = (uint64_t)number_of(facts, "replaced_bytes", 0);
    table->followed = (uint32_t)number_of(facts, "followed", 0);
    apply_bad(table, sw_json_member(facts, "bad"));
}

sw_status sw_facts_apply_report(struct sw_table *table, const struct sw_saved_table *saved,
                                struct sw_err *err)
{
    struct sw_arena arena;
    sw_arena_init(&arena);
    const struct sw_json *facts = read_json(&arena, saved->facts);
    if (facts != NULL) {
        (void)snprintf(table->source, sizeof table->source, "%.*s", (int)saved->source.length,
                       saved->source.data);
        apply_report(table, facts);
    }
    sw_arena_fini(&arena);
    return facts == NULL ? contradiction(err, "facts of a table") : SW_OK;
}

static sw_status apply_table_facts(struct sw_session *session, struct sw_table *table,
                                   const struct sw_json *facts, struct sw_err *err)
{
    apply_report(table, facts);
    const struct sw_json *derived = sw_json_member(facts, "derived");
    if (derived == NULL) {
        return SW_OK;
    }
    SW_TRY(sw_derived_new(derived, &table->derived, err));
    table->derived->marked = ++session->moment; /* whoever reads it next makes it anew */
    return SW_OK;
}

static sw_status apply_history(struct sw_session *session, struct sw_table *table,
                               const struct sw_saved_table *saved, const struct sw_json *facts)
{
    uint64_t given_up = (uint64_t)number_of(facts, "given_up", 0);
    bool is_redo_given_up = flag_of(facts, "is_redo_given_up");
    if (saved->steps == 0 && given_up == 0 && !is_redo_given_up) {
        return SW_OK;
    }
    SW_TRY(sw_history_new(table, &session->budget, given_up, is_redo_given_up));
    for (uint32_t i = 0; i < saved->steps; i++) {
        const struct sw_saved_step *step = &saved->step[i];
        char *what = sw_span_dup(step->what);
        const struct sw_step kept = {.before = step->before,
                                     .after = step->after,
                                     .what = what,
                                     .rows = step->rows,
                                     .number = step->number,
                                     .wall_ms = step->wall_ms,
                                     .made_us = step->made_us};
        bool is_added = what != NULL && sw_history_add(table, &kept);
        free(what);
        if (!is_added) {
            return SW_NO_MEMORY;
        }
    }
    table->history->at = saved->done;
    return SW_OK;
}

static sw_status apply_table(struct sw_session *session, const struct sw_saved_table *saved,
                             struct sw_table **table, struct sw_err *err)
{
    struct sw_arena arena;
    sw_arena_init(&arena);
    const struct sw_json *facts = read_json(&arena, saved->facts);
    sw_status status =
        facts == NULL ? contradiction(err, "facts of a table") : sw_table_new(saved->name, table);
    if (status == SW_OK) {
        (*table)->id = saved->id;
        (void)snprintf((*table)->source, sizeof(*table)->source, "%.*s", (int)saved->source.length,
                       saved->source.data);
        if (saved->version != NULL) {
            sw_table_set_version(*table, sw_version_ref(saved->version));
        }
        status = apply_table_facts(session, *table, facts, err);
        status = status == SW_OK ? apply_history(session, *table, saved, facts) : status;
    }
    sw_arena_fini(&arena);
    return status;
}

static const struct sw_saved_table *saved_by_id(const struct sw_saved *saved, uint64_t id)
{
    for (uint32_t i = 0; i < saved->tables; i++) {
        if (saved->table[i].id == id) {
            return &saved->table[i];
        }
    }
    return NULL;
}

static sw_status add_own(struct sw_session *session, const struct sw_saved *saved, uint64_t id,
                         struct sw_err *err)
{
    const struct sw_saved_table *kept = saved_by_id(saved, id);
    struct sw_table *table = NULL;
    if (kept == NULL) {
        return contradiction(err, "a table is missing");
    }
    sw_status status = apply_table(session, kept, &table, err);
    status = status == SW_OK ? sw_tables_add(&session->tables, table, err) : status;
    sw_table_unref(table);
    return status;
}

static bool holds_text(const struct sw_json *list, const char *text)
{
    size_t count = list != NULL && list->kind == SW_JSON_ARRAY ? list->u.list.count : 0;
    for (size_t i = 0; i < count; i++) {
        struct sw_span item;
        if (sw_json_get_text(&list->u.list.items[i], &item) &&
            sw_span_equal(item, sw_span_text(text))) {
            return true;
        }
    }
    return false;
}

/* Data sets that the server did not have when this was saved are this session's, too. */
static sw_status add_new_datasets(struct sw_session *session, const struct sw_json *known,
                                  struct sw_err *err)
{
    const struct sw_tables *datasets = &session->server->datasets;
    for (uint32_t i = 0; i < datasets->count; i++) {
        struct sw_table *table = datasets->item[i];
        if (!holds_text(known, table->name) &&
            sw_tables_find(&session->tables, sw_span_text(table->name)) == NULL) {
            SW_TRY(sw_tables_add(&session->tables, table, err));
        }
    }
    return SW_OK;
}

static sw_status apply_tables(struct sw_session *session, const struct sw_saved *saved,
                              const struct sw_json *facts, struct sw_err *err)
{
    const struct sw_json *order = sw_json_member(facts, "order");
    size_t count = order != NULL && order->kind == SW_JSON_ARRAY ? order->u.list.count : 0;
    for (size_t i = 0; i < count; i++) {
        const struct sw_json *item = &order->u.list.items[i];
        struct sw_span name;
        int64_t id;
        if (item->kind == SW_JSON_STRING && sw_json_get_text(item, &name)) {
            struct sw_table *table = sw_tables_find(&session->server->datasets, name);
            if (table != NULL) {
                SW_TRY(sw_tables_add(&session->tables, table, err));
            }
        } else if (sw_json_get_int(item, &id) && id > 0) {
            SW_TRY(add_own(session, saved, (uint64_t)id, err));
        } else {
            return contradiction(err, "the order of its tables");
        }
    }
    return add_new_datasets(session, sw_json_member(facts, "data_sets"), err);
}

static sw_status apply_graph(struct sw_session *session, struct sw_span lines, struct sw_err *err)
{
    sw_status status = SW_OK;
    while (lines.length > 0 && status == SW_OK) {
        struct sw_arena arena;
        sw_arena_init(&arena);
        const char *end = memchr(lines.data, '\n', lines.length);
        size_t length = end == NULL ? lines.length : (size_t)(end - lines.data);
        const struct sw_json *line = read_json(&arena, sw_span_of(lines.data, length));
        status = line == NULL ? contradiction(err, "graph")
                              : sw_graph_take_state(session->graph, line, err);
        sw_arena_fini(&arena);
        length += end != NULL;
        lines = sw_span_of(lines.data + length, lines.length - length);
    }
    return status;
}

static sw_status apply_facts(struct sw_session *session, const struct sw_saved *saved,
                             const struct sw_json *const *fact, struct sw_span graph,
                             struct sw_err *err)
{
    session->epoch = number_of(fact[FACT_SESSION], "epoch", 0);
    session->next_table = (uint64_t)number_of(fact[FACT_SESSION], "next_table", 0);
    session->opened_ms =
        sw_clock_ms(session->server->clock) - number_of(fact[FACT_SESSION], "age_ms", 0);
    SW_TRY(apply_tables(session, saved, fact[FACT_TABLES], err));
    SW_TRY(apply_graph(session, graph, err));
    return sw_kept_uploads_take(session, fact[FACT_UPLOADS], err);
}

static sw_status keep_files(struct sw_session *session, const struct sw_saved *saved)
{
    for (uint32_t i = 0; i < saved->facts; i++) {
        if (sw_span_equal(saved->fact[i].name, sw_span_text(fact_names[FACT_FILES]))) {
            free(session->files);
            session->files = sw_span_dup(saved->fact[i].value);
            return session->files == NULL ? SW_NO_MEMORY : SW_OK;
        }
    }
    return SW_OK;
}

sw_status sw_facts_apply(struct sw_session *session, const struct sw_saved *saved,
                         struct sw_err *err)
{
    static const struct sw_json none = {.kind = SW_JSON_NULL};
    const struct sw_json *fact[FACTS] = {[FACT_GRAPH] = &none, [FACT_FILES] = &none};
    struct sw_span graph = {0};
    struct sw_arena arena;
    sw_arena_init(&arena);
    for (uint32_t i = 0; i < saved->facts; i++) {
        for (size_t k = 0; k < FACTS; k++) {
            if (!sw_span_equal(saved->fact[i].name, sw_span_text(fact_names[k]))) {
                continue;
            }
            if (k == FACT_GRAPH) {
                graph = saved->fact[i].value;
            } else if (k != FACT_FILES) {
                fact[k] = read_json(&arena, saved->fact[i].value);
            }
        }
    }
    sw_status status = SW_OK;
    for (size_t k = 0; k < FACTS; k++) {
        status = status == SW_OK && fact[k] == NULL ? contradiction(err, fact_names[k]) : status;
    }
    status = status == SW_OK ? apply_facts(session, saved, fact, graph, err) : status;
    status = status == SW_OK ? keep_files(session, saved) : status;
    if (status == SW_NO_MEMORY) {
        (void)sw_fail(err, status, "out of memory");
    }
    sw_arena_fini(&arena);
    return status;
}
