/* config: the command line and the environment, read once by main.  An option
 * --some-name is also SPILLWAY_SOME_NAME; the command line wins.               */
#ifndef SW_CONFIG_H
#define SW_CONFIG_H

#include "base/limits.h"
#include "base/log.h"
#include "spill/spill.h"

#define SW_CONFIG_PATH_MAX 4096

struct sw_config {
    char host[256]; /* to listen on, without brackets */
    bool is_ipv6;
    int port;
    char state_dir[SW_CONFIG_PATH_MAX];
    char static_dir[SW_CONFIG_PATH_MAX];
    unsigned threads; /* 0: one per core */
    int64_t memory_bytes, session_memory_bytes;
    int64_t idle_timeout_s, park_after_s;
    enum sw_durability durability;
    int64_t session_disk_bytes, disk_bytes, disk_free_bytes;
    int64_t upload_bytes_max;
    bool is_spilling; /* tables may be larger than the memory of their session */
    bool is_strict;   /* how the files of the command line are read */
    int64_t address_connections, address_uploads;
    int64_t session_sockets, session_uploads;
    int64_t flush_timeout_s;
    bool is_forwarded;             /* behind a proxy whose X-Forwarded-For is believed */
    char *origins[SW_ORIGINS_MAX]; /* owned */
    size_t origin_count;
    enum sw_log_level log_level;
    char **files; /* of argv */
    int file_count;
    bool is_help, is_version; /* to be printed instead of serving */
};

/* SW_PARAMS: the message names the option and says what it wants. `environment` is getenv but for
 * tests. */
SW_MUST_USE sw_status sw_config_read(struct sw_config *config, int argc, char **argv,
                                     char *(*environment)(const char *name), struct sw_err *err);
void sw_config_fini(struct sw_config *config);
/* What --help prints. */
void sw_config_put_help(char *text, size_t size);

#endif
