/* The whole server without sockets: real workers, a fake clock, and a net that only
 * notes what it is told.  Messages go in as text and come out as text.             */
#include "support/test.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/download.h"
#include "session/socket.h"
#include "session/upload.h"

#define INBOX_BYTES (1u << 20)
#define TURNS_MAX   20000

struct world {
    struct sw_server *server;
    char dir[64];
    int64_t now_us;
    int pipe[2]; /* written by wake */
};

struct client {
    struct world *world;
    struct sw_socket *socket;
    int closed_with;
    int requests_ready;
    char token[64];
    char inbox[INBOX_BYTES]; /* all that came, one message a line */
    size_t length;
};

static int64_t world_now(void *context)
{
    return ((struct world *)context)->now_us;
}

static int64_t world_wall(void *context)
{
    return 1700000000000 + ((struct world *)context)->now_us / 1000;
}

static void on_wake(void *net)
{
    struct world *world = net;
    ssize_t wrote = write(world->pipe[1], "w", 1);
    (void)wrote;
}

static void on_want_write(void *socket)
{
    (void)socket;
}

static void on_close(void *socket, int code, const char *reason)
{
    (void)reason;
    ((struct client *)socket)->closed_with = code;
}

static void on_request_ready(void *request)
{
    ((struct client *)request)->requests_ready++;
}

static void open_world_with(struct world *world, struct sw_clock *clock, int64_t session_memory)
{
    *world = (struct world){.now_us = 1000000};
    (void)snprintf(world->dir, sizeof world->dir, "/tmp/spillway-test-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    assert_int_equal(pipe(world->pipe), 0);
    *clock = (struct sw_clock){world_now, world_wall, world};
    struct sw_net_calls calls = {on_wake, on_want_write, on_close, on_request_ready, world};
    struct sw_server_options options = {
        .state_dir = world->dir,
        .threads = 2,
        .memory_bytes = 1 << 30,
        .session_memory_bytes = session_memory,
        .idle_timeout_s = 600,
        .upload_bytes_max = 1 << 20,
        .clock = clock,
    };
    struct sw_err err;
    assert_int_equal(sw_server_new(&options, &calls, &world->server, &err), SW_OK);
}

static void open_world(struct world *world, struct sw_clock *clock)
{
    open_world_with(world, clock, 1 << 29);
}

static void close_world(struct world *world)
{
    sw_server_free(world->server);
    (void)close(world->pipe[0]);
    (void)close(world->pipe[1]);
    char uploads[80];
    (void)snprintf(uploads, sizeof uploads, "%s/uploads", world->dir);
    assert_int_equal(rmdir(uploads), 0); /* no spool is left */
    assert_int_equal(rmdir(world->dir), 0);
}

static struct client *connect_client(struct world *world)
{
    struct client *client = calloc(1, sizeof *client);
    assert_non_null(client);
    client->world = world;
    assert_int_equal(sw_socket_open(world->server, SW_FORMAT_JSON, client, &client->socket, NULL),
                     SW_OK);
    return client;
}

static void disconnect(struct client *client)
{
    sw_socket_close(client->socket);
    free(client);
}

static void collect(struct client *client)
{
    struct sw_outgoing message;
    while (sw_socket_next(client->socket, &message)) {
        assert_true(client->length + message.bytes.length + 2 < INBOX_BYTES);
        memcpy(client->inbox + client->length, message.bytes.data, message.bytes.length);
        client->length += message.bytes.length;
        client->inbox[client->length++] = '\n';
        client->inbox[client->length] = '\0';
        sw_socket_sent(client->socket);
    }
}

static void forget(struct client *client)
{
    client->length = 0;
    client->inbox[0] = '\0';
}

static void turn(struct world *world)
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

/* Turn until the text has come; time stands still meanwhile. */
static void await_text(struct client *client, const char *text)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        collect(client);
        if (strstr(client->inbox, text) != NULL) {
            return;
        }
        turn(client->world);
    }
    fail_msg("never came: %s; came: %.2000s", text, client->inbox);
}

