#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- values --- */

static sw_status wrong(struct sw_err *err, const char *name, const char *value, const char *wanted)
{
    return sw_fail(err, SW_PARAMS, "--%s: \"%.100s\" will not do; wanted is %s.", name, value,
                   wanted);
}

/* A whole number with an optional K, M, G or T (powers of 1024). */
static bool read_number(const char *text, bool is_size, int64_t low, int64_t high, int64_t *number)
{
    static const char suffixes[] = "KMGT";
    int64_t value = 0;
    const char *c = text;
    if (!isdigit((unsigned char)*c)) {
        return false;
    }
    for (; isdigit((unsigned char)*c); c++) {
        if (value > (INT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (*c - '0');
    }
    const char *suffix =
        is_size && *c != '\0' ? strchr(suffixes, toupper((unsigned char)*c)) : NULL;
    if (suffix != NULL) {
        for (ptrdiff_t i = suffix - suffixes; i >= 0; i--) {
            if (value > INT64_MAX / 1024) {
                return false;
            }
            value *= 1024;
        }
        c++;
    }
    if (*c != '\0' || value < low || value > high) {
        return false;
    }
    *number = value;
    return true;
}

static sw_status set_path(char path[SW_CONFIG_PATH_MAX], const char *name, const char *value,
                          struct sw_err *err)
{
    int length = snprintf(path, SW_CONFIG_PATH_MAX, "%s", value);
    if (length <= 0 || length >= SW_CONFIG_PATH_MAX) {
        return wrong(err, name, value, "the path of a folder");
    }
    return SW_OK;
}

static sw_status set_state(struct sw_config *config, const char *name, const char *value,
                           struct sw_err *err)
{
    return set_path(config->state_dir, name, value, err);
}

static sw_status set_static(struct sw_config *config, const char *name, const char *value,
                            struct sw_err *err)
{
    return set_path(config->static_dir, name, value, err);
}

static sw_status set_threads(struct sw_config *config, const char *name, const char *value,
                             struct sw_err *err)
{
    int64_t number;
    if (!read_number(value, false, 1, SW_THREADS_MAX, &number)) {
        return wrong(err, name, value, "a number from 1 to 256");
    }
    config->threads = (unsigned)number;
    return SW_OK;
}

static sw_status set_bytes(int64_t *bytes, const char *name, const char *value, struct sw_err *err)
{
    if (!read_number(value, true, 1 << 20, INT64_MAX / 2, bytes)) {
        return wrong(err, name, value, "a size of at least 1M, such as 512M or 8G");
    }
    return SW_OK;
}

static sw_status set_memory(struct sw_config *config, const char *name, const char *value,
                            struct sw_err *err)
{
    return set_bytes(&config->memory_bytes, name, value, err);
}

static sw_status set_session_memory(struct sw_config *config, const char *name, const char *value,
                                    struct sw_err *err)
{
    return set_bytes(&config->session_memory_bytes, name, value, err);
}

static sw_status set_session_disk(struct sw_config *config, const char *name, const char *value,
                                  struct sw_err *err)
{
    return set_bytes(&config->session_disk_bytes, name, value, err);
}

static sw_status set_disk(struct sw_config *config, const char *name, const char *value,
                          struct sw_err *err)
{
    return set_bytes(&config->disk_bytes, name, value, err);
}

static sw_status set_disk_free(struct sw_config *config, const char *name, const char *value,
                               struct sw_err *err)
{
    if (!read_number(value, true, 0, INT64_MAX / 2, &config->disk_free_bytes)) {
        return wrong(err, name, value, "a size, such as 0 or 1G");
    }
    return SW_OK;
}

static sw_status set_spill(struct sw_config *config, const char *name, const char *value,
                           struct sw_err *err)
{
    config->is_spilling = strcmp(value, "on") == 0;
    if (!config->is_spilling && strcmp(value, "off") != 0) {
        return wrong(err, name, value, "on or off");
    }
    return SW_OK;
}

static sw_status set_durability(struct sw_config *config, const char *name, const char *value,
                                struct sw_err *err)
{
    if (!sw_durability_parse(value, &config->durability)) {
        return wrong(err, name, value, "process, power or off");
    }
    return SW_OK;
}

static sw_status set_park_after(struct sw_config *config, const char *name, const char *value,
                                struct sw_err *err)
{
    if (!read_number(value, false, 0, 366 * 86400, &config->park_after_s)) {
        return wrong(err, name, value, "a number of seconds from 0 to 31622400");
    }
    return SW_OK;
}

static sw_status set_idle_timeout(struct sw_config *config, const char *name, const char *value,
                                  struct sw_err *err)
{
    if (!read_number(value, false, 1, 366 * 86400, &config->idle_timeout_s)) {
        return wrong(err, name, value, "a number of seconds from 1 to 31622400");
    }
    return SW_OK;
}

static sw_status set_max_upload(struct sw_config *config, const char *name, const char *value,
                                struct sw_err *err)
{
    if (!read_number(value, true, 1, INT64_MAX / 2, &config->upload_bytes_max)) {
        return wrong(err, name, value, "a size, such as 100M or 64G");
    }
    return SW_OK;
}

static sw_status set_strict(struct sw_config *config, const char *name, const char *value,
                            struct sw_err *err)
{
    config->is_strict = strcmp(value, "true") == 0;
    if (!config->is_strict && strcmp(value, "false") != 0) {
        return wrong(err, name, value, "true or false");
    }
    return SW_OK;
}

static sw_status set_connections(struct sw_config *config, const char *name, const char *value,
                                 struct sw_err *err)
{
    if (!read_number(value, false, 1, SW_FILES_MAX, &config->address_connections)) {
        return wrong(err, name, value, "a number from 1 to 1048576");
    }
    return SW_OK;
}

static sw_status set_address_uploads(struct sw_config *config, const char *name, const char *value,
                                     struct sw_err *err)
{
    if (!read_number(value, false, 1, SW_FILES_MAX, &config->address_uploads)) {
        return wrong(err, name, value, "a number from 1 to 1048576");
    }
    return SW_OK;
}

static sw_status set_session_sockets(struct sw_config *config, const char *name, const char *value,
                                     struct sw_err *err)
{
    if (!read_number(value, false, 1, SW_FILES_MAX, &config->session_sockets)) {
        return wrong(err, name, value, "a number from 1 to 1048576");
    }
    return SW_OK;
}

static sw_status set_session_uploads(struct sw_config *config, const char *name, const char *value,
                                     struct sw_err *err)
{
    if (!read_number(value, false, 1, SW_TABLES_MAX, &config->session_uploads)) {
        return wrong(err, name, value, "a number from 1 to 256");
    }
    return SW_OK;
}

static sw_status set_forwarded(struct sw_config *config, const char *name, const char *value,
                               struct sw_err *err)
{
    config->is_forwarded = strcmp(value, "true") == 0;
    if (!config->is_forwarded && strcmp(value, "false") != 0) {
        return wrong(err, name, value, "true or false");
    }
    return SW_OK;
}

static sw_status set_flush_timeout(struct sw_config *config, const char *name, const char *value,
                                   struct sw_err *err)
{
    if (!read_number(value, false, 1, 86400, &config->flush_timeout_s)) {
        return wrong(err, name, value, "a number of seconds from 1 to 86400");
    }
    return SW_OK;
}

static sw_status set_log(struct sw_config *config, const char *name, const char *value,
                         struct sw_err *err)
{
    if (!sw_log_level_parse(value, &config->log_level)) {
        return wrong(err, name, value, "error, warn, info or debug");
    }
    return SW_OK;
}

static sw_status set_listen(struct sw_config *config, const char *name, const char *value,
                            struct sw_err *err)
{
    static const char wanted[] = "HOST:PORT with an address of this machine, such as "
                                 "127.0.0.1:8080 or [::]:8080";
    const char *colon = strrchr(value, ':');
    int64_t port;
    if (colon == NULL || !read_number(colon + 1, false, 0, 65535, &port)) {
        return wrong(err, name, value, wanted);
    }
    const char *host = value;
    size_t length = (size_t)(colon - value);
    config->is_ipv6 = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (config->is_ipv6) {
        host++;
        length -= 2;
    }
    bool has_colon = length > 0 && memchr(host, ':', length) != NULL;
    if (length == 0 || length >= sizeof(config->host) || has_colon != config->is_ipv6) {
        return wrong(err, name, value, wanted);
    }
    if (length == strlen("localhost") && memcmp(host, "localhost", length) == 0) {
        host = "127.0.0.1";
        length = strlen(host);
    }
    memcpy(config->host, host, length);
    config->host[length] = '\0';
    config->port = (int)port;
    return SW_OK;
}

static bool is_origin(const char *text, size_t length)
{
    size_t scheme = strncmp(text, "http://", 7) == 0    ? 7
                    : strncmp(text, "https://", 8) == 0 ? 8
                                                        : 0;
    if (scheme == 0 || length == scheme || length > SW_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = scheme; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~' || strchr("/?#@\"'", text[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* One origin, or in the environment several with spaces or commas between. */
static sw_status set_allow_origin(struct sw_config *config, const char *name, const char *value,
                                  struct sw_err *err)
{
    for (const char *from = value + strspn(value, " ,"); *from != '\0';) {
        size_t length = strcspn(from, " ,");
        if (!is_origin(from, length)) {
            return wrong(err, name, value,
                         "scheme://host[:port] without a path, such as https://data.example");
        }
        if (config->origin_count == SW_ORIGINS_MAX) {
            return sw_fail_limit(err, "origins", SW_ORIGINS_MAX + 1, SW_ORIGINS_MAX,
                                 "Give fewer --allow-origin.");
        }
        char *origin = strndup(from, length);
        if (origin == NULL) {
            return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
        }
        config->origins[config->origin_count++] = origin;
        from += length;
        from += strspn(from, " ,");
    }
    return SW_OK;
}

/* -- the options --- */

typedef sw_status (*set_option)(struct sw_config *config, const char *name, const char *value,
                                struct sw_err *err);

struct option {
    const char *name;
    const char *argument; /* NULL: takes none */
    set_option set;
    const char *help;
};

static const struct option options[] = {
    {"listen", "HOST:PORT", set_listen,
     "where to listen (127.0.0.1:8080); port 0 takes a free one; 0.0.0.0:8080 serves the network"},
    {"state", "DIR", set_state,
     "where sessions and uploads are kept ($XDG_STATE_HOME/spillway, else\n"
     "~/.local/state/spillway, else ./spillway-state); made if missing, for this user only"},
    {"spill", "MODE", set_spill,
     "on: a table may be larger than --session-memory, cold parts of it lie in the state\n"
     "folder; off (the default): it has to fit"},
    {"durability", "MODE", set_durability,
     "what a change waits for before it is acknowledged: process (the default; it survives a kill\n"
     "of the server), power (a power cut, too) or off (nothing: what came after the last save is\n"
     "lost with a kill)"},
    {"threads", "N", set_threads, "workers that load and compute (one per core)"},
    {"memory", "SIZE", set_memory,
     "memory of all sessions, such as 512M or 8G (8G, or 3/4 of the machine's if that is less)"},
    {"session-memory", "SIZE", set_session_memory,
     "memory of one session (4G, or half of --memory)"},
    {"idle-timeout", "SECONDS", set_idle_timeout,
     "how long a session without a socket is kept, from when it is parked (600)"},
    {"park-after", "SECONDS", set_park_after,
     "how long a session without a socket keeps its memory; then it is on disk alone (60)"},
    {"session-disk", "SIZE", set_session_disk, "bytes of one session on disk (64G)"},
    {"disk", "SIZE", set_disk, "bytes of all sessions on disk (1T)"},
    {"disk-free", "SIZE", set_disk_free, "what is left free on that disk (1G)"},
    {"max-upload", "SIZE", set_max_upload, "bytes of one upload as sent (64G)"},
    {"allow-origin", "ORIGIN", set_allow_origin,
     "a web origin besides our own whose pages may use this server, such as\n"
     "https://data.example; may be given again"},
    {"address-connections", "N", set_connections,
     "connections of one address (8192); raise it where a proxy stands in front"},
    {"address-uploads", "N", set_address_uploads, "upload requests of one address at once (256)"},
    {"trust-forwarded", "BOOL", set_forwarded,
     "true: a proxy stands in front, and the last address of its X-Forwarded-For is the\n"
     "client's, which the two limits above then count; false (the default): the header is not "
     "read"},
    {"session-sockets", "N", set_session_sockets, "sockets of one session (64)"},
    {"session-uploads", "N", set_session_uploads, "unfinished uploads of one session (8)"},
    {"flush-timeout", "SECONDS", set_flush_timeout,
     "how long the outputs of one change may be computed; then they show an error (120)"},
    {"strict", "BOOL", set_strict,
     "true: a column of FILE that a few cells do not fit is text; false (the default): they\n"
     "are exceptions, null but kept, where over 99.9 % fit"},
    {"static", "DIR", set_static, "the page's files (those that came with the program)"},
    {"log", "LEVEL", set_log, "error, warn, info or debug (info), to standard error"},
};

#define OPTION_COUNT (sizeof(options) / sizeof(*options))

/* -- defaults --- */

static int64_t machine_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (int64_t)pages * page_bytes : INT64_MAX;
}

static void set_default_state(struct sw_config *config, char *(*environment)(const char *name))
{
    const char *state = environment("XDG_STATE_HOME");
    const char *home = environment("HOME");
    int length;
    if (state != NULL && state[0] == '/') {
        length = snprintf(config->state_dir, SW_CONFIG_PATH_MAX, "%s/spillway", state);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(config->state_dir, SW_CONFIG_PATH_MAX, "%s/.local/state/spillway", home);
    } else {
        length = SW_CONFIG_PATH_MAX;
    }
    if (length < 0 || length >= SW_CONFIG_PATH_MAX) {
        snprintf(config->state_dir, SW_CONFIG_PATH_MAX, "spillway-state");
    }
}

/* The source tree's, or those installed beside the program. */
static void set_default_static(struct sw_config *config)
{
    struct stat status;
    snprintf(config->static_dir, SW_CONFIG_PATH_MAX, "%s", SW_STATIC_DIR);
    if (stat(config->static_dir, &status) == 0) {
        return;
    }
    char path[SW_CONFIG_PATH_MAX - 64];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash = length > 0 ? (path[length] = '\0', strrchr(path, '/')) : NULL;
    if (slash != NULL) {
        *slash = '\0';
        snprintf(config->static_dir, SW_CONFIG_PATH_MAX, "%s/../share/spillway/static", path);
    }
}

static void set_defaults(struct sw_config *config, char *(*environment)(const char *name))
{
    memset(config, 0, sizeof(*config));
    snprintf(config->host, sizeof(config->host), "127.0.0.1");
    config->port = 8080;
    config->idle_timeout_s = SW_IDLE_TIMEOUT_S;
    config->park_after_s = SW_PARK_AFTER_S;
    config->durability = SW_DURABILITY_PROCESS;
    config->session_disk_bytes = (int64_t)SW_SESSION_DISK_BYTES;
    config->disk_bytes = (int64_t)SW_DISK_BYTES;
    config->disk_free_bytes = (int64_t)SW_DISK_FREE_BYTES;
    config->upload_bytes_max = SW_UPLOAD_BYTES_MAX;
    config->address_connections = SW_SOCKETS_PER_ADDRESS_MAX;
    config->address_uploads = SW_UPLOADS_PER_ADDRESS_MAX;
    config->session_sockets = SW_SOCKETS_PER_SESSION_MAX;
    config->session_uploads = SW_UPLOADS_PER_SESSION_MAX;
    config->flush_timeout_s = SW_FLUSH_S;
    config->log_level = SW_LOG_INFO;
    set_default_state(config, environment);
    set_default_static(config);
}

static void set_default_memory(struct sw_config *config)
{
    if (config->memory_bytes == 0) {
        int64_t most = machine_bytes() / 4 * 3;
        config->memory_bytes = most < (int64_t)SW_MEMORY_BYTES ? most : (int64_t)SW_MEMORY_BYTES;
    }
    if (config->session_memory_bytes == 0) {
        int64_t half = config->memory_bytes / 2;
        config->session_memory_bytes =
            half < (int64_t)SW_SESSION_MEMORY_BYTES ? half : (int64_t)SW_SESSION_MEMORY_BYTES;
    }
}

/* -- reading --- */

static void name_variable(const char *option, char *variable, size_t size)
{
    int length = snprintf(variable, size, "SPILLWAY_%s", option);
    for (int i = 0; i < length; i++) {
        variable[i] = variable[i] == '-' ? '_' : (char)toupper((unsigned char)variable[i]);
    }
}

static sw_status read_environment(struct sw_config *config, char *(*environment)(const char *name),
                                  struct sw_err *err)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char variable[64];
        name_variable(options[i].name, variable, sizeof(variable));
        const char *value = environment(variable);
        if (value != NULL && value[0] != '\0') {
            SW_TRY(options[i].set(config, options[i].name, value, err));
        }
    }
    return SW_OK;
}

static const struct option *find_option(const char *name, size_t length)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* One option at argv[*i]; moves *i on to its value where that is the next argument. */
static sw_status read_option(struct sw_config *config, int argc, char **argv, int *i,
                             struct sw_err *err)
{
    const char *name = argv[*i] + 2;
    size_t length = strcspn(name, "=");
    const struct option *option = find_option(name, length);
    if (option == NULL) {
        return sw_fail(err, SW_PARAMS, "%.100s is no option; spillway --help lists them.",
                       argv[*i]);
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (value == NULL && *i + 1 < argc) {
        *i += 1;
        value = argv[*i];
    }
    if (value == NULL) {
        return sw_fail(err, SW_PARAMS, "--%s wants %s.", option->name, option->argument);
    }
    return option->set(config, option->name, value, err);
}

static sw_status read_arguments(struct sw_config *config, int argc, char **argv, struct sw_err *err)
{
    bool is_ended = false;
    /* The files are gathered at the front of argv, in their order. */
    config->files = argv + 1;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (is_ended || argument[0] != '-' || argument[1] == '\0') {
            config->files[config->file_count++] = argv[i];
        } else if (strcmp(argument, "--") == 0) {
            is_ended = true;
        } else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            config->is_help = true;
        } else if (strcmp(argument, "--version") == 0) {
            config->is_version = true;
        } else if (argument[1] == '-') {
            SW_TRY(read_option(config, argc, argv, &i, err));
        } else {
            return sw_fail(err, SW_PARAMS, "%.100s is no option; spillway --help lists them.",
                           argument);
        }
    }
    return SW_OK;
}

