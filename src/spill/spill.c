#include "spill/spill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "spill/spill_priv.h"

/* What a store may consist of; the first makes it one. */
static const char *const suffixes[] = {".db", ".db-wal", ".db-journal", ".chunks",
                                       ".chunks-journal"};
#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

static const char *const durabilities[] = {
    [SW_DURABILITY_OFF] = "off",
    [SW_DURABILITY_PROCESS] = "process",
    [SW_DURABILITY_POWER] = "power",
};

bool sw_durability_parse(const char *text, enum sw_durability *durability)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, durabilities[i]) == 0) {
            *durability = (enum sw_durability)i;
            return true;
        }
    }
    return false;
}

const char *sw_durability_name(enum sw_durability durability)
{
    return durabilities[durability];
}

enum sw_durability sw_spill_durability(const struct sw_spill *spill)
{
    return spill->durability;
}

bool sw_store_name_is_good(const char *name)
{
    size_t length = strnlen(name, SW_STORE_NAME_MAX + 1);
    bool is_good = length > 0 && length <= SW_STORE_NAME_MAX && strcmp(name, "index") != 0;
    for (size_t i = 0; is_good && i < length; i++) {
        char c = name[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
    }
    return is_good;
}

char *sw_spill_path(const char *folder, const char *name, const char *suffix)
{
    size_t size = strlen(folder) + strlen(name) + strlen(suffix) + 2;
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s/%s%s", folder, name, suffix);
    }
    return path;
}

int64_t sw_spill_stored_bytes(const struct sw_spill *spill, const char *name)
{
    int64_t bytes = 0;
    for (size_t i = 0; spill->vfs == NULL && i < SUFFIXES; i++) {
        struct stat facts;
        char *path = sw_spill_path(spill->folder, name, suffixes[i]);
        if (path != NULL && stat(path, &facts) == 0) {
            bytes += facts.st_size;
        }
        free(path);
    }
    return bytes;
}

void sw_spill_remove_files(struct sw_spill *spill, const char *name)
{
    for (size_t i = 0; i < SUFFIXES; i++) {
        char *path = sw_spill_path(spill->folder, name, suffixes[i]);
        if (path != NULL) {
            sw_file_remove(spill->vfs, path, i == 0 && spill->durability == SW_DURABILITY_POWER);
        }
        free(path);
    }
}

sw_status sw_spill_remove_work(struct sw_spill *spill, const char *name, struct sw_err *err)
{
    if (!sw_store_name_is_good(name)) {
        return sw_fail(err, SW_STORAGE, "\"%.100s\" is no name of anything stored.", name);
    }
    char *path = sw_spill_path(spill->folder, name, suffixes[0]);
    bool is_there = path != NULL && sw_file_exists(spill->vfs, path);
    free(path);
    atomic_fetch_sub_explicit(&spill->disk_used, sw_spill_stored_bytes(spill, name),
                              memory_order_relaxed);
    if (is_there) {
        atomic_fetch_sub_explicit(&spill->stores, 1, memory_order_relaxed);
    }
    sw_spill_remove_files(spill, name);
    sw_index_cut(spill, name);
    return SW_OK;
}

/* -- setting aside -------------------------------------------------------------------- */

/* DAMAGED/NAME.db, or NAME.1.db and so on where that is taken. */
static sw_status move_file(const struct sw_spill *spill, const char *name, const char *suffix,
                           unsigned number, struct sw_err *err)
{
    char numbered[SW_STORE_NAME_MAX + 16];
    snprintf(numbered, sizeof(numbered), number == 0 ? "%s" : "%s.%u", name, number);
    char *from = sw_spill_path(spill->folder, name, suffix);
    char *to = sw_spill_path(spill->damaged, numbered, suffix);
    sw_status status = SW_OK;
    if (from == NULL || to == NULL) {
        status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to move a file.");
    } else if (rename(from, to) != 0 && errno != ENOENT) {
        status = sw_fail(err, SW_STORAGE, "The damaged file \"%s\" cannot be moved aside: %s.",
                         from, strerrordesc_np(errno));
    }
    free(from);
    free(to);
    return status;
}

static bool is_taken(const struct sw_spill *spill, const char *name, unsigned number)
{
    bool is_there = false;
    for (size_t i = 0; i < SUFFIXES; i++) {
        char numbered[SW_STORE_NAME_MAX + 16];
        snprintf(numbered, sizeof(numbered), number == 0 ? "%s" : "%s.%u", name, number);
        char *path = sw_spill_path(spill->damaged, numbered, suffixes[i]);
        is_there = is_there || (path != NULL && access(path, F_OK) == 0);
        free(path);
    }
    return is_there;
}

