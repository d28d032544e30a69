#include "session/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "session/facts.h"
#include "session/keeping.h"
#include "session/server_priv.h"
#include "wire/decode.h"

#define READING 1 /* what a file becomes: to be raised when the same bytes make another table */

/* -- telling sessions -------------------------------------------------------------------------- */

static void dataset_changed(struct sw_dataset *dataset)
{
    struct sw_session *session;
    struct sw_session *next;
    HASH_ITER (by_key, dataset->server->sessions, session, next) {
        if (sw_tables_find(&session->tables, sw_span_text(dataset->table->name)) ==
            dataset->table) {
            sw_session_table_changed(session, dataset->table);
            if (!dataset->table->is_loading) {
                sw_session_tell_changed(session, dataset->table, "load");
            }
        }
    }
}

/* It could not be read: sessions that have it lose it. */
static void withdraw_dataset(struct sw_dataset *dataset)
{
    struct sw_session *session;
    struct sw_session *next;
    HASH_ITER (by_key, dataset->server->sessions, session, next) {
        sw_tables_remove(&session->tables, dataset->table);
        sw_graph_table_changed(session->graph, sw_span_text(dataset->table->name), false);
        sw_session_run(session);
    }
    sw_tables_remove(&dataset->server->datasets, dataset->table);
}

static void tell_another(struct sw_session *session, const char *table)
{
    char text[SW_NAME_BYTES_MAX + 128];
    (void)snprintf(text, sizeof text,
                   "The file of the table \"%s\" is not the one that this session has seen: the "
                   "table has the new contents.",
                   table);
    sw_session_tell(session, "warn", text);
}

/* -- its task on a disk thread ----------------------------------------------------------------- */

static void task_done(struct sw_disk_task *task);

static void run_task(struct sw_dataset *dataset, enum sw_datafile_task kind)
{
    struct sw_datafile *file = dataset->file;
    file->kind = kind;
    file->outcome = SW_DATAFILE_SAME;
    file->task.work = sw_datafile_step_work;
    file->task.done = task_done;
    file->task.context = file;
    dataset->is_busy = true;
    sw_disk_run(dataset->server->disk, SW_DISK_BULK, &file->task);
}

static void close_file(struct sw_dataset *dataset)
{
    if (dataset->file->fd >= 0) {
        (void)close(dataset->file->fd);
        dataset->file->fd = -1;
    }
}

/* -- being parsed ------------------------------------------------------------------------------ */

static void dataset_over(struct sw_dataset *dataset)
{
    dataset->table->is_loading = false;
    sw_loading_close(dataset->loading);
    dataset->loading = NULL;
    dataset->server->datasets_loading--;
    sw_trim_want(&dataset->server->trimming, sw_clock_ms(dataset->server->clock));
}

/* What was parsed goes into a store, where there is one for it. */
static void keep(struct sw_dataset *dataset)
{
    struct sw_server *server = dataset->server;
    struct sw_datafile *file = dataset->file;
    if (server->spill == NULL || dataset->table->version == NULL) {
        close_file(dataset);
        return;
    }
    if (sw_facts_collect_table(dataset->table, 1, &file->state) != SW_OK) {
        sw_log(SW_LOG_WARN, NULL, "data set not kept table=%s: out of memory",
               dataset->table->name);
        close_file(dataset);
        return;
    }
    run_task(dataset, SW_DATAFILE_KEEP);
}

/* In the place of what the store had, under the next number. */
static void replace_version(struct sw_dataset *dataset, struct sw_version *version)
{
    struct sw_table *table = dataset->table;
    uint64_t number = sw_table_version_number(table) + 1;
    sw_table_set_version(table, version);
    if (sw_table_renumber(table, number) != SW_OK) {
        sw_log(SW_LOG_WARN, NULL, "data set renumber failed table=%s", table->name);
    }
}

