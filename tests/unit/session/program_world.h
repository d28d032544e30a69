/*
 * The server's side of program_test.c: a whole server without sockets, one client, and the newest
 * value of every output.  What is pushed is checked as it comes: sequence numbers and versions of
 * tables only rise, and no output fails.  One thread drives it; the pool has its own.
 *
 * With a share all chunks are written at every turn, and so many leave memory that this part in a
 * hundred stays.
 */
#ifndef SW_TEST_PROGRAM_WORLD_H
#define SW_TEST_PROGRAM_WORLD_H

#include "support/folder.h"
#include "support/test.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/download.h"
#include "session/keeping.h"
#include "session/server.h"
#include "session/server_priv.h"
#include "session/socket.h"
#include "session/upload.h"

#define INBOX_BYTES (8u << 20)
#define TURNS_MAX   3000
#define SHOWN_MAX   40u
#define NAMED_MAX   8u
#define SHARE_NONE  (-1)

struct shown {
    char name[16];
    long long seq;
    struct sw_buf text; /* of the newest output.value, ends with NUL */
};

struct world {
    struct sw_server *server;
    char dir[64];
    int pipe[2]; /* written by wake */
    struct sw_socket *socket;
    char token[64];
    char *inbox;
    size_t length;
    unsigned id;    /* of the last request */
    unsigned epoch; /* of the last input.set */
    int share;      /* SHARE_NONE: nothing leaves memory */
    bool is_traced; /* SW_TRACE: requests go to stderr */
    struct shown shown[SHOWN_MAX];
    char table[NAMED_MAX][16]; /* "" is free */
    long long version[NAMED_MAX];
};

static void on_wake(void *net)
{
    ssize_t wrote = write(((struct world *)net)->pipe[1], "w", 1);
    (void)wrote;
}

static void on_want_write(void *socket)
{
    (void)socket;
}

static void on_close(void *socket, int code, const char *reason)
{
    (void)socket;
    fail_msg("closed with %d: %s", code, reason);
}

static void on_request_ready(void *request)
{
    (void)request;
}

/* -- what is pushed ------------------------------------------------------------------- */

/* The number behind `label`, which must be there. */
static long long number_behind(const char *text, const char *label)
{
    const char *at = strstr(text, label);
    if (at == NULL) {
        fail_msg("no %s in %.500s", label, text);
        return 0;
    }
    return strtoll(at + strlen(label), NULL, 10);
}

static void name_behind(const char *text, const char *label, char name[16])
{
    const char *at = strstr(text, label);
    assert_non_null(at);
    at += strlen(label);
    size_t length = strcspn(at, "\"");
    assert_true(length < 16);
    memcpy(name, at, length);
    name[length] = '\0';
}

static struct shown *shown_of(struct world *world, const char *name)
{
    struct shown *free_one = NULL;
    for (unsigned i = 0; i < SHOWN_MAX; i++) {
        if (strcmp(world->shown[i].name, name) == 0) {
            return &world->shown[i];
        }
        if (free_one == NULL && world->shown[i].name[0] == '\0') {
            free_one = &world->shown[i];
        }
    }
    assert_non_null(free_one);
    (void)snprintf(free_one->name, sizeof free_one->name, "%s", name);
    return free_one;
}

static void forget_shown(struct world *world, const char *name)
{
    struct shown *shown = shown_of(world, name);
    shown->name[0] = '\0';
    shown->seq = 0;
    sw_buf_clear(&shown->text);
}

/* The newest version of a table that has been pushed. */
static long long *version_of(struct world *world, const char *name)
{
    unsigned i = 0;
    while (i < NAMED_MAX && world->table[i][0] != '\0' && strcmp(world->table[i], name) != 0) {
        i++;
    }
    assert_true(i < NAMED_MAX);
    (void)snprintf(world->table[i], sizeof world->table[i], "%.15s", name);
    return &world->version[i];
}

/* Replacing a table goes on from the version of the one before. */
static void note_version(struct world *world, const char *name, long long version)
{
    long long *newest = version_of(world, name);
    if (version < *newest) {
        fail_msg("%s: version %lld after %lld", name, version, *newest);
    }
    *newest = version;
}

