/*~ The start and the stop, as a list. Everything that runs lives in one struct sw_net, which holds
 * the sockets and the server above them; see docs/tour.md for what happens in between. */
#include "base/log.h"
#include "config.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_CONFIG 2

static int complain(const struct sw_err *err)
{
    fprintf(stderr, "spillway: %s\n", err->message);
    return err->status == SW_PARAMS || err->status == SW_LIMIT ? EXIT_CONFIG : EXIT_FAILURE;
}

static int print_help(void)
{
    char text[8192];
    sw_config_put_help(text, sizeof(text));
    fputs(text, stdout);
    return EXIT_SUCCESS;
}

static int print_version(void)
{
    char libraries[128];
    sw_net_put_libraries(libraries, sizeof(libraries));
    printf("spillway %s\n%s\n", SW_VERSION, libraries);
    return EXIT_SUCCESS;
}

static sw_status open_net(const struct sw_config *config, struct sw_net **net, struct sw_err *err)
{
    const struct sw_server_options server_options = {
        .state_dir = config->state_dir,
        .threads = config->threads,
        .memory_bytes = config->memory_bytes,
        .session_memory_bytes = config->session_memory_bytes,
        .idle_timeout_s = config->idle_timeout_s,
        .is_kept = true,
        .is_spilling = config->is_spilling,
        .durability = config->durability,
        .park_after_s = config->park_after_s,
        .session_disk_bytes = config->session_disk_bytes,
        .disk_bytes = config->disk_bytes,
        .disk_free_bytes = config->disk_free_bytes,
        .upload_bytes_max = config->upload_bytes_max,
        .flush_ms = config->flush_timeout_s * 1000,
        .session_sockets = config->session_sockets,
        .session_uploads = config->session_uploads,
        .is_strict = config->is_strict,
        .clock = &sw_clock_system,
    };
    const struct sw_net_options net_options = {
        .host = config->host,
        .port = config->port,
        .allowed_origins = (const char *const *)config->origins,
        .allowed_origin_count = config->origin_count,
        .static_dir = config->static_dir,
        .address_connections = config->address_connections,
        .address_uploads = config->address_uploads,
        .is_forwarded = config->is_forwarded,
        .clock = &sw_clock_system,
    };
    return sw_net_open(&net_options, &server_options, net, err);
}

static sw_status serve(const struct sw_config *config, struct sw_err *err)
{
    struct sw_net *net;
    SW_TRY(open_net(config, &net, err));
    sw_status status = SW_OK;
    for (int i = 0; i < config->file_count && status == SW_OK; i++) {
        status = sw_server_add_file(sw_net_server(net), config->files[i], err);
    }
    if (status == SW_OK) {
        printf(config->is_ipv6 ? "listening on http://[%s]:%d\n" : "listening on http://%s:%d\n",
               config->host, sw_net_port(net));
        fflush(stdout);
        sw_net_run(net);
    }
    sw_net_close(net);
    return status;
}

int main(int argc, char **argv)
{
    struct sw_config config;
    struct sw_err err;
    int result = EXIT_SUCCESS;
    if (sw_config_read(&config, argc, argv, getenv, &err) != SW_OK) {
        result = complain(&err);
    } else if (config.is_help) {
        result = print_help();
    } else if (config.is_version) {
        result = print_version();
    } else {
        sw_log_set_level(config.log_level);
        result = serve(&config, &err) == SW_OK ? EXIT_SUCCESS : complain(&err);
    }
    sw_config_fini(&config);
    return result;
}