sw_status sw_store_set_aside_work(struct sw_spill *spill, const char *name, struct sw_err *err)
{
    if (!sw_store_name_is_good(name)) {
        return sw_fail(err, SW_STORAGE, "\"%.100s\" is no name of anything stored.", name);
    }
    int64_t bytes = sw_spill_stored_bytes(spill, name);
    unsigned number = 0;
    while (is_taken(spill, name, number)) {
        number++;
    }
    for (size_t i = 0; i < SUFFIXES; i++) {
        SW_TRY(move_file(spill, name, suffixes[i], number, err));
    }
    atomic_fetch_sub_explicit(&spill->disk_used, bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&spill->stores, 1, memory_order_relaxed);
    sw_index_cut(spill, name);
    return SW_OK;
}

/* -- opening: what is there ------------------------------------------------------------ */

/* The store NAME that the index does not know: it is entered, or set aside when it cannot be
 * read. */
static void adopt(struct sw_spill *spill, const char *name)
{
    struct sw_err err;
    struct sw_store *store;
    atomic_fetch_add_explicit(&spill->stores, 1, memory_order_relaxed);
    sw_status status = sw_store_open_work(spill, name, INT64_MAX, &store, &err);
    if (status == SW_OK) {
        sw_store_close_work(store); /* enters it */
        return;
    }
    if (status == SW_UNKNOWN_TOKEN) {
        return;
    }
    sw_log(SW_LOG_ERROR, name, "spill.%s reason=\"%s\"", sw_status_name(status), err.message);
    if (status != SW_DAMAGED) {
        return; /* it is reported again when it is asked for */
    }
    status = sw_store_set_aside_work(spill, name, &err);
    (void)status; /* it stays where it is, and is reported again when it is asked for */
}

struct names {
    char (*name)[SW_STORE_NAME_MAX + 1];
    size_t count, room;
    bool failed;
};

