/* What the torture program puts between the server and the system (LD_PRELOAD): the disk, memory,
 * and the clock misbehave when a control page says so, and what is written to the state folder is
 * logged.
 * It shares nothing with the server; the control page is a file that harness.mjs writes into.
 *
 * Control page (little endian):
 *    0  i64  nanoseconds added to CLOCK_REALTIME
 *    8  i32  action: 0 none, 1 SIGKILL, 2 ENOSPC, 3 EIO, 4 short (half is written, then ENOSPC)
 *   12  i32  ops: 1 write, 2 sync, 4 read, 8 create, 16 unlink, 32 rename, 64 truncate, 128 malloc
 *   16  i64  the how manieth matching call from now on it hits (1: the next)
 *   24  i64  how many it hits from then on
 *   32  64 bytes: what the path must contain, or end in ("x$"), ended by NUL
 *   96  i64  calls hit so far
 *  104  i64  bytes of the log so far
 *
 * Log: op (1 byte), file number (u32), offset (u64), length (u32), bytes.  Ops: P the path of a
 * number, C created, W written, T cut to offset, S synced, U unlinked, R renamed to the number in
 * offset, D the folder synced.  A record stands in the log before the call returns. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { KILL = 1, NO_SPACE, IO_ERROR, SHORT };
enum {
    WRITE = 1,
    SYNC = 2,
    READ = 4,
    CREATE = 8,
    UNLINK = 16,
    RENAME = 32,
    TRUNCATE = 64,
    MEMORY = 128
};
enum { FILES_MAX = 65536, PATHS_MAX = 4096, PATH_BYTES = 512 };

struct control {
    _Atomic int64_t clock_ns;
    _Atomic int32_t action, ops;
    _Atomic int64_t countdown, count;
    char match[64];
    _Atomic int64_t hits, log_bytes;
};

static struct control *control;
static char state[PATH_BYTES];
static size_t state_length;
static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* paths, log */
static char paths[PATHS_MAX][PATH_BYTES];
static uint32_t path_count;
static _Atomic uint32_t file_path[FILES_MAX]; /* of a descriptor: number + 1; 0: not ours */
static uintptr_t program_start, program_end;

static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            program_start = info->dlpi_addr + part->p_vaddr;
            program_end = program_start + part->p_memsz;
        }
    }
    return 1; /* the program is the first */
}

__attribute__((constructor)) static void begin(void)
{
    const char *page = getenv("TORTURE_CONTROL");
    const char *folder = getenv("TORTURE_STATE");
    const char *log = getenv("TORTURE_LOG");
    int fd = page == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0 || folder == NULL) {
        return;
    }
    snprintf(state, sizeof(state), "%s/", folder);
    state_length = strlen(state);
    if (log != NULL) {
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
    }
    (void)dl_iterate_phdr(find_program, NULL);
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)syscall(SYS_close, fd);
    if (mapped != MAP_FAILED) {
        control = mapped;
    }
}

/* -- paths and the log ------------------------------------------------------------------- */

static void put(const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        long wrote = syscall(SYS_write, log_fd, at, length);
        if (wrote <= 0) {
            _exit(98);
        }
        at += wrote;
        length -= (size_t)wrote;
    }
}

static void put_record(char op, uint32_t path, uint64_t offset, const void *bytes, uint32_t length)
{
    char head[17];
    if (log_fd < 0) {
        return;
    }
    head[0] = op;
    memcpy(head + 1, &path, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &length, 4);
    put(head, sizeof(head));
    put(bytes, length);
    atomic_fetch_add(&control->log_bytes, (int64_t)sizeof(head) + length);
}

/* Its number + 1; the lock is held. 0: not in the state folder. */
static uint32_t number_of(const char *path)
{
    if (control == NULL || strncmp(path, state, state_length) != 0) {
        return 0;
    }
    for (uint32_t i = 0; i < path_count; i++) {
        if (strcmp(paths[i], path) == 0) {
            return i + 1;
        }
    }
    if (path_count == PATHS_MAX || strlen(path) >= PATH_BYTES) {
        _exit(97);
    }
    strcpy(paths[path_count], path);
    put_record('P', path_count, 0, path + state_length, (uint32_t)(strlen(path) - state_length));
    return ++path_count;
}

static bool resolve(int folder, const char *path, char into[PATH_BYTES])
{
    char link[64];
    if (path[0] == '/' || folder == AT_FDCWD) {
        snprintf(into, PATH_BYTES, "%s", path);
        return path[0] == '/';
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, into, PATH_BYTES - 1);
    if (length <= 0 || (size_t)length + strlen(path) + 2 > PATH_BYTES) {
        return false;
    }
    into[length] = '/';
    strcpy(into + length + 1, path);
    return true;
}