sw_status sw_config_read(struct sw_config *config, int argc, char **argv,
                         char *(*environment)(const char *name), struct sw_err *err)
{
    set_defaults(config, environment);
    sw_status status = read_environment(config, environment, err);
    if (status == SW_OK) {
        status = read_arguments(config, argc, argv, err);
    }
    set_default_memory(config);
    if (status == SW_OK && config->session_memory_bytes > config->memory_bytes) {
        status = sw_fail(err, SW_PARAMS,
                         "--session-memory: one session cannot have more than "
                         "--memory gives to all.");
    }
    return status;
}

void sw_config_fini(struct sw_config *config)
{
    for (size_t i = 0; i < config->origin_count; i++) {
        free(config->origins[i]);
    }
    config->origin_count = 0;
}

void sw_config_put_help(char *text, size_t size)
{
    size_t at = (size_t)snprintf(
        text, size,
        "spillway [options] [FILE ...]\n"
        "\n"
        "Serves linked charts over tables of millions of rows. Each FILE (CSV, also .gz or .zst)\n"
        "becomes a data set that every session can open; people add their own by dropping a file "
        "on\n"
        "the page, or with:\n"
        "  curl -T data.csv -H 'Authorization: Bearer TOKEN' "
        "http://127.0.0.1:8080/upload/data.csv\n"
        "\n"
        "Options, with their defaults; each is also read from the environment, --idle-timeout for\n"
        "instance from SPILLWAY_IDLE_TIMEOUT:\n");
    for (size_t i = 0; i < OPTION_COUNT && at < size; i++) {
        char head[64];
        snprintf(head, sizeof(head), "--%s %s", options[i].name, options[i].argument);
        at += (size_t)snprintf(text + at, size - at, "  %-26s", head);
        for (const char *c = options[i].help; *c != '\0' && at + 40 < size; c++) {
            text[at++] = *c;
            if (*c == '\n') {
                at += (size_t)snprintf(text + at, size - at, "%28s", "");
            }
        }
        at += (size_t)snprintf(text + at, size - at, "\n");
    }
    if (at < size) {
        snprintf(text + at, size - at,
                 "  --help, --version\n"
                 "\n"
                 "Ctrl-C or SIGTERM lets answers under way finish and ends; a second one ends at "
                 "once.\n");
    }
}
