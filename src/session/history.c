/* See history.h. */
#include "session/history.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "table/datetime.h"

static void free_step(struct sw_history *history, struct sw_step *step)
{
    sw_version_unref(step->before);
    sw_version_unref(step->after);
    free(step->what);
    sw_budget_release(history->budget, step->held);
}

void sw_history_free(struct sw_history *history)
{
    if (history == NULL) {
        return;
    }
    for (uint32_t i = 0; i < history->count; i++) {
        free_step(history, &history->step[i]);
    }
    free(history->step);
    free(history);
}

static void cut_undone(struct sw_history *history)
{
    while (history->count > history->at) {
        free_step(history, &history->step[--history->count]);
    }
    history->is_redo_given_up = false;
}

/* -- a new step ---------------------------------------------------------------------- */

static size_t version_bytes(const struct sw_version *version)
{
    return sizeof *version +
           version->groups * (sizeof(struct sw_rowgroup *) + sizeof(version->row_start[0]));
}

static bool make_room(struct sw_history *history)
{
    if (history->count < history->capacity) {
        return true;
    }
    uint32_t capacity = history->capacity + history->capacity / 2 + 8;
    struct sw_step *step = realloc(history->step, capacity * sizeof *step);
    if (step == NULL) {
        return false;
    }
    history->step = step;
    history->capacity = capacity;
    return true;
}

static bool add_step(struct sw_history *history, const struct sw_step *step)
{
    struct sw_step made = *step;
    made.what = strdup(step->what);
    if (made.what == NULL || !make_room(history)) {
        free(made.what);
        return false;
    }
    made.held = sizeof made + strlen(made.what) + version_bytes(step->after);
    if (sw_budget_charge(history->budget, made.held, NULL) != SW_OK) {
        free(made.what);
        return false;
    }
    (void)sw_version_ref(made.before);
    (void)sw_version_ref(made.after);
    history->step[history->count++] = made;
    history->at = history->count;
    return true;
}

/* Nothing of it can be undone any more: a step is missing at its end. */
static void forget_all(struct sw_history *history)
{
    history->given_up += history->at + 1u;
    history->at = 0;
    cut_undone(history);
}

void sw_history_push(struct sw_table *table, struct sw_budget *budget, struct sw_version *before,
                     const char *what, uint64_t rows, int64_t wall_ms, int64_t made_us)
{
    if (table->history == NULL) {
        table->history = calloc(1, sizeof *table->history);
        if (table->history == NULL) {
            return;
        }
        table->history->budget = budget;
    }
    struct sw_history *history = table->history;
    cut_undone(history);
    const struct sw_step step = {.before = before,
                                 .after = table->version,
                                 .what = (char *)(uintptr_t)what,
                                 .rows = rows,
                                 .number = table->version->number,
                                 .wall_ms = wall_ms,
                                 .made_us = made_us};
    if (!add_step(history, &step)) {
        forget_all(history);
    }
}

/* -- as it was saved ----------------------------------------------------------------------- */

sw_status sw_history_new(struct sw_table *table, struct sw_budget *budget, uint64_t given_up,
                         bool is_redo_given_up)
{
    sw_assert(table->history == NULL);
    table->history = calloc(1, sizeof *table->history);
    if (table->history == NULL) {
        return SW_NO_MEMORY;
    }
    table->history->budget = budget;
    table->history->given_up = given_up;
    table->history->is_redo_given_up = is_redo_given_up;
    return SW_OK;
}

bool sw_history_add(struct sw_table *table, const struct sw_step *step)
{
    return add_step(table->history, step);
}

/* -- back and forth ----------------------------------------------------------------------- */

sw_status sw_history_undo(const struct sw_table *table, const struct sw_step **step,
                          struct sw_err *err)
{
    const struct sw_history *history = table->history;
    if (history != NULL && history->at > 0) {
        *step = &history->step[history->at - 1];
        return SW_OK;
    }
    if (history != NULL && history->given_up > 0) {
        return sw_fail(
            err, SW_NOTHING_TO_UNDO,
            "what was done to `%s` before can no longer be undone: its history was given "
            "up to stay within the session's memory",
            table->name);
    }
    return sw_fail(err, SW_NOTHING_TO_UNDO, "nothing was done to `%s` that could be undone",
                   table->name);
}

sw_status sw_history_redo(const struct sw_table *table, const struct sw_step **step,
                          struct sw_err *err)
{
    const struct sw_history *history = table->history;
    if (history != NULL && history->at < history->count) {
        *step = &history->step[history->at];
        return SW_OK;
    }
    if (history != NULL && history->is_redo_given_up) {
        return sw_fail(err, SW_NOTHING_TO_UNDO,
                       "what was undone in `%s` can no longer be redone: its history was given up "
                       "to stay within the session's memory",
                       table->name);
    }
    return sw_fail(err, SW_NOTHING_TO_UNDO, "nothing was undone in `%s` that could be redone",
                   table->name);
}

void sw_history_moved(struct sw_table *table, bool is_undo)
{
    struct sw_history *history = table->history;
    sw_assert(is_undo ? history->at > 0 : history->at < history->count);
    history->at += is_undo ? UINT32_MAX : 1u;
}

/* -- giving up ------------------------------------------------------------------------------ */

/* The oldest of the done steps, or the last of the undone ones: what is left stays whole. */
static void give_up_one(struct sw_history *history)
{
    if (history->at == 0) {
        free_step(history, &history->step[--history->count]);
        history->is_redo_given_up = true;
        return;
    }
    free_step(history, &history->step[0]);
    history->count--;
    history->at--;
    history->given_up++;
    memmove(history->step, history->step + 1, history->count * sizeof history->step[0]);
}

bool sw_history_give_up(struct sw_tables *tables)
{
    struct sw_history *oldest = NULL;
    for (uint32_t i = 0; i < tables->count; i++) {
        struct sw_history *history = tables->item[i]->history;
        if (history != NULL && history->count > 0 &&
            (oldest == NULL || history->step[0].made_us < oldest->step[0].made_us)) {
            oldest = history;
        }
    }
    if (oldest != NULL) {
        give_up_one(oldest);
    }
    return oldest != NULL;
}

/* -- to read ---------------------------------------------------------------------------------- */

void sw_history_put(const struct sw_history *history, struct sw_buf *out)
{
    uint32_t count = history == NULL ? 0 : history->count;
    uint32_t first = count > SW_HISTORY_LISTED_MAX ? count - SW_HISTORY_LISTED_MAX : 0;
    sw_buf_put_byte(out, '[');
    for (uint32_t i = first; i < count; i++) {
        const struct sw_step *step = &history->step[i];
        char time[SW_TIMESTAMP_TEXT_MAX];
        (void)sw_timestamp_format(step->wall_ms, time);
        sw_buf_printf(out, "%s{\"version\":%" PRIu64 ",\"what\":", i == first ? "" : ",",
                      step->number);
        sw_json_put_text(out, sw_span_text(step->what));
        sw_buf_printf(out, ",\"rows\":%" PRIu64 ",\"time\":\"%s\"%s}", step->rows, time,
                      i < history->at ? "" : ",\"undone\":true");
    }
    sw_buf_put_byte(out, ']');
}