static void say(struct client *client, const char *message)
{
    sw_socket_receive(client->socket, sw_span_text(message));
}

static void open_session(struct client *client)
{
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.open\",\"params\":{}}");
    await_text(client, "\"resumed\":false");
    const char *at = strstr(client->inbox, "\"token\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"token\":\"%43[^\"]", client->token), 1);
    forget(client);
}

/* The last body's end: its answer waits for the rows. */
static void end_upload(struct client *client, struct sw_upload *upload, sw_status wanted)
{
    int before = client->requests_ready;
    assert_int_equal(sw_upload_end(upload, client, NULL), SW_AGAIN);
    for (int i = 0; i < TURNS_MAX && client->requests_ready == before; i++) {
        turn(client->world);
    }
    assert_int_equal(client->requests_ready, before + 1);
    assert_int_equal(sw_upload_end(upload, client, NULL), wanted);
}

static void upload_ends(struct client *client, const char *name, const char *text, sw_status wanted)
{
    struct sw_upload *upload;
    struct sw_upload_spec spec = {.filename = sw_span_text(name), .length = (int64_t)strlen(text)};
    struct sw_server *server = client->world->server;
    bool is_full;
    assert_int_equal(sw_upload_create(server, sw_span_text(client->token), &spec, &upload, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_begin(upload, 0, spec.length, SW_CHECKSUM_NONE, NULL, client, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_write(upload, client, text, strlen(text), &is_full, NULL), SW_OK);
    end_upload(client, upload, wanted);
}

static void upload_text(struct client *client, const char *name, const char *text)
{
    upload_ends(client, name, text, SW_OK);
}

static const char fruit[] = "category,x,y\n"
                            "apples,1,1.5\n"
                            "figs,2,2.5\n"
                            "apples,3,\n"
                            "\"a, b\",4,4.5\n";

/* -- tests ------------------------------------------------------------------------------------- */

static void nothing_is_answered_before_a_session_is_open(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);

    say(client, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"table.list\"}");

    await_text(client, "-32001");
    assert_non_null(strstr(client->inbox, "\"id\":7"));
    disconnect(client);
    close_world(&world);
}

static void what_is_no_json_and_no_method_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);

    say(client, "{nonsense");
    await_text(client, "-32700");
    say(client, "[]");
    await_text(client, "-32600");
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"table.fly\"}");
    await_text(client, "-32601");

    disconnect(client);
    close_world(&world);
}

static void an_upload_becomes_a_table_that_can_be_paged(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);

    upload_text(client, "fruit.csv", fruit);

    await_text(client, "\"table.changed\"");
    forget(client);
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"table.page\",\"params\":"
                "{\"table\":\"fruit\",\"offset\":1,\"limit\":2}}");
    await_text(client, "\"id\":2");
    assert_non_null(strstr(client->inbox, "[[\"figs\",\"apples\"],[2,3],[2.5,null]]"));
    assert_non_null(strstr(client->inbox, "\"rows\":4"));
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"table.describe\",\"params\":"
                "{\"table\":\"fruit\"}}");
    await_text(client, "\"id\":3");
    assert_non_null(strstr(client->inbox, "\"name\":\"y\",\"type\":\"float\",\"nulls\":1,"
                                          "\"min\":1.5,\"max\":4.5,\"distinct\":3"));
    disconnect(client);
    close_world(&world);
}

