/* Derived tables: definitions, who follows what, and what is refused. See derived.h. */
#include "session/derived.h"

#include <stdlib.h>

/* Members of table.create that are not the definition's. */
static const char *const own_params[] = {"table", "snapshot", "replace", NULL};

sw_status sw_derived_new(const struct sw_json *params, struct sw_derived **derived,
                         struct sw_err *err)
{
    struct sw_derived *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_buf_init(&made->definition);
    sw_buf_init(&made->key);
    sw_status status = sw_derive_plan_new(params, own_params, &made->plan, err);
    if (status == SW_OK) {
        sw_json_put(&made->definition, params);
        status = made->definition.failed ? sw_fail(err, SW_NO_MEMORY, "out of memory") : SW_OK;
    }
    if (status != SW_OK) {
        sw_derived_free(made);
        return status;
    }
    *derived = made;
    return SW_OK;
}

void sw_derived_free(struct sw_derived *derived)
{
    if (derived != NULL) {
        sw_derive_plan_unref(derived->plan);
        sw_buf_fini(&derived->definition);
        sw_buf_fini(&derived->key);
        free(derived);
    }
}

bool sw_derived_is_stale(const struct sw_derived *derived)
{
    return derived->marked > derived->moment;
}

/* -- marking -------------------------------------------------------------------------------- */

static bool is_source(const struct sw_derived *derived, struct sw_span table)
{
    return sw_span_equal(sw_derive_plan_from(derived->plan), table) ||
           sw_span_equal(sw_derive_plan_join(derived->plan), table);
}

/* The table, the outputs over it, the tables over it. */
static void mark(struct sw_session *session, struct sw_table *table)
{
    if (table->derived->marked == session->moment) {
        return;
    }
    table->derived->marked = session->moment;
    sw_graph_table_changed(session->graph, sw_span_text(table->name), false);
    sw_derived_table_changed(session, sw_span_text(table->name));
}

void sw_derived_table_changed(struct sw_session *session, struct sw_span name)
{
    for (uint32_t i = 0; i < session->tables.count; i++) {
        struct sw_table *table = session->tables.item[i];
        if (table->derived != NULL && is_source(table->derived, name)) {
            mark(session, table);
        }
    }
}

static bool names_input(const struct sw_derived *derived, const struct sw_json *values)
{
    const struct sw_span *name;
    size_t count = sw_derive_plan_inputs(derived->plan, &name);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < values->u.list.count; k++) {
            if (sw_span_equal(name[i], values->u.list.items[k].key)) {
                return true;
            }
        }
    }
    return false;
}

/* Formulas of a source may follow any input. */
static bool has_formulas(const struct sw_session *session, struct sw_span name)
{
    const struct sw_table *table = sw_tables_find(&session->tables, name);
    return table != NULL && table->version != NULL && table->version->schema->formulas > 0;
}

void sw_derived_inputs_changed(struct sw_session *session, const struct sw_json *values)
{
    for (uint32_t i = 0; i < session->tables.count; i++) {
        struct sw_table *table = session->tables.item[i];
        const struct sw_derived *derived = table->derived;
        if (derived != NULL &&
            (names_input(derived, values) || sw_derive_plan_select(derived->plan).length > 0 ||
             has_formulas(session, sw_derive_plan_from(derived->plan)) ||
             has_formulas(session, sw_derive_plan_join(derived->plan)))) {
            mark(session, table);
        }
    }
}

void sw_derived_select_changed(struct sw_session *session, struct sw_span select)
{
    for (uint32_t i = 0; i < session->tables.count; i++) {
        struct sw_table *table = session->tables.item[i];
        if (table->derived != NULL &&
            sw_span_equal(sw_derive_plan_select(table->derived->plan), select)) {
            mark(session, table);
        }
    }
}

/* -- what is refused ------------------------------------------------------------------------ */

