#include "support/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define SECTOR    512u
#define FILES_MAX 64

struct image {
    unsigned char *bytes; /* owned */
    size_t size, room;
};

struct disk_file {
    char *name; /* owned; NULL: no file here */
    struct image image;
    bool is_there;
};

enum happening_kind { MADE, WRITTEN, TRUNCATED, SYNCED, REMOVED };

struct happening {
    enum happening_kind kind;
    bool is_synced; /* REMOVED: with its folder */
    int file;
    size_t at, size;
    unsigned char *bytes; /* owned; WRITTEN */
};

struct disk {
    sqlite3_vfs vfs;
    char vfs_name[32];
    struct disk_file file[FILES_MAX];
    bool is_recording;
    struct happening *happening; /* [happenings] */
    size_t happenings, room;
    enum disk_fault fault;
    uint64_t countdown;
    bool is_lasting, has_failed;
};

struct handle {
    sqlite3_file base;
    struct disk *disk;
    int file;
    bool is_removed_at_close;
};

static void *need(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* -- images --------------------------------------------------------------------------- */

static void image_resize(struct image *image, size_t size)
{
    if (size > image->room) {
        image->room = size + size / 2 + 4096;
        image->bytes = need(realloc(image->bytes, image->room));
    }
    if (size > image->size) {
        memset(image->bytes + image->size, 0, size - image->size);
    }
    image->size = size;
}

static void image_write(struct image *image, size_t at, const unsigned char *bytes, size_t size)
{
    if (at + size > image->size) {
        image_resize(image, at + size);
    }
    memcpy(image->bytes + at, bytes, size);
}

static void image_copy(const struct image *from, struct image *to)
{
    image_resize(to, from->size);
    if (from->size > 0) {
        memcpy(to->bytes, from->bytes, from->size);
    }
}

/* -- what happens ------------------------------------------------------------------------ */

static void record(struct disk *disk, struct happening happening)
{
    if (!disk->is_recording) {
        return;
    }
    if (disk->happenings == disk->room) {
        disk->room = disk->room == 0 ? 1024 : disk->room * 2;
        disk->happening = need(realloc(disk->happening, disk->room * sizeof(*disk->happening)));
    }
    if (happening.kind == WRITTEN) {
        unsigned char *copy = need(malloc(happening.size));
        memcpy(copy, happening.bytes, happening.size);
        happening.bytes = copy;
    }
    disk->happening[disk->happenings++] = happening;
}

size_t disk_moment(const struct disk *disk)
{
    return disk->happenings;
}

void disk_record(struct disk *disk)
{
    disk->is_recording = true;
}

/* Is this call, of one of the two faults' kinds, the one that fails? */
static bool fails(struct disk *disk, enum disk_fault a, enum disk_fault b, enum disk_fault c)
{
    if (disk->fault == DISK_FINE || (disk->fault != a && disk->fault != b && disk->fault != c)) {
        return false;
    }
    if (disk->countdown > 1) {
        disk->countdown--;
        return false;
    }
    if (disk->countdown == 0 && !disk->is_lasting) {
        return false;
    }
    disk->countdown = 0;
    disk->has_failed = true;
    return true;
}

void disk_set_fault(struct disk *disk, enum disk_fault fault, uint64_t nth, bool is_lasting)
{
    disk->fault = fault;
    disk->countdown = nth;
    disk->is_lasting = is_lasting;
    disk->has_failed = false;
}

bool disk_has_failed(const struct disk *disk)
{
    return disk->has_failed;
}

/* -- a file, as SQLite wants it ------------------------------------------------------------ */

static struct image *image_of(sqlite3_file *file)
{
    struct handle *handle = (struct handle *)file;
    return &handle->disk->file[handle->file].image;
}

static void remove_file(struct disk *disk, int file, bool is_synced)
{
    record(disk, (struct happening){.kind = REMOVED, .file = file, .is_synced = is_synced});
    disk->file[file].is_there = false;
    disk->file[file].image.size = 0;
}

static int file_close(sqlite3_file *file)
{
    struct handle *handle = (struct handle *)file;
    if (handle->is_removed_at_close) {
        remove_file(handle->disk, handle->file, false);
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *into, int size, sqlite3_int64 at)
{
    struct disk *disk = ((struct handle *)file)->disk;
    const struct image *image = image_of(file);
    if (fails(disk, DISK_READ_FAILS, DISK_READ_FAILS, DISK_READ_FAILS)) {
        return SQLITE_IOERR_READ;
    }
    size_t there = (size_t)at < image->size ? image->size - (size_t)at : 0;
    there = there < (size_t)size ? there : (size_t)size;
    if (there > 0) {
        memcpy(into, image->bytes + at, there);
    }
    memset((char *)into + there, 0, (size_t)size - there);
    return there == (size_t)size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    struct handle *handle = (struct handle *)file;
    struct disk *disk = handle->disk;
    int result = SQLITE_OK;
    if (fails(disk, DISK_FULL, DISK_SHORT, DISK_WRITE_FAILS)) {
        result = disk->fault == DISK_WRITE_FAILS ? SQLITE_IOERR_WRITE : SQLITE_FULL;
        size = disk->fault == DISK_SHORT ? size / 2 : 0;
    }
    if (size > 0) {
        record(disk, (struct happening){.kind = WRITTEN,
                                        .file = handle->file,
                                        .at = (size_t)at,
                                        .size = (size_t)size,
                                        .bytes = (unsigned char *)(uintptr_t)from});
        image_write(image_of(file), (size_t)at, from, (size_t)size);
    }
    return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *handle = (struct handle *)file;
    record(handle->disk,
           (struct happening){.kind = TRUNCATED, .file = handle->file, .size = (size_t)size});
    image_resize(image_of(file), (size_t)size);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct handle *handle = (struct handle *)file;
    (void)flags;
    if (fails(handle->disk, DISK_SYNC_FAILS, DISK_SYNC_FAILS, DISK_SYNC_FAILS)) {
        return SQLITE_IOERR_FSYNC;
    }
    record(handle->disk, (struct happening){.kind = SYNCED, .file = handle->file});
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)image_of(file)->size;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *file, int *is_locked)
{
    (void)file;
    *is_locked = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
    (void)file;
    (void)what;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file)
{
    (void)file;
    return (int)SECTOR;
}

/* As SQLite's own layer for Linux says of every disk. */
static int file_traits(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* -- the disk, as SQLite wants it ----------------------------------------------------------- */

static int find(const struct disk *disk, const char *name)
{
    for (int i = 0; i < FILES_MAX; i++) {
        if (disk->file[i].name != NULL && strcmp(disk->file[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* A file keeps its place when it is removed and made again. */
static int place_of(struct disk *disk, const char *name)
{
    int file = find(disk, name);
    for (int i = 0; file < 0 && i < FILES_MAX; i++) {
        if (disk->file[i].name == NULL) {
            disk->file[i].name = need(strdup(name));
            file = i;
        }
    }
    if (file < 0) {
        abort();
    }
    return file;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *into, int flags, int *out)
{
    struct disk *disk = vfs->pAppData;
    struct handle *handle = (struct handle *)into;
    handle->base.pMethods = NULL;
    int file = find(disk, name != NULL ? name : "temporary");
    bool is_there = file >= 0 && disk->file[file].is_there;
    if (!is_there && (flags & SQLITE_OPEN_CREATE) == 0) {
        return SQLITE_CANTOPEN;
    }
    if (!is_there) {
        file = place_of(disk, name != NULL ? name : "temporary");
        disk->file[file].is_there = true;
        record(disk, (struct happening){.kind = MADE, .file = file});
    }
    handle->base.pMethods = &methods;
    handle->disk = disk;
    handle->file = file;
    handle->is_removed_at_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    if (out != NULL) {
        *out = flags;
    }
    return SQLITE_OK;
}

static int disk_remove(sqlite3_vfs *vfs, const char *name, int is_synced)
{
    struct disk *disk = vfs->pAppData;
    int file = find(disk, name);
    if (file < 0 || !disk->file[file].is_there) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    remove_file(disk, file, is_synced != 0);
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int what, int *result)
{
    const struct disk *disk = vfs->pAppData;
    int file = find(disk, name);
    (void)what;
    *result = file >= 0 && disk->file[file].is_there;
    return SQLITE_OK;
}

static int disk_path(sqlite3_vfs *vfs, const char *name, int size, char *into)
{
    (void)vfs;
    snprintf(into, (size_t)size, "%s", name);
    return SQLITE_OK;
}

static int disk_randomness(sqlite3_vfs *vfs, int size, char *into)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    (void)vfs;
    return real->xRandomness(real, size, into);
}

static int disk_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int disk_time(sqlite3_vfs *vfs, double *now)
{
    (void)vfs;
    *now = 2460000.5;
    return SQLITE_OK;
}

struct disk *disk_new(void)
{
    static unsigned number;
    struct disk *disk = need(calloc(1, sizeof(*disk)));
    snprintf(disk->vfs_name, sizeof(disk->vfs_name), "test disk %u", number++);
    disk->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = sizeof(struct handle),
        .mxPathname = 4096,
        .zName = disk->vfs_name,
        .pAppData = disk,
        .xOpen = disk_open,
        .xDelete = disk_remove,
        .xAccess = disk_access,
        .xFullPathname = disk_path,
        .xRandomness = disk_randomness,
        .xSleep = disk_sleep,
        .xCurrentTime = disk_time,
    };
    if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) {
        abort();
    }
    return disk;
}

void disk_free(struct disk *disk)
{
    sqlite3_vfs_unregister(&disk->vfs);
    for (int i = 0; i < FILES_MAX; i++) {
        free(disk->file[i].name);
        free(disk->file[i].image.bytes);
    }
    for (size_t i = 0; i < disk->happenings; i++) {
        free(disk->happening[i].bytes);
    }
    free(disk->happening);
    free(disk);
}

const char *disk_vfs(const struct disk *disk)
{
    return disk->vfs_name;
}

static int find_ending(const struct disk *disk, const char *ending)
{
    for (int i = 0; i < FILES_MAX; i++) {
        const char *name = disk->file[i].name;
        if (name != NULL && disk->file[i].is_there && strlen(name) >= strlen(ending) &&
            strcmp(name + strlen(name) - strlen(ending), ending) == 0) {
            return i;
        }
    }
    return -1;
}

unsigned char *disk_bytes(struct disk *disk, const char *ending, size_t *size)
{
    int file = find_ending(disk, ending);
    if (file < 0) {
        return NULL;
    }
    *size = disk->file[file].image.size;
    return disk->file[file].image.bytes;
}

void disk_truncate(struct disk *disk, const char *ending, size_t size)
{
    int file = find_ending(disk, ending);
    if (file >= 0) {
        image_resize(&disk->file[file].image, size);
    }
}

void disk_copy(const struct disk *from, struct disk *to)
{
    for (int i = 0; i < FILES_MAX; i++) {
        if (from->file[i].name != NULL) {
            int file = place_of(to, from->file[i].name);
            to->file[file].is_there = from->file[i].is_there;
            image_copy(&from->file[i].image, &to->file[file].image);
        } else if (to->file[i].name != NULL) {
            to->file[i].is_there = false;
        }
    }
}

/* -- cuts ------------------------------------------------------------------------------------ */

/* A file as far as it is safe, and what has happened to it since. */
struct safe_file {
    struct image image;
    bool is_there;
    size_t *since; /* [count] happenings; owned */
    size_t count, room;
};

struct disk_cuts {
    const struct disk *from;
    size_t at;
    struct safe_file file[FILES_MAX];
};

struct disk_cuts *disk_cuts_new(const struct disk *from)
{
    struct disk_cuts *cuts = need(calloc(1, sizeof(*cuts)));
    cuts->from = from;
    return cuts;
}

void disk_cuts_free(struct disk_cuts *cuts)
{
    for (int i = 0; i < FILES_MAX; i++) {
        free(cuts->file[i].image.bytes);
        free(cuts->file[i].since);
    }
    free(cuts);
}

/* All that happened to the file is safe from now on. */
static void make_safe(struct disk_cuts *cuts, struct safe_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct happening *happening = &cuts->from->happening[file->since[i]];
        if (happening->kind == WRITTEN) {
            image_write(&file->image, happening->at, happening->bytes, happening->size);
        } else if (happening->kind == TRUNCATED) {
            image_resize(&file->image, happening->size);
        } else if (happening->kind != SYNCED) {
            file->is_there = happening->kind == MADE;
            image_resize(&file->image, 0);
        }
    }
    file->count = 0;
}

static void advance(struct disk_cuts *cuts, size_t moment)
{
    for (; cuts->at < moment; cuts->at++) {
        const struct happening *happening = &cuts->from->happening[cuts->at];
        struct safe_file *file = &cuts->file[happening->file];
        if (file->count == file->room) {
            file->room = file->room == 0 ? 64 : file->room * 2;
            file->since = need(realloc(file->since, file->room * sizeof(*file->since)));
        }
        file->since[file->count++] = cuts->at;
        if (happening->kind == SYNCED || (happening->kind == REMOVED && happening->is_synced)) {
            make_safe(cuts, file);
        }
    }
}

/* The sectors of a write that the disk got to, one in `kept` of 4. */
static void write_some(struct image *image, const struct happening *happening, uint64_t kept,
                       struct test_random *random)
{
    size_t done = 0;
    while (done < happening->size) {
        size_t at = happening->at + done;
        size_t size = SECTOR - at % SECTOR;
        size = size < happening->size - done ? size : happening->size - done;
        if (test_random_below(random, 4) < kept) {
            image_write(image, at, happening->bytes + done, size);
        }
        done += size;
    }
}

static void leave_file(const struct disk_cuts *cuts, const struct safe_file *file, uint64_t kept,
                       struct test_random *random, struct disk_file *to)
{
    image_copy(&file->image, &to->image);
    to->is_there = file->is_there;
    for (size_t i = 0; i < file->count; i++) {
        const struct happening *happening = &cuts->from->happening[file->since[i]];
        bool is_done = test_random_below(random, 4) < kept;
        if (happening->kind == WRITTEN) {
            write_some(&to->image, happening, kept, random);
        } else if (is_done && happening->kind == TRUNCATED) {
            image_resize(&to->image, happening->size);
        } else if (is_done && (happening->kind == MADE || happening->kind == REMOVED)) {
            to->is_there = happening->kind == MADE;
            image_resize(&to->image, 0);
        }
    }
    if (!to->is_there) {
        to->image.size = 0;
    }
}

void disk_cut(struct disk_cuts *cuts, size_t moment, struct test_random *random, struct disk *to)
{
    advance(cuts, moment);
    uint64_t kept = test_random_below(random, 5); /* of 4: from nothing to all */
    for (int i = 0; i < FILES_MAX; i++) {
        if (cuts->from->file[i].name != NULL) {
            int file = place_of(to, cuts->from->file[i].name);
            leave_file(cuts, &cuts->file[i], kept, random, &to->file[file]);
        }
    }
}