static void an_output_follows_its_input_and_each_epoch_is_closed(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    upload_text(client, "fruit.csv", fruit);
    await_text(client, "\"table.changed\"");
    forget(client);

    say(client,
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"select.define\",\"params\":{\"select\":\"s\","
        "\"table\":\"fruit\",\"clauses\":[{\"column\":\"x\",\"between\":\"$r\"}]}}");
    say(client,
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"output.define\",\"params\":{\"output\":\"v\","
        "\"kind\":\"value\",\"table\":\"fruit\",\"select\":\"s\","
        "\"measures\":{\"n\":{\"fn\":\"count\"}}}}");
    await_text(client, "\"method\":\"flush\"");
    assert_non_null(strstr(client->inbox, "\"measures\":{\"n\":4}"));
    forget(client);
    say(client, "{\"jsonrpc\":\"2.0\",\"method\":\"input.set\",\"params\":"
                "{\"values\":{\"r\":[2,3]},\"epoch\":41}}");
    await_text(client, "\"method\":\"flush\",\"params\":{\"epoch\":41");
    assert_non_null(strstr(client->inbox, "\"measures\":{\"n\":2}"));
    forget(client);
    say(client, "{\"jsonrpc\":\"2.0\",\"method\":\"input.set\",\"params\":"
                "{\"values\":{\"unused\":1},\"epoch\":42}}");
    await_text(client, "\"method\":\"flush\",\"params\":{\"epoch\":42");
    assert_null(strstr(client->inbox, "output.value"));

    disconnect(client);
    close_world(&world);
}

static void a_dropped_socket_resumes_with_every_value(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    upload_text(client, "fruit.csv", fruit);
    await_text(client, "\"table.changed\"");
    say(client,
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"output.define\",\"params\":{\"output\":\"v\","
        "\"kind\":\"value\",\"table\":\"fruit\",\"measures\":{\"n\":{\"fn\":\"count\"}}}}");
    await_text(client, "\"method\":\"flush\"");
    char token[64];
    memcpy(token, client->token, sizeof token);
    disconnect(client);

    world.now_us += 599 * 1000000ll;
    turn(&world);
    client = connect_client(&world);
    char open[256];
    (void)snprintf(open, sizeof open,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.open\","
                   "\"params\":{\"resume\":\"%s\"}}",
                   token);
    say(client, open);

    await_text(client, "\"resumed\":true");
    await_text(client, "\"method\":\"flush\"");
    assert_non_null(strstr(client->inbox, "\"measures\":{\"n\":4}"));
    disconnect(client);
    close_world(&world);
}

static void an_idle_session_ends_and_its_token_with_it(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    char open[256];
    (void)snprintf(open, sizeof open,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.open\","
                   "\"params\":{\"resume\":\"%s\"}}",
                   client->token);
    disconnect(client);

    world.now_us += 600 * 1000000ll;
    turn(&world);
    client = connect_client(&world);
    say(client, open);

    await_text(client, "-32010");
    disconnect(client);
    close_world(&world);
}

static void a_second_socket_sees_the_same_and_exclusive_takes_over(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *first = connect_client(&world);
    open_session(first);
    struct client *second = connect_client(&world);
    char open[256];
    (void)snprintf(open, sizeof open,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.open\","
                   "\"params\":{\"resume\":\"%s\",\"exclusive\":true}}",
                   first->token);

    upload_text(first, "fruit.csv", fruit);
    await_text(first, "\"table.changed\"");
    say(second, open);
    await_text(second, "\"table\":\"fruit\"");

    assert_int_equal(first->closed_with, 4409);
    disconnect(first);
    disconnect(second);
    close_world(&world);
}

static void one_session_cannot_reach_another(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *mine = connect_client(&world);
    struct client *other = connect_client(&world);
    open_session(mine);
    open_session(other);
    upload_text(mine, "fruit.csv", fruit);
    await_text(mine, "\"table.changed\"");

    say(other, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"table.page\",\"params\":"
               "{\"table\":\"fruit\"}}");

    await_text(other, "-32030");
    assert_null(strstr(other->inbox, "fruit\",\"rows"));
    disconnect(mine);
    disconnect(other);
    close_world(&world);
}