static void dataset_stepped(void *context, const struct sw_load_report *report,
                            struct sw_version *version, const struct sw_err *err)
{
    struct sw_dataset *dataset = context;
    struct sw_table *table = dataset->table;
    bool is_whole = report->state == SW_LOAD_DONE;
    sw_table_set_report(table, report);
    if (version != NULL && !dataset->is_again) {
        sw_table_set_version(table, version);
    } else if (version != NULL && is_whole) {
        replace_version(dataset, version);
    } else if (version != NULL) {
        sw_version_unref(version); /* until it is whole, the earlier contents stay */
    }
    switch (report->state) {
    case SW_LOAD_RUNNING:
        break;
    case SW_LOAD_DONE:
        sw_log(SW_LOG_INFO, NULL, "data set ready table=%s rows=%" PRIu64 " bytes=%zu", table->name,
               sw_table_rows(table), table->version == NULL ? 0 : sw_version_bytes(table->version));
        dataset_over(dataset);
        dataset_changed(dataset);
        keep(dataset);
        return;
    case SW_LOAD_FAILED:
        sw_log(SW_LOG_ERROR, NULL, "data set failed table=%s: %s", table->name, err->message);
        dataset_over(dataset);
        withdraw_dataset(dataset);
        close_file(dataset);
        return;
    }
    if (version != NULL && !dataset->is_again) {
        dataset_changed(dataset);
    }
}

static sw_status try_loading(struct sw_dataset *dataset, struct sw_err *err)
{
    struct sw_server *server = dataset->server;
    int fd = fcntl(dataset->file->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return sw_fail(err, SW_STORAGE, "cannot open it again: %s", strerror(errno));
    }
    struct sw_loading_options options = {
        .pool = server->pool,
        .lane = server->lane,
        .load = {.fd = fd,
                 .budget = &server->budget,
                 .is_strict = server->is_strict,
                 .has_header = -1,
                 .name = sw_span_text(dataset->path)},
        .on_step = dataset_stepped,
        .context = dataset,
    };
    sw_status status = sw_loading_new(&options, &dataset->loading, err);
    if (status != SW_OK) {
        (void)close(fd);
        return status;
    }
    sw_loading_offer(dataset->loading, (uint64_t)dataset->facts.bytes);
    sw_loading_end(dataset->loading);
    return SW_OK;
}

/* In the background: whoever asked for the data set has gone on. */
static void start_loading(struct sw_dataset *dataset)
{
    struct sw_err err;
    if (dataset->server->is_stopping || try_loading(dataset, &err) == SW_OK) {
        return;
    }
    sw_log(SW_LOG_ERROR, NULL, "data set failed table=%s: %s", dataset->table->name, err.message);
    dataset_over(dataset);
    withdraw_dataset(dataset);
    close_file(dataset);
}

/* -- being opened ------------------------------------------------------------------------------ */

/* The table as it was restored. */
static sw_status take_state(struct sw_dataset *dataset)
{
    struct sw_saved *state = dataset->file->state;
    dataset->file->state = NULL;
    struct sw_err err;
    sw_status status = sw_facts_apply_report(dataset->table, &state->table[0], &err);
    if (status == SW_OK) {
        sw_table_set_version(dataset->table, sw_version_ref(state->table[0].version));
    }
    sw_saved_free(state);
    return status;
}

static void opened(struct sw_dataset *dataset)
{
    struct sw_datafile *file = dataset->file;
    struct sw_table *table = dataset->table;
    const char *why = file->task.err.message;
    if (file->outcome == SW_DATAFILE_CHANGED) {
        sw_log(SW_LOG_WARN, NULL, "data set changed table=%s: %s; it is read anew", table->name,
               why);
    } else if (file->outcome == SW_DATAFILE_NONE) {
        sw_log(SW_LOG_WARN, NULL, "data set not opened table=%s: %s; it is read anew", table->name,
               why);
    } else if (take_state(dataset) == SW_OK) {
        sw_log(SW_LOG_INFO, NULL, "data set opened table=%s rows=%" PRIu64, table->name,
               sw_table_rows(table));
        dataset_over(dataset);
        dataset_changed(dataset);
        if (file->is_retimed) {
            keep(dataset);
        } else {
            run_task(dataset, SW_DATAFILE_CHECK);
        }
        return;
    }
    start_loading(dataset);
}

