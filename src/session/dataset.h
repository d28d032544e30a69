/* dataset: files of the command line, which every session has as tables (is_shared).
 *
 * A file is parsed once: what it became is kept in a store of its own, with the size,
 * time and SHA-256 of the file, and the next start opens that (datasetstore.h).
 *
 *   OPENING  is there a store of this file, and is the file as it was?
 *     yes -> CHECKING  the table is there; the whole file is hashed behind it
 *              same -> AT_REST;  other bytes under the same time -> LOADING
 *     no  -> LOADING   parsed by loading.h -> KEEPING: hashed and saved -> AT_REST
 *
 * Its store stays open for the life of the server: the table's chunks are in it.  A
 * session remembers which files it has seen (session->files), so that it can be told
 * when one is another after a restart.  Loop thread, what is named _work aside.      */
#ifndef SW_SESSION_DATASET_H
#define SW_SESSION_DATASET_H

#include "session/datasetstore.h"
#include "session/loading.h"
#include "session/session.h"

struct sw_dataset {
    struct sw_dataset *next;
    struct sw_server *server;
    struct sw_table *table;     /* counted; also in server->datasets */
    struct sw_loading *loading; /* NULL once it is done or failed */
    struct sw_datafile *file;   /* owned; a worker's while a task of it runs */
    struct sw_file_facts facts; /* loop: the file's, as far as they are known */
    char *path;                 /* as it was given; owned */
    bool is_busy;               /* a task of it runs */
    bool is_again;              /* read anew because its bytes were not those of the store */
};

/* The record of a session's log that says which files it has seen. */
#define SW_FILES_RECORD "session.files"

/* A store of an earlier process, which may be of a file of this one. */
struct sw_dataset_store {
    struct sw_dataset_store *next;
    char name[SW_STORE_NAME_MAX + 1];
    unsigned char key[SW_SHA256_BYTES];
    int64_t opened_ms;
};

/* Before the loop runs: the state folder has this store. */
void sw_dataset_note_store(struct sw_server *server, const struct sw_stored *stored);
/* The file becomes a table that is named after it; what is slow goes on in the background. */
SW_MUST_USE sw_status sw_dataset_add(struct sw_server *server, const char *path,
                                     struct sw_err *err);
/* Stores of files that are not on the command line go. Once, after the last add. */
void sw_datasets_sweep(struct sw_server *server);
/* Gives up what is under way. */
void sw_datasets_stop(struct sw_server *server);
/* Nothing is under way, and nobody has a table of it. */
void sw_datasets_free(struct sw_server *server);

/* The files that the session has tables of, as JSON: {"TABLE": "facts as text"} */
void sw_datasets_put_files(const struct sw_session *session, struct sw_buf *out);
/* The first record of a session's log: the files that it has. */
void sw_datasets_log_files(struct sw_session *session);
/* The session is in use again: its sockets hear of files that are others than it has seen. */
void sw_datasets_tell(struct sw_session *session);

#endif
