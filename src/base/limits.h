/* limits: every limit of Spillway in one place, with its unit and its reason.
 * Those an operator would want to set are defaults here and options in main's
 * config; the rest are fixed.  Over a limit the answer is SW_LIMIT (-32050)
 * naming it.  Tests hit each at its edge.                                   */
#ifndef SW_BASE_LIMITS_H
#define SW_BASE_LIMITS_H

/* -- tables ------------------------------------------------------------- */
#define SW_CHUNK_ROWS            65536u /* rows of a row group: a row in it fits 16 bits */
#define SW_VECTOR_ROWS           2048u  /* rows a kernel works on at a time: stays in L1 */
#define SW_COLUMNS_MAX           4096u  /* columns of a table: beyond it headers are mistakes */
#define SW_NAME_BYTES_MAX        255u   /* bytes of a table, column, input, output name */
#define SW_FIELD_BYTES_MAX       (16u << 20) /* bytes of one CSV field: stops an unclosed quote */
#define SW_DICT_ENTRIES_MAX      (1u << 22)  /* distinct strings of a column kept as a dictionary */
#define SW_DICT_BYTES_MAX        (256u << 20) /* their bytes */
#define SW_CHUNK_TEXT_BYTES      (64u << 20)  /* plain text that seals a row group early */
#define SW_TABLES_MAX            256u         /* tables of a session */
#define SW_EXCEPTIONS_MAX        65536u /* cells of a column that need not fit: kept as text */
#define SW_EXCEPTION_VALUES_MIN  1000u  /* values from which on a column may have such cells */
#define SW_EXCEPTION_SHARE       1000u  /* of so many values less than one does not fit */
#define SW_EXCEPTIONS_LISTED_MAX 100u   /* of a column, that table.describe shows */
#define SW_EXCEPTION_TEXT_MAX    200u   /* bytes of each that it shows */

/* -- JSON and messages --------------------------------------------------- */
#define SW_MESSAGE_BYTES_MAX     (1u << 20) /* one WebSocket message from a client */
#define SW_JSON_DEPTH_MAX        32u        /* nesting of a request */
#define SW_JSON_TOKENS_MAX       65536u     /* values in a request */
#define SW_JSON_KEYS_MAX         4096u      /* members of one object */
#define SW_JSON_NUMBER_BYTES_MAX 63u        /* bytes of one number: as many as cJSON reads */
#define SW_ID_BYTES_MAX          128u       /* bytes of a request's string id */

/* -- reactive ------------------------------------------------------------ */
#define SW_INPUTS_MAX        1024u      /* inputs of a session */
#define SW_SELECTIONS_MAX    256u       /* selections of a session */
#define SW_CLAUSES_MAX       64u        /* clauses of a selection: a mask of 64 bits */
#define SW_OUTPUTS_MAX       512u       /* outputs of a session */
#define SW_BINS_MAX          65000u     /* bins of one axis: a place on it fits 16 bits */
#define SW_CELLS_MAX         (1u << 20) /* cells of a 2-D histogram */
#define SW_POINTS_MAX        100000u    /* points of a line or a scatter */
#define SW_GROUPS_MAX        5000000u   /* groups a group-by holds while it runs */
#define SW_GROUP_COLUMNS_MAX 16u        /* columns of a group-by's key */
#define SW_MEASURES_MAX      64u        /* measures of an output */
#define SW_LINE_COLUMNS_MAX  64u        /* y columns of a line */
#define SW_QUANTILES_MAX     1000u      /* quantiles of an output */
#define SW_DISTINCT_MAX      5000000u   /* values that the distinct measures of an output hold */
#define SW_RANKED_KEPT       (1u << 20) /* values a median keeps; beyond, it narrows by rounds */
#define SW_GROUPS_SENT_MAX   10000u     /* groups a group-by sends */
#define SW_FACETS_MAX        1000u      /* panels of a facet */
#define SW_PAGE_ROWS_MAX     1000u      /* rows of a table page */
#define SW_IN_LIST_MAX       10000u     /* values of an `in` clause */
#define SW_FRAME_MS          100u       /* a drag sees a frame at least this often */
#define SW_DRAG_MS           500u       /* inputs that follow one another so fast are a drag */
#define SW_BUSY_AFTER_MS     100u       /* an output says busy after this long */
#define SW_FLUSH_S           120u /* a run of outputs that takes longer is given up, seconds */

