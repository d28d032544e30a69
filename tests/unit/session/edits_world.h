/* The whole server without sockets, for the tests of edits: one session on one socket, what it is
 * told, and a table that is uploaded. */
#ifndef SW_TEST_EDITS_WORLD_H
#define SW_TEST_EDITS_WORLD_H

#include "support/test.h"

#include <inttypes.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "session/server.h"
#include "session/session.h"
#include "session/socket.h"
#include "session/upload.h"
#include "table/datetime.h"

#define INBOX_BYTES (4u << 20)
#define TURNS_MAX   20000

struct world {
    struct sw_server *server;
    char dir[64];
    int pipe[2]; /* written by wake */
    struct sw_socket *socket;
    char token[64];
    char *inbox;
    size_t length;
    unsigned id; /* of the last request */
};

/* -- the server ----------------------------------------------------------------------- */

static inline void on_wake(void *net)
{
    ssize_t wrote = write(((struct world *)net)->pipe[1], "w", 1);
    (void)wrote;
}

static inline void on_want_write(void *socket)
{
    (void)socket;
}

static inline void on_close(void *socket, int code, const char *reason)
{
    (void)socket;
    (void)code;
    (void)reason;
}

static inline void on_request_ready(void *request)
{
    (void)request;
}

static inline void forget(struct world *world)
{
    world->length = 0;
    world->inbox[0] = '\0';
}

static inline void collect(struct world *world)
{
    struct sw_outgoing message;
    while (world->socket != NULL && sw_socket_next(world->socket, &message)) {
        assert_true(world->length + message.bytes.length + 2 < INBOX_BYTES);
        memcpy(world->inbox + world->length, message.bytes.data, message.bytes.length);
        world->length += message.bytes.length;
        world->inbox[world->length++] = '\n';
        world->inbox[world->length] = '\0';
        sw_socket_sent(world->socket);
    }
}

static inline void turn(struct world *world)
{
    struct pollfd wait = {.fd = world->pipe[0], .events = POLLIN};
    if (poll(&wait, 1, 10) > 0) {
        char bytes[256];
        ssize_t got = read(world->pipe[0], bytes, sizeof bytes);
        (void)got;
    }
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

SW_PRINTF(3, 4)
static inline void say(struct world *world, const char *method, const char *format, ...)
{
    char params[8192];
    char message[8400];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(params, sizeof params, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof params);
    (void)snprintf(message, sizeof message,
                   "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":%s}", ++world->id,
                   method, params);
    sw_socket_receive(world->socket, sw_span_text(message));
}

/* The answer to the last request, to the end of its line. */
static const char *answer(struct world *world)
{
    char id[32];
    (void)snprintf(id, sizeof id, "\"id\":%u,", world->id);
    return await_text(world, id);
}

static inline void connect_client(struct world *world)
{
    struct sw_socket *socket = NULL;
    assert_int_equal(sw_socket_open(world->server, SW_FORMAT_JSON, world, &socket, NULL), SW_OK);
    world->socket = socket;
    say(world, "session.open", "{}");
    const char *at = strstr(answer(world), "\"token\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"token\":\"%43[^\"]", world->token), 1);
    forget(world);
}

static inline void open_world(struct world *world, int64_t session_memory)
{
    *world = (struct world){.inbox = malloc(INBOX_BYTES)};
    (void)snprintf(world->dir, sizeof world->dir, "/tmp/spillway-test-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    assert_int_equal(pipe(world->pipe), 0);
    struct sw_net_calls calls = {on_wake, on_want_write, on_close, on_request_ready, world};
    struct sw_server_options options = {
        .state_dir = world->dir,
        .threads = 2,
        .memory_bytes = 1 << 30,
        .session_memory_bytes = session_memory,
        .idle_timeout_s = 600,
        .upload_bytes_max = 64 << 20,
        .clock = &sw_clock_system,
    };
    struct sw_err err;
    assert_int_equal(sw_server_new(&options, &calls, &world->server, &err), SW_OK);
}

static inline void close_world(struct world *world)
{
    if (world->socket != NULL) {
        sw_socket_close(world->socket);
    }
    sw_server_free(world->server);
    (void)close(world->pipe[0]);
    (void)close(world->pipe[1]);
    char uploads[80];
    (void)snprintf(uploads, sizeof uploads, "%s/uploads", world->dir);
    assert_int_equal(rmdir(uploads), 0);
    assert_int_equal(rmdir(world->dir), 0);
    free(world->inbox);
}

static inline void upload_text(struct world *world, const char *name, const char *text)
{
    struct sw_upload *upload;
    struct sw_upload_spec spec = {.filename = sw_span_text(name), .length = (int64_t)strlen(text)};
    bool is_full;
    assert_int_equal(
        sw_upload_create(world->server, sw_span_text(world->token), &spec, &upload, NULL), SW_OK);
    assert_int_equal(sw_upload_begin(upload, 0, spec.length, SW_CHECKSUM_NONE, NULL, world, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_write(upload, world, text, strlen(text), &is_full, NULL), SW_OK);
    assert_int_equal(sw_upload_end(upload, world, NULL), SW_AGAIN);
    sw_upload_cut(upload, world);
    (void)await_text(world, "\"table.changed\"");
    forget(world);
}

#endif
