/* server_priv: the server's struct, for the files of session/ only. */
#ifndef SW_SESSION_SERVER_PRIV_H
#define SW_SESSION_SERVER_PRIV_H

#include "session/disk.h"
#include "session/loading.h"
#include "session/session.h"
#include "session/trimming.h"
#include "spill/cache.h"

struct sw_counters {
    uint64_t sessions, messages, flushes, uploads, uploads_failed, downloads, received_bytes,
        sent_messages, parked, woken;
};

struct sw_stored_session;
struct sw_waking;
struct sw_dataset;
struct sw_dataset_store;

struct sw_server {
    struct sw_net_calls calls;
    const struct sw_clock *clock;
    char *state_dir; /* owned */
    int uploads_fd;  /* directory of spools */
    int64_t idle_timeout_s, session_memory_bytes, upload_bytes_max;
    int64_t flush_ms, session_sockets, session_uploads;
    bool is_strict;
    struct sw_spill *spill; /* NULL: nothing outlives the process */
    struct sw_disk *disk;   /* NULL with spill */
    int64_t park_after_s, session_disk_bytes;
    struct sw_stored_session *stored; /* uthash by key: on disk, not in memory */
    uint32_t stored_count;
    struct sw_waking *wakings;
    uint32_t keep_count; /* struct sw_keep alive: those of ended sessions, too */
    struct sw_pool *pool;
    struct sw_lane *lane; /* of the data sets */
    struct sw_trimming trimming;
    struct sw_budget budget;
    struct sw_partials_set *partials; /* of all sessions */
    struct sw_cache_set *caches;      /* of all sessions */
    bool is_spilling;                 /* chunks may leave memory */
    struct sw_tables datasets;
    struct sw_dataset *dataset_list;
    uint32_t datasets_loading;               /* being opened or parsed: sessions wait for them */
    struct sw_dataset_store *dataset_stores; /* of an earlier process, not yet of a file */
    struct sw_session *sessions;             /* uthash by key */
    struct sw_session *ending;               /* ended, not yet at rest */
    uint32_t session_count, socket_count;
    int64_t spool_bytes;       /* of uploads whose tables are not saved */
    struct sw_ticket *tickets; /* uthash by hash */
    int64_t sweep_ms;          /* when expired things were last looked for */
    bool is_stopping;
    struct sw_counters count;
};

#endif