static void a_wrong_offset_and_a_wrong_checksum_keep_nothing(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    struct sw_upload *upload;
    struct sw_upload_spec spec = {.filename = sw_span_text("fruit.csv"),
                                  .length = (int64_t)strlen(fruit)};
    unsigned char wrong[32] = {0};
    bool is_full;
    struct sw_err err;
    assert_int_equal(
        sw_upload_create(world.server, sw_span_text(client->token), &spec, &upload, NULL), SW_OK);

    assert_int_equal(sw_upload_begin(upload, 5, 1, SW_CHECKSUM_NONE, NULL, client, &err),
                     SW_CONFLICT);
    assert_int_equal(sw_upload_begin(upload, 0, 10, SW_CHECKSUM_SHA256, wrong, client, &err),
                     SW_OK);
    assert_int_equal(sw_upload_write(upload, client, "garbage---", 10, &is_full, NULL), SW_OK);
    assert_int_equal(sw_upload_end(upload, client, &err), SW_PARAMS);
    assert_int_equal(sw_upload_offset(upload), 0);

    assert_int_equal(sw_upload_begin(upload, 0, spec.length, SW_CHECKSUM_NONE, NULL, client, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_write(upload, client, fruit, strlen(fruit), &is_full, NULL), SW_OK);
    end_upload(client, upload, SW_OK);
    await_text(client, "\"table.changed\"");
    assert_non_null(strstr(client->inbox, "\"rows\":4"));
    disconnect(client);
    close_world(&world);
}

static void a_newer_request_takes_an_upload_over(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    struct client *stale = connect_client(&world);
    open_session(client);
    struct sw_upload *upload;
    struct sw_upload_spec spec = {.filename = sw_span_text("fruit.csv"),
                                  .length = (int64_t)strlen(fruit)};
    bool is_full;
    assert_int_equal(
        sw_upload_create(world.server, sw_span_text(client->token), &spec, &upload, NULL), SW_OK);
    assert_int_equal(sw_upload_begin(upload, 0, spec.length, SW_CHECKSUM_NONE, NULL, stale, NULL),
                     SW_OK);
    assert_int_equal(sw_upload_write(upload, stale, fruit, 20, &is_full, NULL), SW_OK);

    assert_int_equal(
        sw_upload_begin(upload, 20, spec.length - 20, SW_CHECKSUM_NONE, NULL, client, NULL), SW_OK);

    assert_int_equal(stale->requests_ready, 1);
    assert_int_equal(sw_upload_write(upload, stale, fruit, 1, &is_full, NULL), SW_CANCELLED);
    sw_upload_cut(upload, stale);
    assert_int_equal(
        sw_upload_write(upload, client, fruit + 20, strlen(fruit) - 20, &is_full, NULL), SW_OK);
    end_upload(client, upload, SW_OK);
    await_text(client, "\"table.changed\"");
    disconnect(stale);
    disconnect(client);
    close_world(&world);
}

static void an_upload_over_the_limit_is_refused_by_name(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    struct sw_upload *upload;
    struct sw_err err;
    struct sw_upload_spec spec = {.filename = sw_span_text("a.csv"), .length = (1 << 20) + 1};

    assert_int_equal(
        sw_upload_create(world.server, sw_span_text(client->token), &spec, &upload, &err),
        SW_LIMIT);
    assert_string_equal(err.limit, "upload_bytes");
    spec.length = 1 << 20;
    assert_int_equal(
        sw_upload_create(world.server, sw_span_text(client->token), &spec, &upload, &err), SW_OK);
    sw_upload_terminate(upload);

    disconnect(client);
    close_world(&world);
}

static void what_is_no_table_fails_and_says_why(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);

    upload_ends(client, "picture.csv", "\x89PNG\r\n\x1a\n0000000000000000000000000000000000000",
                SW_UPLOAD);

    await_text(client, "upload.failed");
    assert_non_null(strstr(client->inbox, "PNG"));
    forget(client);
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"table.list\"}");
    await_text(client, "\"result\":[]");
    disconnect(client);
    close_world(&world);
}