/* All of the file has been hashed behind the table that is in use. */
static void checked(struct sw_dataset *dataset)
{
    struct sw_datafile *file = dataset->file;
    struct sw_session *session;
    struct sw_session *next;
    if (file->outcome != SW_DATAFILE_CHANGED) {
        if (file->task.status != SW_OK) {
            sw_log(SW_LOG_WARN, NULL, "data set not checked table=%s: %s", dataset->table->name,
                   file->task.err.message);
        }
        close_file(dataset);
        return;
    }
    sw_log(SW_LOG_WARN, NULL, "data set changed table=%s: %s; it is read anew",
           dataset->table->name, file->task.err.message);
    file->stale = file->store;
    file->store = NULL;
    dataset->is_again = true;
    dataset->table->is_loading = true;
    dataset->server->datasets_loading++;
    start_loading(dataset);
    HASH_ITER (by_key, dataset->server->sessions, session, next) {
        if (sw_tables_find(&session->tables, sw_span_text(dataset->table->name)) ==
            dataset->table) {
            tell_another(session, dataset->table->name);
            sw_datasets_log_files(session);
        }
    }
}

static void task_done(struct sw_disk_task *task)
{
    struct sw_datafile *file = task->context;
    struct sw_dataset *dataset = file->owner;
    dataset->is_busy = false;
    dataset->facts = file->facts;
    if (sw_job_is_cancelled(&task->job)) {
        return;
    }
    switch (file->kind) {
    case SW_DATAFILE_OPEN:
        opened(dataset);
        return;
    case SW_DATAFILE_CHECK:
        checked(dataset);
        return;
    case SW_DATAFILE_KEEP:
        if (task->status != SW_OK) {
            sw_log(SW_LOG_WARN, NULL, "data set not kept table=%s: %s", dataset->table->name,
                   task->err.message);
        } else {
            sw_log(SW_LOG_INFO, NULL, "data set kept table=%s", dataset->table->name);
        }
        close_file(dataset);
        return;
    }
}

/* -- adding ------------------------------------------------------------------------------------ */

static sw_status open_file(const char *path, int *fd, struct sw_err *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (*fd < 0 || fstat(*fd, &about) != 0) {
        sw_status status = sw_fail(err, SW_STORAGE, "cannot open %s: %s", path, strerror(errno));
        if (*fd >= 0) {
            (void)close(*fd);
        }
        return status;
    }
    if (!S_ISREG(about.st_mode)) {
        (void)close(*fd);
        return sw_fail(err, SW_STORAGE, "%s is not a regular file", path);
    }
    return SW_OK;
}

/* What names the store: where the file is, and how it is read. */
static sw_status make_key(const struct sw_server *server, const char *path,
                          unsigned char key[SW_SHA256_BYTES])
{
    char *whole = realpath(path, NULL);
    struct sw_buf text;
    if (whole == NULL) {
        return SW_STORAGE;
    }
    sw_buf_init(&text);
    sw_buf_printf(&text, "%s %d %s\n%s", SW_VERSION, READING, server->is_strict ? "strict" : "",
                  whole);
    free(whole);
    if (!text.failed) {
        sw_sha256(text.data, text.length, key);
    }
    sw_status status = text.failed ? SW_NO_MEMORY : SW_OK;
    sw_buf_fini(&text);
    return status;
}

void sw_dataset_note_store(struct sw_server *server, const struct sw_stored *stored)
{
    struct sw_dataset_store *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return; /* the file is read anew, and its store found by the next start */
    }
    (void)snprintf(made->name, sizeof made->name, "%s", stored->name);
    memcpy(made->key, stored->key, sizeof made->key);
    made->opened_ms = stored->opened_ms;
    made->next = server->dataset_stores;
    server->dataset_stores = made;
}

/* The newest store of the key leaves the list; false: there is none. */
static bool take_store(struct sw_server *server, struct sw_datafile *file)
{
    struct sw_dataset_store **newest = NULL;
    for (struct sw_dataset_store **link = &server->dataset_stores; *link != NULL;
         link = &(*link)->next) {
        if (memcmp((*link)->key, file->key, sizeof file->key) == 0 &&
            (newest == NULL || (*link)->opened_ms > (*newest)->opened_ms)) {
            newest = link;
        }
    }
    if (newest == NULL) {
        return false;
    }
    struct sw_dataset_store *found = *newest;
    memcpy(file->name, found->name, sizeof file->name);
    *newest = found->next;
    free(found);
    return true;
}

static void free_dataset(struct sw_dataset *dataset)
{
    if (dataset->file != NULL && dataset->file->fd >= 0) {
        (void)close(dataset->file->fd);
    }
    free(dataset->file);
    free(dataset->path);
    sw_table_unref(dataset->table);
    free(dataset);
}