static const char *path_of(int fd, uint32_t *number)
{
    *number = fd >= 0 && fd < FILES_MAX ? atomic_load(&file_path[fd]) : 0;
    return *number == 0 ? NULL : paths[*number - 1];
}

/* -- what goes wrong ---------------------------------------------------------------------- */

/* "x" is somewhere in the path, "x$" is its end. */
static bool fits(const char *path)
{
    char match[sizeof(control->match)];
    memcpy(match, control->match, sizeof(match));
    match[sizeof(match) - 1] = '\0';
    size_t length = strlen(match);
    size_t all = strlen(path);
    if (length == 0 || match[length - 1] != '$') {
        return strstr(path, match) != NULL;
    }
    length--;
    return all >= length && memcmp(path + all - length, match, length) == 0;
}

/* The action for this call, or 0. */
static int strike(int op, const char *path)
{
    int action = control == NULL ? 0 : atomic_load(&control->action);
    if (action == 0 || (atomic_load(&control->ops) & op) == 0) {
        return 0;
    }
    if (op != MEMORY && (path == NULL || !fits(path))) {
        return 0;
    }
    int64_t left = atomic_fetch_sub(&control->countdown, 1);
    if (left > 1 || left <= 1 - atomic_load(&control->count)) {
        return 0;
    }
    atomic_fetch_add(&control->hits, 1);
    if (action == KILL) {
        (void)syscall(SYS_kill, (long)getpid(), SIGKILL);
        for (;;) {
            pause();
        }
    }
    return action;
}

static int fail_with(int action)
{
    errno = action == IO_ERROR ? EIO : ENOSPC;
    return -1;
}

/* -- the disk ------------------------------------------------------------------------------ */

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset, bool has_offset)
{
    uint32_t number;
    const char *path = path_of(fd, &number);
    if (path == NULL) {
        return has_offset ? syscall(SYS_pwrite64, fd, bytes, length, offset)
                          : syscall(SYS_write, fd, bytes, length);
    }
    int action = strike(WRITE, path);
    if (action == NO_SPACE || action == IO_ERROR || (action == SHORT && length < 2)) {
        return fail_with(action);
    }
    length = action == SHORT ? length / 2 : length;
    (void)pthread_mutex_lock(&lock);
    if (!has_offset) {
        offset = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    }
    ssize_t wrote = has_offset ? syscall(SYS_pwrite64, fd, bytes, length, offset)
                               : syscall(SYS_write, fd, bytes, length);
    if (wrote > 0) {
        put_record('W', number - 1, (uint64_t)offset, bytes, (uint32_t)wrote);
    }
    (void)pthread_mutex_unlock(&lock);
    return wrote;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    return write_at(fd, bytes, length, 0, false);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return write_at(fd, bytes, length, offset, true);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset)
{
    return write_at(fd, bytes, length, offset, true);
}

static ssize_t read_at(int fd, void *into, size_t length, off_t offset, bool has_offset)
{
    uint32_t number;
    const char *path = path_of(fd, &number);
    int action = path == NULL ? 0 : strike(READ, path);
    if (action == NO_SPACE || action == IO_ERROR) {
        errno = EIO;
        return -1;
    }
    return has_offset ? syscall(SYS_pread64, fd, into, length, offset)
                      : syscall(SYS_read, fd, into, length);
}

ssize_t read(int fd, void *into, size_t length)
{
    return read_at(fd, into, length, 0, false);
}

ssize_t pread(int fd, void *into, size_t length, off_t offset)
{
    return read_at(fd, into, length, offset, true);
}

ssize_t pread64(int fd, void *into, size_t length, off_t offset)
{
    return read_at(fd, into, length, offset, true);
}

static int sync_file(int fd, long call)
{
    uint32_t number;
    struct stat about;
    const char *path = path_of(fd, &number);
    char folder[PATH_BYTES] = "";
    if (path == NULL && control != NULL && resolve(fd, "", folder)) {
        path = strncmp(folder, state, state_length) == 0 ? folder : NULL;
    }
    int action = path == NULL ? 0 : strike(SYNC, path);
    if (action != 0) {
        return fail_with(IO_ERROR);
    }
    if (path == NULL) {
        return (int)syscall(call, fd);
    }
    (void)pthread_mutex_lock(&lock);
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        put_record('D', 0, 0, NULL, 0);
    } else if (number > 0) {
        put_record('S', number - 1, 0, NULL, 0);
    }
    (void)pthread_mutex_unlock(&lock);
    return 0; /* the disk of a torture chamber need not turn */
}

