/* The loop, the lws context on it, the signals and the stop. The loop is our own libuv loop, given
 * to lws as a foreign one: poll costs a millisecond per message at 5,000 sockets, and the plugin's
 * own loop takes SIGTERM for itself and never ends (G25). */
#include "net/net_priv.h"

#include "base/log.h"
#include "base/obj.h"
#include "base/thread.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 50

/* One callback serves both; the first is also that of HTTP and of a socket that names none. Its
 * rx_buffer_size is per socket, so it is small: 5,000 of them are idle. */
static const struct lws_protocols protocols[] = {
    {.name = "spillway.v1.json", .callback = sw_net_callback, .rx_buffer_size = SW_RECEIVE_BYTES},
    {.name = "spillway.v1.arrow", .callback = sw_net_callback, .rx_buffer_size = SW_RECEIVE_BYTES},
    {.name = NULL},
};

/* No validity timers of lws's (G23). */
static const lws_retry_bo_t no_validity = {.secs_since_valid_ping = 0};

static void log_line(int level, const char *line)
{
    size_t length = strlen(line);
    length -= length > 0 && line[length - 1] == '\n';
    sw_log(level == LLL_ERR ? SW_LOG_WARN : SW_LOG_DEBUG, NULL, "lws %.*s", (int)length, line);
}

/* -- stopping (G24) --- */

/* Bodies that will not be here in time hear that they are to come again. */
static void refuse_bodies(struct sw_net *net)
{
    struct sw_refusal stopping = {503, true, "The server is stopping: upload again in a moment."};
    struct sw_conn *next;
    for (struct sw_conn *conn = net->busy; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->phase == SW_PHASE_BODY && !conn->exchange->is_answered) {
            sw_http_resume(conn);
            if (sw_reply_refusal(conn->wsi, &stopping) != 0) {
                sw_conn_kill(conn);
            }
        }
    }
}

static void step_stop(struct sw_net *net)
{
    bool is_done = sw_server_stop(net->server);
    int64_t since_us = sw_net_now_us(net) - net->stop_us;
    if (since_us > (int64_t)(SW_DRAIN_S - SW_LINGER_S) * 1000000) {
        refuse_bodies(net);
    }
    if ((is_done && net->exchange_count == 0 && net->socket_count == 0) ||
        since_us > (int64_t)SW_DRAIN_S * 1000000) {
        uv_stop(&net->loop);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct sw_net *net = SW_CAST(struct sw_net, SW_NET_MAGIC, signal->data);
    if (number == SIGHUP) {
        return; /* a terminal that goes away does not take the server with it */
    }
    if (net->is_stopping) {
        _exit(1);
    }
    sw_log(SW_LOG_INFO, NULL, "stopping signal=%d sockets=%zu requests=%zu", number,
           net->socket_count, net->exchange_count);
    net->is_stopping = true;
    net->stop_us = sw_net_now_us(net);
    step_stop(net);
}

/* -- each 50 ms --- */

static void on_tick(uv_timer_t *timer)
{
    struct sw_net *net = SW_CAST(struct sw_net, SW_NET_MAGIC, timer->data);
    int64_t now_us = sw_net_now_us(net);
    sw_server_tick(net->server);
    sw_wake_ready(net);
    if (now_us / 1000000 != net->wheel.now_s) {
        sw_wheel_turn(&net->wheel, now_us / 1000000, sw_conn_fire, net);
        sw_wheel_turn(&net->stalls, now_us / 1000000, sw_conn_fire_stall, net);
        sw_peers_sweep(&net->peers, now_us);
        sw_peers_sweep(&net->clients, now_us);
    }
    struct sw_conn *next;
    for (struct sw_conn *conn = net->busy; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->phase == SW_PHASE_SEND) {
            sw_http_tick(conn);
        }
    }
    if (net->is_stopping) {
        step_stop(net);
    }
}

/* -- opening --- */