sw_status sw_derived_check_edit(const struct sw_table *table, struct sw_err *err)
{
    if (table->derived == NULL) {
        return SW_OK;
    }
    return sw_fail(
        err, SW_NOT_ALLOWED,
        "`%.200s` is derived and follows its sources: edit those, or make a table of its "
        "own of it (table.create with `from`, \"snapshot\": true)",
        table->name);
}

sw_status sw_derived_check_drop(const struct sw_session *session, const struct sw_table *table,
                                struct sw_err *err)
{
    struct sw_buf names;
    sw_buf_init(&names);
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->tables.count; i++) {
        const struct sw_table *other = session->tables.item[i];
        if (other->derived != NULL && is_source(other->derived, sw_span_text(table->name))) {
            sw_buf_printf(&names, "%s`%.60s`", count == 0 ? "" : ", ", other->name);
            count++;
        }
    }
    sw_buf_put_byte(&names, '\0');
    sw_status status = SW_OK;
    if (count > 0) {
        status =
            sw_fail(err, SW_NOT_ALLOWED, "`%.100s` is what %.300s %s derived from: drop %s first",
                    table->name, names.failed ? "other tables" : names.data,
                    count == 1 ? "is" : "are", count == 1 ? "it" : "those");
    }
    sw_buf_fini(&names);
    return status;
}

/* A walk from a definition to its sources and theirs. */
struct walk {
    const struct sw_session *session;
    struct sw_span target; /* that must not be met */
    struct sw_span path[SW_DERIVED_DEPTH_MAX + 1];
    uint32_t depth;
};

static sw_status say_cycle(const struct walk *walk, struct sw_err *err)
{
    struct sw_buf path;
    sw_buf_init(&path);
    sw_buf_printf(&path, "`%.*s`", (int)walk->target.length, walk->target.data);
    for (uint32_t i = 0; i < walk->depth; i++) {
        sw_buf_printf(&path, " <- `%.*s`", (int)walk->path[i].length, walk->path[i].data);
    }
    sw_buf_put_byte(&path, '\0');
    sw_status status =
        sw_fail(err, SW_PARAMS, "table.create: a table cannot be derived from itself: %.350s",
                path.failed ? "" : path.data);
    sw_buf_fini(&path);
    return status;
}

static sw_status visit(struct walk *walk, const struct sw_derive_plan *plan, struct sw_err *err)
{
    const struct sw_span source[2] = {sw_derive_plan_from(plan), sw_derive_plan_join(plan)};
    if (walk->depth == SW_DERIVED_DEPTH_MAX) {
        return sw_fail_limit(err, "derived_depth", SW_DERIVED_DEPTH_MAX + 1, SW_DERIVED_DEPTH_MAX,
                             "make a snapshot of one of the tables between");
    }
    for (unsigned i = 0; i < 2; i++) {
        if (source[i].length == 0) {
            continue;
        }
        walk->path[walk->depth++] = source[i];
        if (sw_span_equal(source[i], walk->target)) {
            return say_cycle(walk, err);
        }
        const struct sw_table *table = sw_tables_find(&walk->session->tables, source[i]);
        if (table != NULL && table->derived != NULL) {
            SW_TRY(visit(walk, table->derived->plan, err));
        }
        walk->depth--;
    }
    return SW_OK;
}

sw_status sw_derived_check_sources(const struct sw_session *session,
                                   const struct sw_derive_plan *plan, struct sw_span name,
                                   bool is_snapshot, struct sw_err *err)
{
    const struct sw_span source[2] = {sw_derive_plan_from(plan), sw_derive_plan_join(plan)};
    for (unsigned i = 0; i < 2; i++) {
        struct sw_table *table;
        if (source[i].length == 0) {
            continue;
        }
        SW_TRY(sw_tables_need(&session->tables, source[i], &table, err));
        if (table->version == NULL || (is_snapshot && table->is_loading)) {
            return sw_fail(err, SW_NOT_ALLOWED,
                           "`%s` is still loading: try again when it is complete", table->name);
        }
    }
    struct walk walk = {.session = session, .target = name};
    return is_snapshot ? SW_OK : visit(&walk, plan, err);
}
