#include "session/behind.h"

#include "base/log.h"
#include "session/outbox.h"
#include "session/server_priv.h"
#include "session/socket_priv.h"

static bool write_work(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    task->status = sw_keep_need_store_work(keep, &task->err);
    if (task->status == SW_OK) {
        task->status =
            sw_cache_write_work(keep->cache, keep->store, SW_SPILL_BATCH_BYTES, &task->err);
    }
    return false;
}

static void write_done(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    struct sw_session *session = keep->session;
    if (task->status != SW_OK) {
        keep->wrote_ms = sw_clock_ms(keep->server->clock);
        sw_log(SW_LOG_WARN, keep->name, "spill failed reason=\"%s\"", task->err.message);
    }
    sw_keep_written(keep);
    if (session != NULL) {
        sw_behind_tick(session);
    }
}

/* A failed try is repeated after a second. */
void sw_behind_tick(struct sw_session *session)
{
    struct sw_keep *keep = session->keep;
    if (keep == NULL || keep->cache == NULL || !sw_keep_may_write(keep)) {
        return;
    }
    struct sw_cache_figures figures;
    int64_t now_ms = sw_clock_ms(keep->server->clock);
    sw_cache_figures(keep->cache, &figures);
    uint64_t enough = (uint64_t)keep->server->session_memory_bytes / SW_BEHIND_SHARE;
    enough = enough < SW_SPILL_BATCH_BYTES ? enough : SW_SPILL_BATCH_BYTES;
    if (figures.unwritten_bytes <= enough || now_ms - keep->wrote_ms < 1000) {
        return;
    }
    keep->is_writing = true;
    keep->write.work = write_work;
    keep->write.done = write_done;
    keep->write.context = keep;
    sw_disk_run(keep->server->disk, SW_DISK_BULK, &keep->write);
}

bool sw_behind_set_aside(struct sw_session *session)
{
    struct sw_err err;
    struct sw_err why;
    if (session->cache == NULL || sw_cache_check(session->cache, &err) == SW_OK) {
        return false;
    }
    sw_log(SW_LOG_ERROR, session->name, "set aside reason=\"%s\"", err.message);
    (void)sw_fail(&why, SW_UNKNOWN_TOKEN,
                  "this session's file is damaged and was set aside; open a new session (%.200s)",
                  err.message);
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        sw_outbox_refuse(socket->outbox, &why);
        sw_socket_wake(socket);
    }
    if (session->keep != NULL) {
        session->keep->is_set_aside = true;
    }
    sw_session_leave(session);
    return true;
}
