/* log: one line per event to stderr: time, level, session, event, key=value.
 * No user data and no secrets; control bytes are escaped; more than 100 lines a
 * second are counted instead of written.  Any thread.                          */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H

#include "base/status.h"

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARN, SW_LOG_INFO, SW_LOG_DEBUG };

void sw_log_set_level(enum sw_log_level level); /* before threads start */
bool sw_log_level_parse(const char *name, enum sw_log_level *level);
/* `session` is the public name or NULL. */
SW_PRINTF(3, 4) void sw_log(enum sw_log_level level, const char *session, const char *format, ...);

#endif
