/* replay: a change that is done again after a restart, as its log record has it.
 * session->replay is NULL but for then.                                          */
#ifndef SW_SESSION_REPLAY_H
#define SW_SESSION_REPLAY_H

#include "base/json.h"

struct sw_replay {
    const struct sw_json *inputs; /* that the change saw; NULL: none */
    uint64_t version;             /* the number that it gave its table; 0: not said */
    int64_t wall_ms;              /* when it was made, since 1970 */
};

#endif