static void a_session_over_its_memory_says_so_and_lives_on(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world_with(&world, &clock, 512);
    struct client *client = connect_client(&world);
    open_session(client);

    upload_ends(client, "fruit.csv", fruit, SW_LIMIT);

    await_text(client, "upload.failed");
    assert_non_null(strstr(client->inbox, "session_memory_bytes"));
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"session.info\"}");
    await_text(client, "\"id\":9,\"result\":{\"memory_bytes\":0");
    disconnect(client);
    close_world(&world);
}

/* The whole body of a download, from the head on. */
static size_t read_download(struct client *client, struct sw_download *download, char *into,
                            size_t size)
{
    size_t length = 0;
    struct sw_span piece;
    for (int i = 0; i < TURNS_MAX; i++) {
        switch (sw_download_next(download, &piece)) {
        case SW_PIECE_READY:
            assert_true(length + piece.length < size);
            memcpy(into + length, piece.data, piece.length);
            length += piece.length;
            break;
        case SW_PIECE_WAIT:
            turn(client->world);
            break;
        case SW_PIECE_END:
            into[length] = '\0';
            return length;
        case SW_PIECE_FAILED:
            fail_msg("the download failed");
            break;
        }
    }
    fail_msg("the download never ended");
    return 0;
}

static void await_head(struct client *client, struct sw_download *download,
                       struct sw_download_head *head)
{
    for (int i = 0; i < TURNS_MAX && !sw_download_head(download, head); i++) {
        turn(client->world);
    }
    assert_true(sw_download_head(download, head));
}

static void a_download_gives_back_the_bytes_that_came(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    upload_text(client, "fruit.csv", fruit);
    await_text(client, "\"table.changed\"");
    forget(client);
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"download.create\",\"params\":"
                "{\"table\":\"fruit\"}}");
    await_text(client, "/download/");
    char ticket[64];
    assert_int_equal(sscanf(strstr(client->inbox, "/download/"), "/download/%43[^\"]", ticket), 1);

    struct sw_download *download;
    struct sw_download_head head;
    char body[512];
    assert_int_equal(sw_download_open(world.server, sw_span_text(ticket), NULL, (struct sw_span){0},
                                      false, client, &download, NULL),
                     SW_OK);
    await_head(client, download, &head);
    assert_int_equal(head.status, 200);
    (void)read_download(client, download, body, sizeof body);
    assert_string_equal(body, fruit);
    sw_download_close(download);

    /* used up, but for ranges */
    assert_int_equal(sw_download_open(world.server, sw_span_text(ticket), NULL, (struct sw_span){0},
                                      false, client, &download, NULL),
                     SW_PARAMS);
    for (int64_t first = 0; first < (int64_t)strlen(fruit); first++) {
        struct sw_download_range range = {true, first, -1};
        assert_int_equal(sw_download_open(world.server, sw_span_text(ticket), &range,
                                          sw_span_text(head.etag), false, client, &download, NULL),
                         SW_OK);
        struct sw_download_head part;
        await_head(client, download, &part);
        assert_int_equal(part.status, 206);
        assert_int_equal(part.total, (int64_t)strlen(fruit));
        assert_int_equal(part.length, (int64_t)strlen(fruit) - first);
        (void)read_download(client, download, body, sizeof body);
        assert_string_equal(body, fruit + first);
        sw_download_close(download);
    }
    struct sw_download_range beyond = {true, (int64_t)strlen(fruit), -1};
    assert_int_equal(sw_download_open(world.server, sw_span_text(ticket), &beyond,
                                      (struct sw_span){0}, false, client, &download, NULL),
                     SW_OK);
    await_head(client, download, &head);
    assert_int_equal(head.status, 416);
    sw_download_close(download);
    disconnect(client);
    close_world(&world);
}

