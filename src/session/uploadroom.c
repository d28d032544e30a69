/* Uploads and the disk: the bytes of a spool count for --session-disk and --disk, and leave
 * --disk-free alone.  Where the length is known all of it must have room before the first byte;
 * while bytes come the disk is looked at every SW_UPLOAD_ROOM_BYTES, since others use it too. */
#include "session/keeping.h"
#include "session/server_priv.h"
#include "session/upload_priv.h"

static int64_t spools_of(const struct sw_session *session)
{
    int64_t bytes = 0;
    for (const struct sw_upload *upload = session->uploads; upload != NULL;
         upload = upload->sibling) {
        bytes += upload->held;
    }
    return bytes;
}

sw_status sw_session_check_room(struct sw_session *session, int64_t bytes, struct sw_err *err)
{
    struct sw_server *server = session->server;
    if (server->spill == NULL || session->replay != NULL) {
        return SW_OK;
    }
    int64_t used = sw_keep_disk_bytes(session) + spools_of(session);
    if (bytes > server->session_disk_bytes - used) {
        return sw_fail_limit(err, "session_disk_bytes", used + bytes, server->session_disk_bytes,
                             "drop tables that are no longer needed, or ask the operator to raise "
                             "--session-disk");
    }
    return sw_spill_check_room(server->spill, server->spool_bytes, bytes, err);
}

sw_status sw_upload_check_room(struct sw_upload *upload, int64_t end, struct sw_err *err)
{
    if (end <= upload->room) {
        return SW_OK;
    }
    int64_t room = end + (int64_t)SW_UPLOAD_ROOM_BYTES;
    if (upload->length >= 0 && room > upload->length) {
        room = upload->length;
    }
    SW_TRY(sw_session_check_room(upload->session, room - upload->held, err));
    upload->room = room;
    return SW_OK;
}

void sw_upload_hold(struct sw_upload *upload, int64_t bytes)
{
    if (upload->session->server->spill != NULL) {
        upload->session->server->spool_bytes += bytes - upload->held;
        upload->held = bytes;
    }
}
