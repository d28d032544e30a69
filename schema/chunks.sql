-- NAME.chunks: the column chunks and dictionaries of the store NAME.
--
-- SQLite, application_id 0x53704368 ("SpCh"), user_version 1, pages of 64 KiB, a rollback journal:
-- a blob that is added is written once, where a WAL would write it twice (CPU 2.5 to 4 times that).
-- Made with the first chunk. A chunk here that no row group of NAME.db names is removed at the next
-- open. `hash` as in session.sql; the payload's hashes are in the chunk's facts.

CREATE TABLE store (
    id INTEGER PRIMARY KEY,     -- 1
    uid BLOB NOT NULL,          -- 16 random bytes, the same in NAME.db
    hash INTEGER NOT NULL
);

CREATE TABLE chunk (
    key INTEGER PRIMARY KEY,    -- never used again in this store
    facts BLOB NOT NULL         -- type, encoding, rows, zone, sections: src/spill/chunk_format.h
);

CREATE TABLE payload (          -- no row where a chunk has no bytes (a constant without nulls)
    key INTEGER PRIMARY KEY,    -- chunk.key
    bytes BLOB NOT NULL         -- the sections one after another
);

CREATE TABLE entries (          -- of dictionaries, in runs as they were added
    id INTEGER PRIMARY KEY,     -- dictionary's key << 32 | first code of the run
    count INTEGER NOT NULL,
    codec INTEGER NOT NULL,     -- 0 as they are, 1 LZ4
    size INTEGER NOT NULL,      -- of bytes, unpacked
    bytes BLOB NOT NULL,        -- uint32 length of each, then their texts
    hash INTEGER NOT NULL
);