static void a_download_can_be_filtered_and_sorted(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    upload_text(client, "fruit.csv", fruit);
    await_text(client, "\"table.changed\"");
    forget(client);
    say(client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"download.create\",\"params\":"
                "{\"table\":\"fruit\",\"where\":\"x < 4\",\"columns\":[\"x\"],"
                "\"sort\":[{\"column\":\"x\",\"desc\":true}]}}");
    await_text(client, "/download/");
    assert_non_null(strstr(client->inbox, "\"rows\":3"));
    char ticket[64];
    assert_int_equal(sscanf(strstr(client->inbox, "/download/"), "/download/%43[^\"]", ticket), 1);

    struct sw_download *download;
    char body[512];
    assert_int_equal(sw_download_open(world.server, sw_span_text(ticket), NULL, (struct sw_span){0},
                                      false, client, &download, NULL),
                     SW_OK);
    (void)read_download(client, download, body, sizeof body);

    assert_string_equal(body, "x\n3\n2\n1\n");
    sw_download_close(download);
    disconnect(client);
    close_world(&world);
}

static void a_closed_session_gives_all_its_memory_back(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);
    upload_text(client, "fruit.csv", fruit);
    await_text(client, "\"table.changed\"");

    say(client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"session.close\"}");

    await_text(client, "\"id\":2,\"result\":{}");
    struct sw_buf metrics;
    sw_buf_init(&metrics);
    for (int i = 0; i < TURNS_MAX; i++) {
        sw_buf_clear(&metrics);
        sw_server_put_metrics(world.server, &metrics);
        sw_buf_put_byte(&metrics, '\0');
        if (strstr(metrics.data, "\nspillway_memory_bytes 0\n") != NULL) {
            break;
        }
        turn(&world);
    }
    assert_non_null(strstr(metrics.data, "\nspillway_memory_bytes 0\n"));
    assert_non_null(strstr(metrics.data, "\nspillway_sessions 0\n"));
    sw_buf_fini(&metrics);
    disconnect(client);
    close_world(&world);
}

static void a_stopping_server_says_so_and_closes_when_all_is_sent(void **state)
{
    (void)state;
    struct world world;
    struct sw_clock clock;
    open_world(&world, &clock);
    struct client *client = connect_client(&world);
    open_session(client);

    assert_false(sw_server_stop(world.server));
    assert_int_equal(client->closed_with, 0);
    await_text(client, "session.notice");
    assert_true(sw_server_stop(world.server));

    assert_int_equal(client->closed_with, 1001);
    struct client *late = calloc(1, sizeof *late);
    assert_non_null(late);
    assert_int_equal(sw_socket_open(world.server, SW_FORMAT_JSON, late, &late->socket, NULL),
                     SW_NOT_ALLOWED);
    free(late);
    disconnect(client);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_answered_before_a_session_is_open),
        cmocka_unit_test(what_is_no_json_and_no_method_is_refused),
        cmocka_unit_test(an_upload_becomes_a_table_that_can_be_paged),
        cmocka_unit_test(an_output_follows_its_input_and_each_epoch_is_closed),
        cmocka_unit_test(a_dropped_socket_resumes_with_every_value),
        cmocka_unit_test(an_idle_session_ends_and_its_token_with_it),
        cmocka_unit_test(a_second_socket_sees_the_same_and_exclusive_takes_over),
        cmocka_unit_test(one_session_cannot_reach_another),
        cmocka_unit_test(a_wrong_offset_and_a_wrong_checksum_keep_nothing),
        cmocka_unit_test(a_newer_request_takes_an_upload_over),
        cmocka_unit_test(an_upload_over_the_limit_is_refused_by_name),
        cmocka_unit_test(what_is_no_table_fails_and_says_why),
        cmocka_unit_test(a_session_over_its_memory_says_so_and_lives_on),
        cmocka_unit_test(a_download_gives_back_the_bytes_that_came),
        cmocka_unit_test(a_download_can_be_filtered_and_sorted),
        cmocka_unit_test(a_closed_session_gives_all_its_memory_back),
        cmocka_unit_test(a_stopping_server_says_so_and_closes_when_all_is_sent),
    };
    return cmocka_run_group_tests_name("session/server", tests, NULL, NULL);
}
