#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define LOG_LINE_BYTES       1024u
#define LOG_LINES_PER_SECOND 100u

static const char *const level_names[] = {
    [SW_LOG_ERROR] = "error",
    [SW_LOG_WARN] = "warn",
    [SW_LOG_INFO] = "info",
    [SW_LOG_DEBUG] = "debug",
};

static struct {
    pthread_mutex_t lock;
    enum sw_log_level level; /* set before threads start */
    int64_t second;          /* lock: lock */
    unsigned lines;          /* lock: lock; written in this second */
    unsigned dropped;        /* lock: lock */
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = SW_LOG_INFO};

void sw_log_set_level(enum sw_log_level level)
{
    sink.level = level;
}

bool sw_log_level_parse(const char *name, enum sw_log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum sw_log_level)i;
            return true;
        }
    }
    return false;
}

static void clean(char *line)
{
    for (; *line != '\0'; line++) {
        unsigned char byte = (unsigned char)*line;
        if (byte < 0x20 || byte == 0x7f) {
            *line = '?';
        }
    }
}

/* Whether a line may be written in this second; *dropped: lines left out in the one before. */
static bool admit(int64_t second, unsigned *dropped)
{
    *dropped = 0;
    if (second != sink.second) {
        *dropped = sink.dropped;
        sink.second = second;
        sink.lines = 0;
        sink.dropped = 0;
    }
    if (sink.lines >= LOG_LINES_PER_SECOND) {
        sink.dropped++;
        return false;
    }
    sink.lines++;
    return true;
}

void sw_log(enum sw_log_level level, const char *session, const char *format, ...)
{
    if (level > sink.level) {
        return;
    }
    char line[LOG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    clean(line);

    int64_t ms = sw_clock_system.wall_ms(NULL);
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char when[32];
    (void)gmtime_r(&seconds, &parts);
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts);

    (void)pthread_mutex_lock(&sink.lock);
    unsigned dropped;
    bool is_admitted = admit(ms / 1000, &dropped);
    if (dropped > 0) {
        (void)fprintf(stderr, "%s.%03dZ warn - log dropped=%u\n", when, (int)(ms % 1000), dropped);
    }
    if (is_admitted) {
        (void)fprintf(stderr, "%s.%03dZ %s %s %s\n", when, (int)(ms % 1000), level_names[level],
                      session == NULL ? "-" : session, line);
    }
    (void)pthread_mutex_unlock(&sink.lock);
}
