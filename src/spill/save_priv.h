/* save_priv: what save.c and save_commit.c share.  No one else includes it. */
#ifndef SW_SPILL_SAVE_PRIV_H
#define SW_SPILL_SAVE_PRIV_H

#include "spill/save.h"
#include "spill/spill_priv.h"

struct sw_save_version {
    const struct sw_version *version; /* the state holds it */
    int64_t id;                       /* once it is marked */
};

struct sw_save {
    struct sw_store *store;
    struct sw_saved *state;          /* owned */
    struct sw_save_version *version; /* [versions] each once, by address; owned */
    uint32_t versions;
    uint64_t groups;               /* of all versions */
    uint32_t at_version, at_group; /* the next to be looked at */
    struct sw_chunk **chunk;       /* [chunks] to be written; the versions hold them */
    size_t chunks, chunks_room, chunks_at;
    uint64_t chunk_bytes;
    uint64_t first_key; /* of the chunks that this save writes; 0: no step yet */
    bool was_tried; /* the commit: from then on the file may name the chunks, whatever it said */
    bool is_committed;
    _Atomic uint64_t looked_at;
};

const struct sw_save_version *sw_save_find_version(const struct sw_save *save,
                                                   const struct sw_version *version);
/* All chunks are written: tables, versions and facts, and the log is cut. Under `writing`. */
SW_MUST_USE sw_status sw_save_commit(struct sw_save *save, struct sw_err *err);

#endif