static sw_status init_loop(struct sw_net *net, struct sw_err *err)
{
    static const int numbers[3] = {SIGTERM, SIGINT, SIGHUP};
    if (uv_loop_init(&net->loop) != 0) {
        return sw_fail(err, SW_INTERNAL, "The event loop cannot be made.");
    }
    net->has_loop = true;
    int failed = uv_async_init(&net->loop, &net->wake, sw_wake_on_async);
    net->wake.data = net;
    failed |= uv_timer_init(&net->loop, &net->tick);
    net->tick.data = net;
    failed |= uv_timer_start(&net->tick, on_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < 3; i++) {
        failed |= uv_signal_init(&net->loop, &net->signals[i]);
        net->signals[i].data = net;
        failed |= uv_signal_start(&net->signals[i], on_signal, numbers[i]);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    return failed == 0 ? SW_OK : sw_fail(err, SW_INTERNAL, "The event loop cannot be made.");
}

/* Whether the address can be listened on.  Asked before lws is: where a bind fails inside it, it
 * frees handles that our loop still knows. */
static sw_status try_bind(const struct sw_net *net, struct sw_err *err)
{
    char port[16];
    snprintf(port, sizeof(port), "%d", net->options.port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(net->options.host, port, &hints, &found);
    if (failed != 0) {
        return sw_fail(err, SW_PARAMS, "--listen: %s is no address of this machine: %s",
                       net->options.host, gai_strerror(failed));
    }
    int on = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                    bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
    int why = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    freeaddrinfo(found);
    if (is_bound) {
        return SW_OK;
    }
    return sw_fail(
        err, SW_PARAMS, "--listen: cannot listen on %s port %d: %s%s", net->options.host,
        net->options.port, strerror(why),
        why == EADDRINUSE ? " (another server runs there: stop it or choose another port)" : "");
}

static sw_status init_context(struct sw_net *net, struct sw_err *err)
{
    unsigned files;
    void *loops[1] = {&net->loop};
    SW_TRY(sw_guard_build(err)); /* G6 */
    SW_TRY(try_bind(net, err));
    SW_TRY(sw_guard_fd_limit(&files, err)); /* G12 */
    bool is_ipv6 = strchr(net->options.host, ':') != NULL;
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof(info));
    info.port = net->options.port;
    info.iface = net->options.host;
    info.protocols = protocols;
    info.extensions = NULL; /* G5 */
    info.user = net;
    info.pcontext = &net->context; /* set to NULL once freed */
    info.foreign_loops = loops;
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_VALIDATE_UTF8 | /* G18, G25 */
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   (is_ipv6 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6);
    info.retry_and_idle_policy = &no_validity;
    info.pt_serv_buf_size = SW_SEND_BYTES_MAX;
    info.max_http_header_data = SW_HEADER_BYTES_MAX; /* G11 */
    info.fd_limit_per_thread = files;
    info.timeout_secs = SW_HTTP_S;
    info.timeout_secs_ah_idle = SW_HEADER_S;
    info.keepalive_timeout = SW_KEEPALIVE_S;
    net->context = lws_create_context(&info);
    struct lws_vhost *vhost =
        net->context == NULL ? NULL : lws_get_vhost_by_name(net->context, "default");
    if (vhost == NULL) {
        net->has_loop = false; /* it holds handles of a context that is gone: left alone */
        return sw_fail(err, SW_INTERNAL,
                       "Cannot listen on %s port %d: is it in use, or not an address of this "
                       "machine? (Also needed: the package libwebsockets-evlib-uv.)",
                       net->options.host, net->options.port);
    }
    net->port = lws_get_vhost_listen_port(vhost);
    return SW_OK;
}

sw_status sw_net_open(const struct sw_net_options *options,
                      const struct sw_server_options *server_options, struct sw_net **net,
                      struct sw_err *err)
{
    struct sw_net *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
    }
    made->magic = SW_NET_MAGIC;
    (void)pthread_mutex_init(&made->waking, NULL);
    made->options = *options;
    made->clock = options->clock;
    sw_thread_be(SW_THREAD_LOOP);
    lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
    int64_t now_s = sw_net_now_us(made) / 1000000;
    sw_wheel_init(&made->wheel, now_s);
    sw_wheel_init(&made->stalls, now_s);
    int64_t line_max = options->is_forwarded ? INT64_MAX : options->address_connections;
    sw_peers_init(&made->peers, line_max, SW_CONNECTS_PER_ADDRESS_S);
    sw_peers_init(&made->clients, options->address_connections, SW_CONNECTS_PER_ADDRESS_S);
    sw_status status = init_loop(made, err);
    if (status == SW_OK) {
        status = sw_files_read(options->static_dir, &made->files, err);
    }
    if (status == SW_OK) {
        struct sw_net_calls calls = sw_wake_calls(made);
        status = sw_server_new(server_options, &calls, &made->server, err);
    }
    if (status == SW_OK) {
        status = init_context(made, err);
    }
    if (status != SW_OK) {
        sw_net_close(made);
        return status;
    }
    *net = made;
    return SW_OK;
}

struct sw_server *sw_net_server(struct sw_net *net)
{
    return net->server;
}

int sw_net_port(const struct sw_net *net)
{
    return net->port;
}

void sw_net_run(struct sw_net *net)
{
    (void)uv_run(&net->loop, UV_RUN_DEFAULT);
}

void sw_net_put_libraries(char *text, size_t size)
{
    snprintf(text, size, "libwebsockets %s, libuv %s", lws_get_library_version(),
             uv_version_string());
}

/* -- closing --- */

static void close_handle(void *handle)
{
    uv_handle_t *of_loop = handle;
    if (of_loop->loop != NULL && !uv_is_closing(of_loop)) {
        uv_close(of_loop, NULL);
    }
}

/* lws closes its handles on the loop, so the loop runs on until none is left; then nothing of lws's
 * is called any more, and a version that has not freed the context by then is asked again. */
static void close_loop(struct sw_net *net)
{
    if (!net->has_loop) {
        return;
    }
    lws_context_destroy(net->context);
    close_handle(&net->wake);
    close_handle(&net->tick);
    for (size_t i = 0; i < 3; i++) {
        close_handle(&net->signals[i]);
    }
    while (uv_run(&net->loop, UV_RUN_NOWAIT) != 0) {
    }
    sw_assert(net->conn_count == 0);
    if (net->context != NULL) {
        lws_context_destroy(net->context);
    }
    (void)uv_loop_close(&net->loop);
}

void sw_net_close(struct sw_net *net)
{
    if (net == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&net->waking);
    net->is_deaf = true;
    (void)pthread_mutex_unlock(&net->waking);
    close_loop(net);
    sw_server_free(net->server);
    (void)pthread_mutex_destroy(&net->waking);
    sw_files_free(net->files);
    sw_peers_fini(&net->clients);
    sw_peers_fini(&net->peers);
    net->magic = 0;
    free(net);
}