static void note_message(struct world *world, const char *text, size_t length)
{
    char name[16];
    if (strstr(text, "\"method\":\"output.value\"") != NULL) {
        name_behind(text, "\"output\":\"", name);
        struct shown *shown = shown_of(world, name);
        long long seq = number_behind(text, "\"seq\":");
        assert_true(seq > shown->seq);
        shown->seq = seq;
        sw_buf_clear(&shown->text);
        sw_buf_put(&shown->text, text, length);
        sw_buf_put_byte(&shown->text, '\0');
        assert_false(shown->text.failed);
    } else if (strstr(text, "\"method\":\"output.state\"") != NULL) {
        if (strstr(text, "\"state\":\"error\"") != NULL) {
            fail_msg("an output failed: %s", text);
        }
    } else if (strstr(text, "\"method\":\"table.changed\"") != NULL) {
        name_behind(text, "\"table\":\"", name);
        note_version(world, name, number_behind(text, "\"version\":"));
    } else if (strstr(text, "\"method\":\"session.notice\"") != NULL) {
        fail_msg("a notice: %s", text);
    }
}

/* -- to and fro ----------------------------------------------------------------------- */

static void forget(struct world *world)
{
    world->length = 0;
    world->inbox[0] = '\0';
}

static void collect(struct world *world)
{
    struct sw_outgoing message;
    while (sw_socket_next(world->socket, &message)) {
        assert_true(world->length + message.bytes.length + 2 < INBOX_BYTES);
        char *at = world->inbox + world->length;
        memcpy(at, message.bytes.data, message.bytes.length);
        at[message.bytes.length] = '\0';
        note_message(world, at, message.bytes.length);
        at[message.bytes.length] = '\n';
        at[message.bytes.length + 1] = '\0';
        world->length += message.bytes.length + 1;
        sw_socket_sent(world->socket);
    }
}

/* While workers read and write. */
static void press(struct world *world)
{
    const struct sw_session *session = world->server->sessions;
    if (world->share == SHARE_NONE || session == NULL || !session->keep->has_store) {
        return;
    }
    struct sw_err err;
    struct sw_cache_figures figures;
    if (sw_cache_write_work(session->cache, session->keep->store, SIZE_MAX, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    sw_cache_figures(session->cache, &figures);
    uint64_t all = figures.here_bytes + figures.away_bytes;
    uint64_t stays = all * (uint64_t)world->share / 100;
    if (figures.here_bytes > stays) {
        (void)sw_cache_give_up(session->cache, (size_t)(figures.here_bytes - stays));
    }
}

static void turn(struct world *world)
{
    struct pollfd wait = {.fd = world->pipe[0], .events = POLLIN};
    if (poll(&wait, 1, 10) > 0) {
        char bytes[256];
        ssize_t got = read(world->pipe[0], bytes, sizeof bytes);
        (void)got;
    }
    press(world);
    sw_server_drain(world->server);
    sw_server_tick(world->server);
}

static const char *await_text(struct world *world, const char *text)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        collect(world);
        const char *found = strstr(world->inbox, text);
        if (found != NULL) {
            return found;
        }
        turn(world);
    }
    fail_msg("never came: %s; came: %.2000s", text, world->inbox);
    return NULL;
}

static unsigned say_text(struct world *world, const char *method, const char *params)
{
    struct sw_buf message;
    sw_buf_init(&message);
    sw_buf_printf(&message,
                  "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":", ++world->id,
                  method);
    sw_buf_put_text(&message, params);
    sw_buf_put_byte(&message, '}');
    assert_false(message.failed);
    if (world->is_traced) {
        (void)fprintf(stderr, "%u %s %s\n", world->id, method, params);
    }
    sw_socket_receive(world->socket, sw_buf_peek(&message));
    sw_buf_fini(&message);
    return world->id;
}

SW_PRINTF(3, 4)
static unsigned say(struct world *world, const char *method, const char *format, ...)
{
    char params[8192];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(params, sizeof params, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof params);
    return say_text(world, method, params);
}

/* The answer to a request, to the end of the inbox. */
static const char *answer_to(struct world *world, unsigned request)
{
    char id[32];
    (void)snprintf(id, sizeof id, "\"id\":%u,", request);
    return await_text(world, id);
}

static const char *result_of(struct world *world, unsigned request)
{
    const char *came = answer_to(world, request);
    if (strncmp(strchr(came, ',') + 1, "\"result\":", 9) != 0) {
        fail_msg("refused: %.600s", came);
    }
    return came;
}

