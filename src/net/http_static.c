/* The page's files. All are read at the start into a table, so that a request is a look-up by its
 * exact path: no path of a client's ever reaches the file system. FILE.gz beside FILE is sent to
 * who takes gzip. */
#include "net/net_priv.h"

#include "base/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8 /* folders within folders */

struct file {
    char *path; /* owned; from "/" on */
    char *data; /* owned */
    size_t length;
    const char *type;
    char etag[20];
    const struct file *gzip; /* the same file compressed, or NULL */
};

struct sw_files {
    struct file *list; /* by path */
    size_t count, room;
    size_t bytes;
};

static const struct {
    const char *extension;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".gz", "application/gzip"},
};

static const char *type_of(const char *path)
{
    const char *extension = strrchr(path, '.');
    for (size_t i = 0; extension != NULL && i < sizeof(types) / sizeof(*types); i++) {
        if (strcmp(extension, types[i].extension) == 0) {
            return types[i].type;
        }
    }
    return NULL;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static const struct file *find_file(const struct sw_files *files, const char *path)
{
    struct file key = {.path = (char *)(uintptr_t)path};
    return files->count == 0
               ? NULL
               : bsearch(&key, files->list, files->count, sizeof(*files->list), compare_paths);
}

/* -- reading them -- */

static sw_status read_content(int fd, struct file *file, struct sw_err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return sw_fail(err, SW_INTERNAL, "%s cannot be read: %s.", file->path, strerror(errno));
    }
    if (status.st_size > (off_t)SW_STATIC_BYTES_MAX) {
        return sw_fail_limit(err, "static_bytes", status.st_size, SW_STATIC_BYTES_MAX,
                             "Files that large do not belong to the page.");
    }
    file->length = (size_t)status.st_size;
    file->data = malloc(file->length + 1);
    if (file->data == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
    }
    size_t have = 0;
    while (have < file->length) {
        ssize_t got = read(fd, file->data + have, file->length - have);
        if (got <= 0) {
            return sw_fail(err, SW_INTERNAL, "%s cannot be read: %s.", file->path,
                           got < 0 ? strerror(errno) : "it became shorter");
        }
        have += (size_t)got;
    }
    return SW_OK;
}

static void put_etag(struct file *file)
{
    unsigned char digest[SW_SHA256_BYTES];
    sw_sha256(file->data, file->length, digest);
    snprintf(file->etag, sizeof(file->etag), "\"%02x%02x%02x%02x%02x%02x%02x%02x\"", digest[0],
             digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
}

static struct file *add_file(struct sw_files *files, const char *path)
{
    if (files->count == files->room) {
        size_t room = files->room == 0 ? 64 : files->room * 2;
        struct file *list = realloc(files->list, room * sizeof(*list));
        if (list == NULL) {
            return NULL;
        }
        files->list = list;
        files->room = room;
    }
    struct file *file = &files->list[files->count];
    memset(file, 0, sizeof(*file));
    file->path = strdup(path);
    if (file->path == NULL) {
        return NULL;
    }
    files->count++;
    return file;
}

static sw_status read_file(struct sw_files *files, int fd, const char *path, struct sw_err *err)
{
    if (files->count >= SW_STATIC_FILES_MAX) {
        return sw_fail_limit(err, "static_files", SW_STATIC_FILES_MAX + 1, SW_STATIC_FILES_MAX,
                             "Is this the page's folder?");
    }
    struct file *file = add_file(files, path);
    if (file == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
    }
    file->type = type_of(path);
    SW_TRY(read_content(fd, file, err));
    put_etag(file);
    files->bytes += file->length;
    if (files->bytes > SW_STATIC_BYTES_MAX) {
        return sw_fail_limit(err, "static_bytes", (int64_t)files->bytes, SW_STATIC_BYTES_MAX,
                             "Is this the page's folder?");
    }
    return SW_OK;
}

static sw_status read_folder(struct sw_files *files, int folder_fd, const char *prefix, int depth,
                             struct sw_err *err);

/* One entry of a folder; what is no file of the page is passed over. */
static sw_status read_entry(struct sw_files *files, DIR *folder, const char *prefix,
                            const char *name, int depth, struct sw_err *err)
{
    char path[SW_PATH_BYTES_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s", prefix, name);
    int fd = openat(dirfd(folder), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (length < 0 || (size_t)length >= sizeof(path) || fd < 0 || fstat(fd, &status) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return sw_fail(err, SW_INTERNAL, "%s/%s cannot be read.", prefix, name);
    }
    if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX) {
        return read_folder(files, fd, path, depth + 1, err);
    }
    sw_status result = SW_OK;
    if (S_ISREG(status.st_mode) && type_of(name) != NULL) {
        result = read_file(files, fd, path, err);
    }
    close(fd);
    return result;
}

/* Takes the descriptor. */
static sw_status read_folder(struct sw_files *files, int folder_fd, const char *prefix, int depth,
                             struct sw_err *err)
{
    DIR *folder = fdopendir(folder_fd);
    if (folder == NULL) {
        close(folder_fd);
        return sw_fail(err, SW_INTERNAL, "%s cannot be read: %s.", prefix, strerror(errno));
    }
    sw_status status = SW_OK;
    struct dirent *entry;
    while (status == SW_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            status = read_entry(files, folder, prefix, entry->d_name, depth, err);
        }
    }
    closedir(folder);
    return status;
}

static void join_compressed(struct sw_files *files)
{
    char path[SW_PATH_BYTES_MAX + 4];
    for (size_t i = 0; i < files->count; i++) {
        snprintf(path, sizeof(path), "%s.gz", files->list[i].path);
        files->list[i].gzip = find_file(files, path);
    }
}

sw_status sw_files_read(const char *folder, struct sw_files **files, struct sw_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return sw_fail(err, SW_INTERNAL,
                       "The page's files are not at %s (%s): --static DIR says where they are.",
                       folder, strerror(errno));
    }
    struct sw_files *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        close(fd);
        return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
    }
    sw_status status = read_folder(made, fd, "", 0, err);
    if (status != SW_OK) {
        sw_files_free(made);
        return status;
    }
    qsort(made->list, made->count, sizeof(*made->list), compare_paths);
    join_compressed(made);
    *files = made;
    return SW_OK;
}