/* -- exec ------------------------------------------------------------------ */
#define SW_THREADS_MAX 256u /* worker threads: more than cores helps nobody */
#define SW_SCAN_STRIPES \
    32u                               /* runs of row groups folded apart: enough for any
                                              machine's cores, few enough that merging is cheap */
#define SW_BRUSH_BINS_MAX      65280u /* fine bins of a brushed column: 255 blocks of 256 */
#define SW_BRUSH_BIN_ROWS      1024u  /* rows in one that are looked at in no time */
#define SW_BRUSH_EDGE_ROWS     65536u /* rows of edges beyond which a move is a scan */
#define SW_BRUSH_IDLE_MS       60000u /* an index that no move asked is given up with its version */
#define SW_BRUSH_CARRIED_LEAST 4u /* row groups that may change and the index still follows, or */
#define SW_BRUSH_CARRIED_SHARE 8u /* one of so many: beyond, it goes with its version */
#define SW_BRUSH_TOTALS_BYTES  (128u << 20) /* running totals of one index, all outputs */
#define SW_PARTIAL_BYTES_MAX   (64u << 10)  /* a row group's partial that is kept: a byte a row */
#define SW_PARTIALS_BYTES_MAX  (128u << 20) /* partials kept per session ... */
#define SW_PARTIALS_SHARE      32u          /* ... which is at most this part of its memory */
#define SW_SPARE_SHARE         8u           /* ... and an eighth stays free of it */
#define SW_SORT_ROWS_MAX       0xfffffffeu  /* rows of a sorted order: positions are 32 bits */
#define SW_SORT_KEYS_MAX       16u          /* columns of a sort */
#define SW_ORDERS_MAX          64u          /* orders kept per session */
#define SW_ORDERS_BYTES_MAX    (512u << 20) /* their bytes; also charged to the session's memory */
#define SW_DISTINCT_EXACT_MAX  (1u << 20) /* values counted exactly where there is no dictionary */
#define SW_PLACES_BYTES_MAX \
    (512u << 20) /* bin codes of chunks kept for the next scan; the first to go when memory is
                    short */

/* -- expressions ---------------------------------------------------------- */
#define SW_EXPR_BYTES_MAX        65536u      /* bytes of an expression */
#define SW_EXPR_DEPTH_MAX        100u        /* nesting */
#define SW_EXPR_NODES_MAX        10000u      /* nodes */
#define SW_EXPR_HEIGHT_MAX       1000u       /* operators in a row (a + b + c ...), as in SQLite */
#define SW_EXPR_REGISTERS_MAX    1024u       /* values held at once: 34 KiB each for every worker */
#define SW_EXPR_TEXT_BYTES_MAX   (16u << 20) /* one text made by || or replace: as a CSV field */
#define SW_EXPR_VECTOR_BYTES_MAX (256u << 20) /* texts made for one vector of 2,048 rows */
#define SW_FORMULA_DEPTH_MAX     100u /* formulas over one another: as nesting of an expression */
#define SW_EXPR_ENTRIES_MAX      (1u << 20) /* dictionary entries whose results are kept */
#define SW_PATTERN_BYTES_MAX     4096u /* a LIKE pattern: the work is at most it times the text */

/* -- edits ------------------------------------------------------------------ */
#define SW_EDITS_PER_BATCH_MAX 1000u        /* changes of a table.batch */
#define SW_EDITS_WAITING_MAX   1000u        /* edits of a session that wait for their turn */
#define SW_EDIT_TEXT_BYTES_MAX (256u << 20) /* text that an edit may put into one row group */
#define SW_CAST_EXAMPLES_MAX   10u          /* values shown of those that a cast cannot keep */
#define SW_PREVIEW_ROWS        20u          /* rows that a preview shows unless told otherwise */
#define SW_PREVIEW_TEXT_MAX    1000u        /* bytes of a text that it shows */
#define SW_HISTORY_LISTED_MAX  10000u       /* steps that table.history lists */
#define SW_HISTORY_SHARE       8u /* the part of a session's memory that history leaves free */