/* Sets inputs ("" for none) and waits for the flush that shows them, and all edits before. */
static void set_inputs(struct world *world, const char *values)
{
    char text[80];
    unsigned epoch = ++world->epoch;
    (void)result_of(world,
                    say(world, "input.set", "{\"values\":{%s},\"epoch\":%u}", values, epoch));
    (void)snprintf(text, sizeof text, "\"method\":\"flush\",\"params\":{\"epoch\":%u,", epoch);
    (void)await_text(world, text);
}

/* -- its life ------------------------------------------------------------------------- */

static void open_world(struct world *world, unsigned threads, int share)
{
    *world = (struct world){
        .inbox = malloc(INBOX_BYTES), .share = share, .is_traced = getenv("SW_TRACE") != NULL};
    assert_non_null(world->inbox);
    forget(world);
    for (unsigned i = 0; i < SHOWN_MAX; i++) {
        sw_buf_init(&world->shown[i].text);
    }
    (void)snprintf(world->dir, sizeof world->dir, "/tmp/spillway-test-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    assert_int_equal(pipe(world->pipe), 0);
    struct sw_net_calls calls = {on_wake, on_want_write, on_close, on_request_ready, world};
    struct sw_server_options options = {
        .state_dir = world->dir,
        .threads = threads,
        .memory_bytes = 2ll << 30,
        .session_memory_bytes = 1ll << 30,
        .idle_timeout_s = 600,
        .upload_bytes_max = 64 << 20,
        .is_kept = share != SHARE_NONE,
        .is_spilling = share != SHARE_NONE,
        .durability = SW_DURABILITY_PROCESS,
        .park_after_s = 600,
        .session_disk_bytes = INT64_MAX / 2,
        .disk_bytes = INT64_MAX / 2,
        .clock = &sw_clock_system,
    };
    struct sw_err err;
    assert_int_equal(sw_server_new(&options, &calls, &world->server, &err), SW_OK);
    assert_int_equal(sw_socket_open(world->server, SW_FORMAT_JSON, world, &world->socket, NULL),
                     SW_OK);
    const char *came = result_of(world, say(world, "session.open", "{}"));
    assert_int_equal(sscanf(strstr(came, "\"token\":\""), "\"token\":\"%43[^\"]", world->token), 1);
    forget(world);
}

static void close_world(struct world *world)
{
    sw_socket_close(world->socket);
    sw_server_free(world->server);
    (void)close(world->pipe[0]);
    (void)close(world->pipe[1]);
    test_remove_folder(world->dir);
    for (unsigned i = 0; i < SHOWN_MAX; i++) {
        sw_buf_fini(&world->shown[i].text);
    }
    free(world->inbox);
}

static void upload(struct world *world, const char *name, const struct sw_buf *text)
{
    struct sw_upload *upload;
    struct sw_upload_spec spec = {.filename = sw_span_text(name), .length = (int64_t)text->length};
    bool is_full;
    assert_int_equal(
        sw_upload_create(world->server, sw_span_text(world->token), &spec, &upload, NULL), SW_OK);
    assert_int_equal(sw_upload_begin(upload, 0, spec.length, SW_CHECKSUM_NONE, NULL, world, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_write(upload, world, text->data, text->length, &is_full, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_end(upload, world, NULL), SW_AGAIN);
    sw_upload_cut(upload, world);
    (void)await_text(world, "\"table.changed\"");
    forget(world);
}

/* -- downloads ------------------------------------------------------------------------ */

/* Opens the download that the answer to download.create names. */
static struct sw_download *open_download(struct world *world, const char *came)
{
    char ticket[64];
    struct sw_download *download;
    const char *url = strstr(came, "/download/");
    assert_non_null(url);
    assert_int_equal(sscanf(url, "/download/%43[^\"]", ticket), 1);
    assert_int_equal(sw_download_open(world->server, sw_span_text(ticket), NULL,
                                      (struct sw_span){0}, false, world, &download, NULL),
                     SW_OK);
    return download;
}

/* All of it, with a NUL behind. */
static void read_download(struct world *world, struct sw_download *download, struct sw_buf *into)
{
    struct sw_span piece;
    for (int i = 0; i < TURNS_MAX; i++) {
        enum sw_piece what = sw_download_next(download, &piece);
        if (what == SW_PIECE_READY) {
            sw_buf_put(into, piece.data, piece.length);
        } else if (what == SW_PIECE_WAIT) {
            turn(world);
        } else {
            assert_int_equal(what, SW_PIECE_END);
            sw_buf_put_byte(into, '\0');
            sw_download_close(download);
            return;
        }
    }
    fail_msg("the download never ended");
}

#endif
