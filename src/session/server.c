#include "session/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "exec/scan.h"
#include "session/behind.h"
#include "session/dataset.h"
#include "session/derived.h"
#include "session/keeping.h"
#include "session/server_priv.h"
#include "session/socket_priv.h"
#include "session/stored.h"
#include "session/ticket.h"
#include "session/upload_priv.h"

#define SWEEP_MS       1000 /* between two looks for what has expired */
#define UPLOADS_DIR    "uploads"
#define CLOSE_STOPPING 1001 /* the session ends with the server, */
#define CLOSE_RESTART  1012 /* or does not: come back */

/* -- making it -------------------------------------------------------------------------------- */

/* The directory and those above it that are missing; all of them for their owner alone. */
static sw_status make_dir(int parent, const char *path, struct sw_err *err)
{
    char above[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path);
        if (length < sizeof above) {
            memcpy(above, path, length);
            above[length] = '\0';
            (void)mkdirat(parent, above, 0700); /* what fails here fails below, with its reason */
        }
    }
    if (mkdirat(parent, path, 0700) != 0 && errno != EEXIST) {
        return sw_fail(err, SW_STORAGE, "--state: cannot make the directory %s: %s", path,
                       strerror(errno));
    }
    return SW_OK;
}

static sw_status open_state(struct sw_server *server, const char *path, struct sw_err *err)
{
    server->state_dir = strdup(path);
    if (server->state_dir == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    SW_TRY(make_dir(AT_FDCWD, path, err));
    int state = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (state < 0) {
        return sw_fail(err, SW_STORAGE, "--state: cannot open %s: %s", path, strerror(errno));
    }
    sw_status status = make_dir(state, UPLOADS_DIR, err);
    if (status == SW_OK) {
        server->uploads_fd =
            openat(state, UPLOADS_DIR, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (server->uploads_fd < 0 || faccessat(state, UPLOADS_DIR, W_OK, 0) != 0) {
            status = sw_fail(err, SW_STORAGE, "--state: cannot write to %s/" UPLOADS_DIR ": %s",
                             path, strerror(errno));
        }
    }
    (void)close(state);
    return status;
}

static void wake_net(void *context)
{
    struct sw_server *server = context;
    server->calls.wake(server->calls.net);
}

/* What outlives the process. */
static sw_status open_spill(struct sw_server *server, const struct sw_server_options *options,
                            struct sw_err *err)
{
    const struct sw_spill_options spill = {.state_dir = options->state_dir,
                                           .durability = options->durability,
                                           .disk_bytes = options->disk_bytes,
                                           .disk_free_bytes = options->disk_free_bytes};
    if (!options->is_kept) {
        return SW_OK;
    }
    SW_TRY(sw_spill_open(&spill, &server->spill, err));
    SW_TRY(sw_disk_new(wake_net, server, &server->disk, err));
    return sw_stored_read(server, err);
}

static sw_status fill(struct sw_server *server, const struct sw_server_options *options,
                      struct sw_err *err)
{
    SW_TRY(open_state(server, options->state_dir, err));
    SW_TRY(sw_partials_set_new(&server->budget, &server->partials));
    SW_TRY(sw_cache_set_new(&server->budget, &server->caches));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = options->threads > 0 ? options->threads : (unsigned)(cores > 0 ? cores : 1);
    SW_TRY(sw_pool_new(threads, wake_net, server, &server->pool, err));
    SW_TRY(open_spill(server, options, err));
    server->is_spilling = server->spill != NULL && options->is_spilling;
    SW_TRY(sw_lane_new(server->pool, &server->lane));
    sw_trim_init(&server->trimming, server->pool, server->lane);
    return SW_OK;
}

sw_status sw_server_new(const struct sw_server_options *options, const struct sw_net_calls *calls,
                        struct sw_server **server, struct sw_err *err)
{
    struct sw_server *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->calls = *calls;
    made->clock = options->clock;
    made->uploads_fd = -1;
    made->idle_timeout_s = options->idle_timeout_s;
    made->park_after_s = options->park_after_s;
    made->session_disk_bytes = options->session_disk_bytes;
    made->session_memory_bytes = options->session_memory_bytes;
    made->upload_bytes_max = options->upload_bytes_max;
    made->is_strict = options->is_strict;
    made->flush_ms = options->flush_ms;
    made->session_sockets =
        options->session_sockets > 0 ? options->session_sockets : SW_SOCKETS_PER_SESSION_MAX;
    made->session_uploads =
        options->session_uploads > 0 ? options->session_uploads : SW_UPLOADS_PER_SESSION_MAX;
    sw_budget_init(&made->budget, "memory_bytes", options->memory_bytes, NULL);
    sw_scan_caches_open(&made->budget);
    sw_status status = fill(made, options, err);
    if (status != SW_OK) {
        sw_server_free(made);
        return status;
    }
    *server = made;
    return SW_OK;
}

/* Until no job is left, and so no session: what ends in one pool may begin something in another. */
static void settle(struct sw_server *server)
{
    do {
        if (server->pool != NULL) {
            sw_pool_settle(server->pool);
        }
        sw_session_reap(server);
        sw_disk_settle(server->disk);
    } while (server->wakings != NULL || server->keep_count > 0);
    sw_session_reap(server);
}

void sw_server_free(struct sw_server *server)
{
    if (server == NULL) {
        return;
    }
    sw_assert(server->socket_count == 0);
    sw_datasets_stop(server);
    sw_wakings_stop(server);
    while (server->sessions != NULL) {
        if (server->spill == NULL) {
            sw_session_end(server->sessions);
        } else {
            sw_session_leave(server->sessions);
        }
    }
    settle(server);
    sw_assert(server->ending == NULL && server->wakings == NULL && server->keep_count == 0);
    sw_stored_free(server);
    sw_tables_fini(&server->datasets);
    sw_datasets_free(server);
    sw_lane_free(server->lane);
    sw_pool_free(server->pool);
    sw_disk_free(server->disk);
    sw_spill_close(server->spill);
    sw_cache_set_free(server->caches);
    sw_partials_set_free(server->partials);
    sw_scan_caches_close();
    sw_assert(sw_budget_used(&server->budget) == 0);
    if (server->uploads_fd >= 0) {
        (void)close(server->uploads_fd);
    }
    free(server->state_dir);
    free(server);
}

sw_status sw_server_add_file(struct sw_server *server, const char *path, struct sw_err *err)
{
    return sw_dataset_add(server, path, err);
}

/* -- turning ---------------------------------------------------------------------------------- */

void sw_server_drain(struct sw_server *server)
{
    sw_assert_loop();
    sw_pool_drain(server->pool);
    if (server->disk != NULL) {
        sw_disk_drain(server->disk);
    }
    sw_session_reap(server);
    sw_wakings_go_on(server);
}

static void sweep(struct sw_server *server, int64_t now_ms)
{
    struct sw_session *session;
    struct sw_session *next;
    HASH_ITER (by_key, server->sessions, session, next) {
        sw_upload_sweep(session, now_ms);
        sw_ticket_sweep(session, now_ms);
        sw_keep_tick(session, now_ms, sw_session_may_park(session, now_ms));
        if (sw_behind_set_aside(session)) {
            continue;
        }
        if (sw_session_is_expired(session, now_ms)) {
            sw_session_end(session);
        } else if (sw_session_may_park(session, now_ms) && sw_keep_is_clean(session)) {
            sw_stored_park(session);
        }
    }
    sw_stored_sweep(server, now_ms);
    sw_datasets_sweep(server);
}

/* Outputs that found no memory, now that old steps of edits have given way. */
static void try_again(struct sw_session *session)
{
    if (!session->is_short || session->graph == NULL) {
        return;
    }
    session->is_short = false;
    for (uint32_t i = 0; i < session->tables.count; i++) {
        const char *name = session->tables.item[i]->name;
        sw_graph_table_changed(session->graph, sw_span_text(name), false);
    }
    sw_session_run(session);
}

void sw_server_tick(struct sw_server *server)
{
    int64_t now_ms = sw_clock_ms(server->clock);
    struct sw_session *session;
    struct sw_session *next;
    HASH_ITER (by_key, server->sessions, session, next) {
        try_again(session);
        sw_behind_tick(session);
        sw_deriving_tick(session, now_ms);
        if (session->is_active) {
            session->is_active = sw_graph_tick(session->graph);
        }
    }
    if (now_ms - server->sweep_ms >= SWEEP_MS) {
        server->sweep_ms = now_ms;
        sweep(server, now_ms);
        sw_session_reap(server);
        sw_trim_tick(&server->trimming, now_ms);
    }
}

static void announce_stop(struct sw_server *server)
{
    static const char ends[] =
        "{\"level\":\"warn\",\"text\":\"The server is stopping: this session ends.\"}";
    static const char stays[] =
        "{\"level\":\"info\",\"text\":\"The server is stopping. This session "
        "is kept: it goes on when the server runs again.\"}";
    const char *params = server->spill == NULL ? ends : stays;
    struct sw_session *session;
    struct sw_session *next;
    HASH_ITER (by_key, server->sessions, session, next) {
        sw_session_notify(session, "session.notice", sw_span_text(params));
    }
}

bool sw_server_stop(struct sw_server *server)
{
    if (!server->is_stopping) {
        announce_stop(server);
    }
    server->is_stopping = true;
    bool is_quiet = true;
    struct sw_session *session;
    struct sw_session *next;
    HASH_ITER (by_key, server->sessions, session, next) {
        struct sw_socket *following;
        for (struct sw_socket *socket = session->sockets; socket != NULL; socket = following) {
            following = socket->sibling;
            if (socket->pending == NULL && sw_outbox_is_empty(socket->outbox) &&
                !sw_outbox_is_held(socket->outbox)) {
                sw_socket_shut(socket, server->spill == NULL ? CLOSE_STOPPING : CLOSE_RESTART,
                               "the server is stopping");
            } else {
                is_quiet = false;
            }
        }
        bool is_saved = sw_keep_is_clean(session);
        if (!is_saved) {
            sw_keep_tick(session, sw_clock_ms(server->clock), true);
        }
        if (!is_saved || sw_upload_list_is_receiving(session->uploads)) {
            is_quiet = false;
        }
    }
    return is_quiet;
}

bool sw_server_is_ready(const struct sw_server *server)
{
    return !server->is_stopping && server->datasets_loading == 0;
}

int64_t sw_server_upload_bytes_max(const struct sw_server *server)
{
    return server->upload_bytes_max;
}

/* -- metrics ---------------------------------------------------------------------------------- */

static void put_metric(struct sw_buf *out, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    sw_buf_printf(out, "# HELP spillway_%s %s\n# TYPE spillway_%s %s\nspillway_%s %" PRIu64 "\n",
                  name, help, name, type, name, value);
}

void sw_server_put_metrics(struct sw_server *server, struct sw_buf *out)
{
    const struct sw_counters *count = &server->count;
    put_metric(out, "sessions", "gauge", "Sessions alive.", server->session_count);
    put_metric(out, "sessions_stored", "gauge", "Sessions on disk that are not in memory.",
               server->stored_count);
    put_metric(out, "sockets", "gauge", "WebSockets open.", server->socket_count);
    put_metric(out, "memory_bytes", "gauge", "Bytes held by tables and caches.",
               (uint64_t)sw_budget_used(&server->budget));
    put_metric(out, "memory_limit_bytes", "gauge", "Their limit.", (uint64_t)server->budget.limit);
    put_metric(out, "data_sets", "gauge", "Data sets of the command line.", server->datasets.count);
    put_metric(out, "data_sets_loading", "gauge", "Of these, still loading.",
               server->datasets_loading);
    put_metric(out, "sessions_total", "counter", "Sessions opened.", count->sessions);
    put_metric(out, "messages_received_total", "counter", "Messages from clients.",
               count->messages);
    put_metric(out, "messages_sent_total", "counter", "Messages to clients.", count->sent_messages);
    put_metric(out, "flushes_total", "counter", "Runs of outputs that settled.", count->flushes);
    put_metric(out, "uploads_total", "counter", "Uploads begun.", count->uploads);
    put_metric(out, "uploads_failed_total", "counter", "Uploads that failed.",
               count->uploads_failed);
    put_metric(out, "upload_bytes_total", "counter", "Bytes received in uploads.",
               count->received_bytes);
    put_metric(out, "downloads_total", "counter", "Downloads begun.", count->downloads);
}