int fsync(int fd)
{
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, SYS_fdatasync);
}

static int cut(int fd, off_t length)
{
    uint32_t number;
    const char *path = path_of(fd, &number);
    int action = path == NULL ? 0 : strike(TRUNCATE, path);
    if (action != 0) {
        return fail_with(IO_ERROR);
    }
    (void)pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (result == 0 && path != NULL) {
        put_record('T', number - 1, (uint64_t)length, NULL, 0);
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t length)
{
    return cut(fd, length);
}

int ftruncate64(int fd, off_t length)
{
    return cut(fd, length);
}

/* -- names --------------------------------------------------------------------------------- */

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    char whole[PATH_BYTES];
    bool is_ours = control != NULL && resolve(folder, path, whole) &&
                   strncmp(whole, state, state_length) == 0 && (flags & O_DIRECTORY) == 0;
    bool is_new =
        is_ours && (flags & O_CREAT) != 0 && syscall(SYS_faccessat, AT_FDCWD, whole, F_OK) != 0;
    int action = is_new ? strike(CREATE, whole) : 0;
    if (action != 0) {
        return fail_with(action);
    }
    (void)pthread_mutex_lock(&lock);
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    int why = errno;
    if (fd >= 0 && fd < FILES_MAX) {
        uint32_t number = is_ours ? number_of(whole) : 0;
        atomic_store(&file_path[fd], number);
        if (number > 0 && is_new) {
            put_record('C', number - 1, 0, NULL, 0);
        }
        if (number > 0 && (flags & O_TRUNC) != 0) {
            put_record('T', number - 1, 0, NULL, 0);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    errno = why;
    return fd;
}

#define MODE_OF(flags)                            \
    mode_t mode = 0;                              \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list list;                             \
        va_start(list, flags);                    \
        mode = (mode_t)va_arg(list, int);         \
        va_end(list);                             \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(folder, path, flags, mode);
}

/* A copy of a descriptor is the same file. */
static int control_file(int fd, int command, void *argument)
{
    int result = (int)syscall(SYS_fcntl, fd, command, argument);
    bool is_copy = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
    if (is_copy && result >= 0 && result < FILES_MAX && fd >= 0 && fd < FILES_MAX) {
        atomic_store(&file_path[result], atomic_load(&file_path[fd]));
    }
    return result;
}

int fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return control_file(fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return control_file(fd, command, argument);
}

int close(int fd)
{
    if (fd >= 0 && fd < FILES_MAX) {
        atomic_store(&file_path[fd], 0);
    }
    return (int)syscall(SYS_close, fd);
}

int unlinkat(int folder, const char *path, int flags)
{
    char whole[PATH_BYTES];
    bool is_ours =
        control != NULL && resolve(folder, path, whole) && strncmp(whole, state, state_length) == 0;
    if (is_ours && strike(UNLINK, whole) != 0) {
        return fail_with(IO_ERROR);
    }
    (void)pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlinkat, folder, path, flags);
    int why = errno;
    if (is_ours && result == 0) {
        put_record('U', number_of(whole) - 1, 0, NULL, 0);
    }
    (void)pthread_mutex_unlock(&lock);
    errno = why;
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to)
{
    bool is_ours = control != NULL && strncmp(from, state, state_length) == 0 &&
                   strncmp(to, state, state_length) == 0;
    if (is_ours && strike(RENAME, from) != 0) {
        return fail_with(IO_ERROR);
    }
    (void)pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    int why = errno;
    if (is_ours && result == 0) {
        uint32_t into = number_of(to) - 1;
        put_record('R', number_of(from) - 1, into, NULL, 0);
    }
    (void)pthread_mutex_unlock(&lock);
    errno = why;
    return result;
}

/* -- the clock ------------------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && control != NULL &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t moved = atomic_load(&control->clock_ns);
        int64_t ns = now->tv_nsec + moved % 1000000000;
        now->tv_sec += moved / 1000000000;
        now->tv_sec += ns < 0 ? -1 : ns / 1000000000;
        now->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    }
    return result;
}

time_t time(time_t *into)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (into != NULL) {
        *into = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec at;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

/* -- for shim_memory.c ------------------------------------------------------------------------ */

bool torture_is_short_of_memory(void *caller);

bool torture_is_short_of_memory(void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    return control != NULL && at >= program_start && at < program_end && strike(MEMORY, NULL) != 0;
}