/* -- derived tables ---------------------------------------------------------- */
#define SW_DERIVED_ROWS_MAX       (1u << 30)   /* rows of a join: their pairs take 8 GiB */
#define SW_DERIVED_TEXT_BYTES_MAX (256u << 20) /* text of one row group of a derived column */
#define SW_JOIN_KEYS_MAX          16u          /* columns that a join compares */
#define SW_PIVOT_COLUMNS          100u         /* columns that a pivot makes, unless told more */
#define SW_PIVOT_COLUMNS_MAX      1000u        /* what it can be told */
#define SW_DERIVED_DEPTH_MAX      32u          /* derived tables over one another */

/* -- sessions and sockets -------------------------------------------------- */
#define SW_SESSIONS_MAX              20000u      /* sessions of a server */
#define SW_SOCKETS_PER_SESSION_MAX   64u         /* tabs and programs on one session */
#define SW_SOCKETS_PER_ADDRESS_MAX   8192u       /* sockets of one address (proxies share one) */
#define SW_UPLOADS_PER_SESSION_MAX   8u          /* unfinished uploads of a session */
#define SW_UPLOADS_PER_ADDRESS_MAX   256u        /* upload requests of one address at once */
#define SW_UPLOAD_ROOM_BYTES         (4u << 20)  /* of an upload between two looks at the disk */
#define SW_UPLOADS_KEPT_MAX          64u         /* ended ones that can still be asked about */
#define SW_DOWNLOADS_PER_SESSION_MAX 16u         /* open tickets of a session */
#define SW_TICKET_S                  300u        /* a download ticket's life, seconds */
#define SW_UPLOAD_EXPIRES_S          86400u      /* an unfinished upload's life, seconds */
#define SW_IDLE_TIMEOUT_S            600u        /* a session's life without a socket, seconds */
#define SW_OUTBOX_REPLIES_MAX        4096u       /* unsent replies of a socket; more: closed 1013 */
#define SW_OUTBOX_BYTES_MAX          (32u << 20) /* their bytes */
#define SW_SEND_BYTES_MAX            65536u      /* bytes of one socket write */
#define SW_PING_S                    25u         /* server ping */
#define SW_SILENT_S                  60u         /* a peer silent for so long is dropped */
#define SW_STALL_S                   20u /* a reader without progress for so long is dropped */

/* -- uploads ---------------------------------------------------------------- */
#define SW_UPLOAD_BYTES_MAX    (64ull << 30)  /* bytes of one upload as sent */
#define SW_INFLATED_BYTES_MAX  (256ull << 30) /* bytes after decompression */
#define SW_INFLATE_RATIO_MAX   200u           /* growth allowed after the first MiB */
#define SW_METADATA_BYTES_MAX  8192u          /* tus Upload-Metadata */
#define SW_BODY_RATE_MIN       1024u          /* bytes a second a body must keep over 10 s */
#define SW_BAD_ROWS_KEPT       100u           /* bad rows listed; all are counted */
#define SW_RECORD_BYTES_MAX    (32u << 20)    /* bytes of one CSV record: they lie together */
#define SW_SAMPLE_BYTES        (64u << 10)    /* text that the CSV dialect is guessed from */
#define SW_SAMPLE_BYTES_MAX    (1u << 20)     /* the same, where the first record is longer */
#define SW_ZSTD_WINDOW_LOG_MAX 23 /* 8 MiB of history: what zstd -19 without --long needs */

