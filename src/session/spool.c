#include "session/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "session/disk.h"
#include "session/server_priv.h"

#define SPOOL_NAME_MAX 80

int sw_spool_open(const struct sw_session *session, const char *upload, bool is_new)
{
    char name[SPOOL_NAME_MAX];
    const struct sw_server *server = session->server;
    int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | (is_new ? O_CREAT | O_EXCL : 0);
    (void)snprintf(name, sizeof name, "%s.%s", session->name, upload);
    int fd = openat(server->uploads_fd, name, flags, 0600);
    if (fd >= 0 && session->keep == NULL) {
        (void)unlinkat(server->uploads_fd, name, 0);
    }
    return fd;
}

/* -- removing ----------------------------------------------------------------------------- */

struct removal {
    struct sw_disk_task task; /* first */
    int uploads_fd;
    char name[SPOOL_NAME_MAX];
};

static bool remove_work(struct sw_disk_task *task)
{
    struct removal *removal = task->context;
    (void)unlinkat(removal->uploads_fd, removal->name, 0);
    return false;
}

static void remove_done(struct sw_disk_task *task)
{
    free(task->context);
}

void sw_spool_remove(struct sw_session *session, const char *upload)
{
    struct sw_server *server = session->server;
    struct removal *made = server->disk == NULL ? NULL : calloc(1, sizeof *made);
    if (made == NULL) {
        return; /* it has no name, or goes when its session is opened anew */
    }
    made->uploads_fd = server->uploads_fd;
    (void)snprintf(made->name, sizeof made->name, "%s.%s", session->name, upload);
    made->task.work = remove_work;
    made->task.done = remove_done;
    made->task.context = made;
    sw_disk_run(server->disk, SW_DISK_BULK, &made->task);
}

/* -- many of them -------------------------------------------------------------------------- */

/* False: no file of ours. */
static bool split(const char *file, char session[SPOOL_NAME_MAX])
{
    const char *dot = strchr(file, '.');
    if (dot == NULL || dot == file || dot - file >= SPOOL_NAME_MAX) {
        return false;
    }
    memcpy(session, file, (size_t)(dot - file));
    session[dot - file] = '\0';
    return true;
}

void sw_spools_sweep(int uploads_fd, bool (*is_wanted)(void *context, const char *session),
                     void *context)
{
    char session[SPOOL_NAME_MAX];
    int fd = openat(uploads_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (split(entry->d_name, session) && !is_wanted(context, session)) {
            (void)unlinkat(uploads_fd, entry->d_name, 0);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    } else if (fd >= 0) {
        (void)close(fd);
    }
}

static bool is_other(void *context, const char *session)
{
    return strcmp(context, session) != 0;
}

void sw_spools_remove_work(int uploads_fd, const char *session)
{
    char name[SW_SESSION_NAME_TEXT];
    (void)snprintf(name, sizeof name, "%s", session);
    sw_spools_sweep(uploads_fd, is_other, name);
}
