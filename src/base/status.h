/* status: the one way in which a function of Spillway says that it failed.
 *
 * Every function that can fail returns sw_status; its results go through out
 * parameters.  Where words help the user, the last parameter is a struct
 * sw_err owned by the caller (NULL is accepted), filled where the failure is
 * known and never rewrapped.  wire/error_map.c turns a status into the
 * JSON-RPC code and the HTTP status of PROTOCOL section 5.
 * Any thread.                                                             */
#ifndef SW_BASE_STATUS_H
#define SW_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_MUST_USE __attribute__((warn_unused_result))
#define SW_PRINTF(format_index, first_index) \
    __attribute__((format(printf, format_index, first_index)))

typedef enum {
#define SW_STATUS(name, code, http, text) SW_##name,
#include "base/status.inc"
#undef SW_STATUS
    SW_STATUS_COUNT
} sw_status;

#define SW_ERR_MESSAGE_MAX 512
#define SW_ERR_NAME_MAX    48
#define SW_ERR_HINT_MAX    192

/* What went wrong, in words for the user, and the facts a program wants. */
struct sw_err {
    sw_status status;
    char message[SW_ERR_MESSAGE_MAX]; /* a sentence that says what to do */
    bool has_position;
    size_t position;             /* byte offset in an expression or a JSON text */
    char limit[SW_ERR_NAME_MAX]; /* SW_LIMIT: its name; else empty */
    int64_t limit_value;         /* what was asked for */
    int64_t limit_allowed;       /* what is allowed */
    char hint[SW_ERR_HINT_MAX];  /* how to get within the limit */
    int64_t version;             /* SW_CONFLICT: the current version */
};

/* Fill *err (if not NULL) and return status, so that `return sw_fail(...)` reads well. */
SW_PRINTF(3, 4) sw_status sw_fail(struct sw_err *err, sw_status status, const char *format, ...);

/* The same for a limit: the message is built from name, value, allowed and hint. */
sw_status sw_fail_limit(struct sw_err *err, const char *name, int64_t value, int64_t allowed,
                        const char *hint);

/* Short name ("no_table") and JSON-RPC code (-32030) and HTTP status (404) of a status. */
const char *sw_status_name(sw_status status);
int sw_status_code(sw_status status);
int sw_status_http(sw_status status);

/* Return a failure at once; only where nothing is held. */
#define SW_TRY(expression)                    \
    do {                                      \
        sw_status try_status_ = (expression); \
        if (try_status_ != SW_OK) {           \
            return try_status_;               \
        }                                     \
    } while (0)

/* A promise of our own code; on in release too.  Prints file, line and claim, then aborts. */
#define sw_assert(claim) ((claim) ? (void)0 : sw_assert_failed(#claim, __FILE__, __LINE__))
_Noreturn void sw_assert_failed(const char *claim, const char *file, int line);

#endif