/* -- HTTP and connections ----------------------------------------------------- */
#define SW_HEADER_BYTES_MAX       16384u /* of a request's head: tus metadata is 8 KiB of it */
#define SW_HEADER_S               10u    /* a head must be complete by then, seconds */
#define SW_KEEPALIVE_S            15u    /* an idle HTTP connection's life, seconds */
#define SW_HTTP_S                 30u    /* a body that stalls altogether, seconds */
#define SW_BODY_WINDOW_S          10u    /* window of SW_BODY_RATE_MIN, seconds */
#define SW_LINGER_S               2u     /* what follows a refusal is swallowed, seconds */
#define SW_CLOSE_S                5u     /* a WebSocket's way from close to gone, seconds */
#define SW_DRAIN_S                10u    /* a stop waits for answers, seconds */
#define SW_RECEIVE_BYTES          4096u  /* a WebSocket's receive buffer: 5,000 are idle */
#define SW_SOCKET_BUFFER_BYTES    (256u << 10) /* kernel memory that a non-reader may hold */
#define SW_CONNECTS_PER_ADDRESS_S 4096u        /* new connections of an address a second */
#define SW_FILES_MAX              (1u << 20)   /* descriptors used at most: lws has a table */
#define SW_FILES_RESERVED         256u         /* of them for spool, spill and logs */
#define SW_PART_HEAD_BYTES_MAX    8192u        /* header of a form's part */
#define SW_FORM_FIELD_BYTES_MAX   (256u << 10) /* a form's field: types of 4,096 columns */
#define SW_STATIC_BYTES_MAX       (64u << 20)  /* the page's files together */
#define SW_STATIC_FILES_MAX       4096u        /* their number */
#define SW_ORIGINS_MAX            64u          /* --allow-origin */
#define SW_THREADS_MAX            256u         /* --threads */

/* -- keeping sessions --------------------------------------------------------- */
#define SW_PARK_AFTER_S      60u   /* without a socket: then its memory serves others, seconds */
#define SW_SAVE_QUIET_MS     5000u /* a session is saved so long after its last change */
#define SW_SAVE_RECORDS      4096u /* or after so many changes: each is done again at a restart */
#define SW_SAVE_LOG_BYTES    (16u << 20) /* or so many bytes of them */
#define SW_APPEND_BYTES      (8u << 20)  /* records that one transaction takes, about */
#define SW_DISK_LOG_THREADS  4u          /* that append to logs: they mostly wait for the disk */
#define SW_DISK_BULK_THREADS 2u          /* that save and open sessions */
#define SW_DISK_BULK_NICE    5           /* by which these are less urgent than charts */

/* -- spill ------------------------------------------------------------------ */
#define SW_SPILL_BATCH_BYTES    (16u << 20)   /* chunks written by one transaction */
#define SW_BEHIND_SHARE         16u           /* part of a session's memory that is unwritten */
#define SW_SPILL_SQLITE_BYTES   (64u << 20)   /* memory SQLite is asked to stay below, all stores */
#define SW_SPILL_CHUNK_PAGES    32u           /* of 64 KiB that SQLite keeps of a store's chunks */
#define SW_SPILL_SESSION_BYTES  (1u << 20)    /* that SQLite keeps of a store's session file */
#define SW_RECORD_PARAMS_MAX    (64u << 20)   /* bytes of a log record: far above any message */
#define SW_RECORDS_PER_APPEND   4096u         /* log records of one transaction */
#define SW_SAVED_GROUPS_MAX     (1u << 26)    /* row groups of a version on disk: 4 * 10^12 rows */
#define SW_SAVED_FACT_BYTES_MAX (256u << 20)  /* JSON of one fact, or of a table's facts */
#define SW_SESSION_DISK_BYTES   (64ull << 30) /* --session-disk: files of one session */
#define SW_DISK_BYTES           (1ull << 40)  /* --disk: files of all sessions */
#define SW_DISK_FREE_BYTES      (1ull << 30)  /* kept free on the disk of the state directory */

/* -- memory (defaults of options) -------------------------------------------- */
#define SW_MEMORY_BYTES         (8ull << 30) /* --memory: all sessions */
#define SW_SESSION_MEMORY_BYTES (4ull << 30) /* --session-memory: one session */

#endif