static void add_name(struct names *names, const char *name)
{
    if (names->count == names->room) {
        names->room = names->room == 0 ? 64 : names->room * 2;
        void *more = realloc(names->name, names->room * sizeof(*names->name));
        if (more == NULL) {
            names->room = names->count;
            names->failed = true;
            return;
        }
        names->name = more;
    }
    snprintf(names->name[names->count++], sizeof(names->name[0]), "%s", name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void sort_names(struct names *names)
{
    if (names->count > 0) {
        qsort(names->name, names->count, sizeof(*names->name), compare_names);
    }
}

static bool has_name(const struct names *names, const char *name)
{
    return names->count > 0 &&
           bsearch(name, names->name, names->count, sizeof(*names->name), compare_names) != NULL;
}

struct reading {
    struct sw_spill *spill;
    struct names indexed, gone;
};

/* A row of the index: is its store still there? */
static void look_up(void *context, const struct sw_stored *stored)
{
    struct reading *reading = context;
    char *path = sw_spill_path(reading->spill->folder, stored->name, suffixes[0]);
    bool is_there = path != NULL && sw_file_exists(reading->spill->vfs, path);
    free(path);
    add_name(is_there ? &reading->indexed : &reading->gone, stored->name);
}

/* Splits "abc.db-wal" into "abc" and the number of its suffix; false: no file of ours. */
static bool split(const char *file, char name[SW_STORE_NAME_MAX + 1], size_t *suffix)
{
    const char *dot = strchr(file, '.');
    if (dot == NULL || dot - file > SW_STORE_NAME_MAX) {
        return false;
    }
    memcpy(name, file, (size_t)(dot - file));
    name[dot - file] = '\0';
    for (*suffix = 0; *suffix < SUFFIXES; ++*suffix) {
        if (strcmp(dot, suffixes[*suffix]) == 0) {
            return sw_store_name_is_good(name);
        }
    }
    return false;
}

/* Every file of the folder belongs to a store, or goes. */
static sw_status read_folder(struct reading *reading, struct sw_err *err)
{
    struct sw_spill *spill = reading->spill;
    struct names stores = {0};
    struct names orphans = {0};
    DIR *folder = opendir(spill->folder);
    if (folder == NULL) {
        return sw_fail(err, SW_STORAGE, "The state folder \"%s\" cannot be read: %s.",
                       spill->folder, strerrordesc_np(errno));
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char name[SW_STORE_NAME_MAX + 1];
        size_t suffix;
        if (split(entry->d_name, name, &suffix)) {
            add_name(suffix == 0 ? &stores : &orphans, name);
        }
    }
    closedir(folder);
    sort_names(&stores);
    for (size_t i = 0; i < orphans.count; i++) {
        if (!has_name(&stores, orphans.name[i])) {
            sw_spill_remove_files(spill, orphans.name[i]);
        }
    }
    for (size_t i = 0; i < stores.count; i++) {
        atomic_fetch_add_explicit(&spill->disk_used, sw_spill_stored_bytes(spill, stores.name[i]),
                                  memory_order_relaxed);
        if (!has_name(&reading->indexed, stores.name[i])) {
            adopt(spill, stores.name[i]);
        } else {
            atomic_fetch_add_explicit(&spill->stores, 1, memory_order_relaxed);
        }
    }
    bool failed = stores.failed || orphans.failed;
    free(stores.name);
    free(orphans.name);
    return failed ? sw_fail(err, SW_NO_MEMORY, "There is not enough memory for the index.") : SW_OK;
}

static sw_status reconcile(struct sw_spill *spill, struct sw_err *err)
{
    struct reading reading = {.spill = spill};
    sw_status status = sw_spill_each(spill, look_up, &reading, err);
    if (status == SW_OK) {
        sort_names(&reading.indexed);
        for (size_t i = 0; i < reading.gone.count; i++) {
            sw_index_cut(spill, reading.gone.name[i]);
        }
        status = read_folder(&reading, err);
    }
    free(reading.indexed.name);
    free(reading.gone.name);
    return status;
}

/* -- opening -------------------------------------------------------------------------- */

static sw_status make_folder(const char *path, struct sw_err *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return sw_fail(err, SW_STORAGE, "The state folder \"%s\" cannot be made: %s.", path,
                       strerrordesc_np(errno));
    }
    return SW_OK;
}

static sw_status lock_folder(struct sw_spill *spill, struct sw_err *err)
{
    spill->folder_fd = open(spill->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (spill->folder_fd < 0 || fchmod(spill->folder_fd, 0700) != 0) {
        return sw_fail(err, SW_STORAGE, "The state folder \"%s\" cannot be used: %s.",
                       spill->folder, strerrordesc_np(errno));
    }
    if (flock(spill->folder_fd, LOCK_EX | LOCK_NB) != 0) {
        return sw_fail(err, SW_STORAGE, "Another server uses the state folder \"%s\".",
                       spill->folder);
    }
    return SW_OK;
}

static sw_status open_folders(struct sw_spill *spill, const char *state_dir, struct sw_err *err)
{
    spill->folder = sw_spill_path(state_dir, "sessions", "");
    spill->damaged = sw_spill_path(state_dir, "damaged", "");
    if (spill->folder == NULL || spill->damaged == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open the state folder.");
    }
    SW_TRY(make_folder(spill->folder, err));
    SW_TRY(make_folder(spill->damaged, err));
    SW_TRY(lock_folder(spill, err));
    SW_TRY(sw_index_open(spill, err));
    return reconcile(spill, err);
}

sw_status sw_spill_open(const struct sw_spill_options *options, struct sw_spill **spill,
                        struct sw_err *err)
{
    SW_TRY(sw_db_configure(err));
    struct sw_spill *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open the state folder.");
    }
    made->folder_fd = -1;
    made->vfs = options->vfs;
    made->durability = options->durability;
    made->disk_limit = options->disk_bytes;
    made->free_limit = options->disk_free_bytes;
    sw_status status = open_folders(made, options->state_dir, err);
    if (status != SW_OK) {
        sw_spill_close(made);
        return status;
    }
    *spill = made;
    return SW_OK;
}

void sw_spill_close(struct sw_spill *spill)
{
    if (spill == NULL) {
        return;
    }
    sw_assert(atomic_load_explicit(&spill->open_stores, memory_order_relaxed) == 0);
    sw_db_close(spill->index);
    if (spill->folder_fd >= 0) {
        close(spill->folder_fd);
    }
    free(spill->folder);
    free(spill->damaged);
    free(spill);
}

sw_status sw_spill_check_room(struct sw_spill *spill, int64_t beside, int64_t bytes,
                              struct sw_err *err)
{
    struct statvfs disk;
    int64_t used = atomic_load_explicit(&spill->disk_used, memory_order_relaxed) + beside;
    if (bytes > spill->disk_limit - used) {
        return sw_fail_limit(err, "disk_bytes", used + bytes, spill->disk_limit,
                             "close sessions that are no longer needed, or ask the operator to "
                             "raise --disk");
    }
    if (fstatvfs(spill->folder_fd, &disk) != 0) {
        return SW_OK;
    }
    int64_t free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
    if (bytes > free_bytes - spill->free_limit) {
        return sw_fail(err, SW_STORAGE,
                       "the server's disk has no room for this: %" PRId64
                       " bytes are wanted, %" PRId64 " are free, and --disk-free leaves %" PRId64
                       " of them alone; try again when there is space, or ask the operator for it",
                       bytes, free_bytes, spill->free_limit);
    }
    return SW_OK;
}

void sw_spill_figures(struct sw_spill *spill, struct sw_spill_figures *figures)
{
    struct statvfs disk;
    bool is_known = fstatvfs(spill->folder_fd, &disk) == 0;
    *figures = (struct sw_spill_figures){
        .disk_bytes = atomic_load_explicit(&spill->disk_used, memory_order_relaxed),
        .disk_limit_bytes = spill->disk_limit,
        .free_bytes = is_known ? (int64_t)(disk.f_bavail * disk.f_frsize) : -1,
        .sqlite_bytes = sqlite3_memory_used(),
        .stores = atomic_load_explicit(&spill->stores, memory_order_relaxed),
        .open_stores = atomic_load_explicit(&spill->open_stores, memory_order_relaxed),
    };
}