static sw_status make_dataset(struct sw_server *server, const char *path, struct sw_dataset **into,
                              struct sw_err *err)
{
    char name[SW_NAME_BYTES_MAX + 1];
    struct sw_dataset *made = calloc(1, sizeof *made);
    struct sw_datafile *file = calloc(1, sizeof *file);
    if (made == NULL || file == NULL) {
        free(made);
        free(file);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    *into = made;
    made->server = server;
    made->file = file;
    *file = (struct sw_datafile){
        .fd = -1, .owner = made, .spill = server->spill, .budget = &server->budget};
    made->path = strdup(path);
    if (made->path == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    SW_TRY(open_file(path, &file->fd, err));
    if (sw_file_facts_read(file->fd, &file->facts) != SW_OK) {
        return sw_fail(err, SW_STORAGE, "cannot read %s: %s", path, strerror(errno));
    }
    made->facts = file->facts;
    SW_TRY(make_key(server, path, file->key));
    sw_tables_free_name(&server->datasets, sw_tables_name_of_file(sw_span_text(path)), name);
    SW_TRY(sw_table_new(sw_span_text(name), &made->table));
    made->table->is_shared = true;
    made->table->is_loading = true;
    made->table->bytes_total = file->facts.bytes;
    return sw_tables_add(&server->datasets, made->table, err);
}

sw_status sw_dataset_add(struct sw_server *server, const char *path, struct sw_err *err)
{
    struct sw_dataset *made = NULL;
    sw_status status = make_dataset(server, path, &made, err);
    bool is_stored = status == SW_OK && server->spill != NULL && take_store(server, made->file);
    if (status == SW_OK && !is_stored) {
        status = try_loading(made, err);
        if (status != SW_OK) {
            sw_tables_remove(&server->datasets, made->table);
        }
    }
    if (status != SW_OK) {
        if (made != NULL) {
            free_dataset(made);
        }
        return status;
    }
    made->next = server->dataset_list;
    server->dataset_list = made;
    server->datasets_loading++;
    if (is_stored) {
        run_task(made, SW_DATAFILE_OPEN);
    }
    return SW_OK;
}

/* -- the end ----------------------------------------------------------------------------------- */

struct removal {
    struct sw_disk_task task; /* first */
    struct sw_spill *spill;
    char name[SW_STORE_NAME_MAX + 1];
};

static bool remove_work(struct sw_disk_task *task)
{
    struct removal *removal = task->context;
    task->status = sw_spill_remove_work(removal->spill, removal->name, &task->err);
    return false;
}

static void remove_done(struct sw_disk_task *task)
{
    struct removal *removal = task->context;
    if (task->status != SW_OK) {
        sw_log(SW_LOG_WARN, removal->name, "remove failed reason=\"%s\"", task->err.message);
    }
    free(removal);
}

void sw_datasets_sweep(struct sw_server *server)
{
    while (server->dataset_stores != NULL) {
        struct sw_dataset_store *old = server->dataset_stores;
        struct removal *made = calloc(1, sizeof *made);
        if (made == NULL) {
            return; /* the next sweep tries again */
        }
        server->dataset_stores = old->next;
        made->spill = server->spill;
        memcpy(made->name, old->name, sizeof made->name);
        made->task.work = remove_work;
        made->task.done = remove_done;
        made->task.context = made;
        sw_disk_run(server->disk, SW_DISK_BULK, &made->task);
        free(old);
    }
}

void sw_datasets_stop(struct sw_server *server)
{
    for (struct sw_dataset *dataset = server->dataset_list; dataset != NULL;
         dataset = dataset->next) {
        sw_loading_close(dataset->loading);
        dataset->loading = NULL;
        if (dataset->is_busy) {
            sw_disk_cancel(server->disk, &dataset->file->task);
        }
    }
}

static void closed(struct sw_disk_task *task)
{
    (void)task;
}

void sw_datasets_free(struct sw_server *server)
{
    for (struct sw_dataset *dataset = server->dataset_list; dataset != NULL;
         dataset = dataset->next) {
        struct sw_datafile *file = dataset->file;
        sw_table_unref(dataset->table);
        dataset->table = NULL;
        if (server->disk != NULL) {
            file->task.work = sw_datafile_close_work;
            file->task.done = closed;
            file->task.context = file;
            sw_disk_run(server->disk, SW_DISK_BULK, &file->task);
        }
    }
    sw_disk_settle(server->disk);
    while (server->dataset_list != NULL) {
        struct sw_dataset *next = server->dataset_list->next;
        free_dataset(server->dataset_list);
        server->dataset_list = next;
    }
    while (server->dataset_stores != NULL) {
        struct sw_dataset_store *next = server->dataset_stores->next;
        free(server->dataset_stores);
        server->dataset_stores = next;
    }
}

/* -- which files a session has seen ------------------------------------------------------------ */

static const struct sw_dataset *find_dataset(const struct sw_server *server,
                                             const struct sw_table *table)
{
    const struct sw_dataset *dataset = server->dataset_list;
    while (dataset != NULL && dataset->table != table) {
        dataset = dataset->next;
    }
    return dataset;
}

void sw_datasets_put_files(const struct sw_session *session, struct sw_buf *out)
{
    const char *comma = "";
    if (session->files != NULL) {
        sw_buf_put_text(out, session->files);
        return;
    }
    sw_buf_put_byte(out, '{');
    for (uint32_t i = 0; i < session->tables.count; i++) {
        const struct sw_table *table = session->tables.item[i];
        const struct sw_dataset *dataset =
            table->is_shared ? find_dataset(session->server, table) : NULL;
        char text[SW_FILE_FACTS_TEXT];
        if (dataset == NULL) {
            continue;
        }
        sw_file_facts_write(&dataset->facts, text);
        sw_buf_put_text(out, comma);
        sw_json_put_text(out, sw_span_text(table->name));
        sw_buf_printf(out, ":\"%s\"", text);
        comma = ",";
    }
    sw_buf_put_byte(out, '}');
}

void sw_datasets_log_files(struct sw_session *session)
{
    struct sw_buf files;
    if (session->server->dataset_list == NULL) {
        return;
    }
    sw_buf_init(&files);
    sw_datasets_put_files(session, &files);
    if (files.failed) {
        sw_keep_add_unknown(session);
    } else {
        const struct sw_keep_entry entry = {.method = sw_span_text(SW_FILES_RECORD),
                                            .message = sw_buf_peek(&files)};
        sw_keep_add(session, &entry);
    }
    sw_buf_fini(&files);
}

/* One that the session has seen. True: it is another now. */
static bool tell_one(struct sw_session *session, struct sw_span name, struct sw_span text)
{
    struct sw_file_facts then;
    const struct sw_server *server = session->server;
    const struct sw_table *table = sw_tables_find(&server->datasets, name);
    const struct sw_dataset *dataset = table == NULL ? NULL : find_dataset(server, table);
    if (!sw_file_facts_parse(text, &then)) {
        return false;
    }
    if (dataset == NULL && sw_tables_find(&session->tables, name) == NULL) {
        char words[SW_NAME_BYTES_MAX + 128];
        (void)snprintf(words, sizeof words,
                       "The table \"%.*s\" is gone: the server runs without its file.",
                       (int)name.length, name.data);
        sw_session_tell(session, "warn", words);
        return true;
    }
    if (dataset == NULL || sw_tables_find(&session->tables, name) != table ||
        sw_file_facts_equal(&then, &dataset->facts)) {
        return false;
    }
    tell_another(session, table->name);
    return true;
}

void sw_datasets_tell(struct sw_session *session)
{
    struct sw_arena arena;
    const struct sw_json *seen = NULL;
    bool is_any = false;
    char *files = session->files;
    if (files == NULL || session->sockets == NULL) {
        return;
    }
    session->files = NULL;
    sw_arena_init(&arena);
    if (sw_decode_json(&arena, sw_span_text(files), &seen, NULL) == SW_OK &&
        seen->kind == SW_JSON_OBJECT) {
        for (size_t i = 0; i < seen->u.list.count; i++) {
            struct sw_span text;
            const struct sw_json *item = &seen->u.list.items[i];
            if (sw_json_get_text(item, &text)) {
                is_any = tell_one(session, item->key, text) || is_any;
            }
        }
    }
    sw_arena_fini(&arena);
    free(files);
    if (is_any) {
        sw_datasets_log_files(session);
    }
}