void sw_files_free(struct sw_files *files)
{
    if (files == NULL) {
        return;
    }
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i].path);
        free(files->list[i].data);
    }
    free(files->list);
    free(files);
}

/* -- serving them -- */

/* "/" is the page, "/apps/NAME" an app's. */
static const struct file *look_up(const struct sw_files *files, const char *path)
{
    char page[SW_PATH_BYTES_MAX + 16];
    if (strcmp(path, "/") == 0) {
        return find_file(files, "/index.html");
    }
    const struct file *file = find_file(files, path);
    if (file == NULL && strncmp(path, "/apps/", 6) == 0 && strchr(path + 6, '.') == NULL) {
        snprintf(page, sizeof(page), "%s.html", path);
        file = find_file(files, page);
    }
    return file;
}

static bool takes_gzip(struct lws *wsi)
{
    char accepted[256];
    return sw_ask_token(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accepted, sizeof(accepted)) &&
           strstr(accepted, "gzip") != NULL && strstr(accepted, "gzip;q=0") == NULL;
}

static bool is_known(struct lws *wsi, const struct file *sent)
{
    char known[512];
    return sw_ask_token(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof(known)) &&
           (strstr(known, sent->etag) != NULL || strcmp(known, "*") == 0);
}

int sw_http_static(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    const struct file *file = look_up(conn->net->files, exchange->ask.path);
    struct sw_err err = {0};
    if (file == NULL) {
        (void)sw_fail(&err, SW_REQUEST, "There is nothing at %.200s.", exchange->ask.path);
        return sw_reply_error(wsi, 404, &err);
    }
    bool is_gzip = file->gzip != NULL && takes_gzip(wsi);
    const struct file *sent = is_gzip ? file->gzip : file;
    bool is_same = is_known(wsi, sent);
    sw_reply_begin(exchange, is_same ? 304 : 200);
    sw_reply_header(exchange, "ETag", "%s", sent->etag);
    /* Kept, but asked about each time: an ETag's answer is a few hundred bytes. */
    sw_reply_header(exchange, "Cache-Control", "no-cache");
    if (file->gzip != NULL) {
        sw_reply_header(exchange, "Vary", "Accept-Encoding");
    }
    if (is_same) {
        return sw_reply_empty(wsi);
    }
    sw_reply_header(exchange, "Content-Type", "%s", file->type);
    sw_reply_header(exchange, "Content-Length", "%zu", sent->length);
    if (is_gzip) {
        sw_reply_header(exchange, "Content-Encoding", "gzip");
    }
    if (exchange->ask.verb != SW_VERB_HEAD && sent->length > 0) {
        exchange->source = SW_SOURCE_SPAN;
        exchange->span = sw_span_of(sent->data, sent->length);
    }
    return sw_reply_start(wsi);
}
