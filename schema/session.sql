-- NAME.db: a session, or a data set, without the values of its columns (those: chunks.sql).
--
-- SQLite, application_id 0x5370694c ("SpiL"), user_version 1, pages of 4 KiB, WAL. The statements
-- below are built into the server as they stand, and a file whose schema differs is refused.
--
-- Every row ends in `hash`: XXH3 (64 bits) over its other columns, its table and its key, checked
-- whenever the row is read. Numbers in blobs are little-endian.
--
-- Table versions are lists of row groups; each row group, version and schema is stored once,
-- whoever shares it.

CREATE TABLE store (            -- one row
    id INTEGER PRIMARY KEY,     -- 1
    kind INTEGER NOT NULL,      -- 0 session, 1 data set
    name TEXT NOT NULL,         -- the file's own: a renamed file is refused
    key BLOB NOT NULL,          -- 32 bytes: SHA-256 of the session's token, which is nowhere
    app TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, -- since 1970
    uid BLOB NOT NULL,          -- 16 random bytes, the same in NAME.chunks
    hash INTEGER NOT NULL
);

CREATE TABLE saved (            -- one row: up to where the last save goes
    id INTEGER PRIMARY KEY,     -- 1
    seq INTEGER NOT NULL,       -- the last record of the log that it contains
    hash INTEGER NOT NULL
);

CREATE TABLE log (              -- acknowledged changes that no save contains yet
    seq INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    method TEXT NOT NULL,
    params BLOB NOT NULL,
    hash INTEGER NOT NULL
);

CREATE TABLE fact (             -- inputs, selections, outputs, ... as JSON
    id INTEGER PRIMARY KEY,     -- 1, 2, ...
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    hash INTEGER NOT NULL
);

CREATE TABLE data (             -- the tables
    id INTEGER PRIMARY KEY,     -- the session's number for the table
    place INTEGER NOT NULL,     -- 0, 1, ...: their order
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    facts BLOB NOT NULL,        -- JSON: bad rows, ...
    version INTEGER NOT NULL,   -- version.id, 0: none yet
    steps INTEGER NOT NULL,     -- of its history
    done INTEGER NOT NULL,      -- that many of them are not undone
    hash INTEGER NOT NULL
);

CREATE TABLE step (             -- the histories
    id INTEGER PRIMARY KEY,     -- by table, then oldest first
    data INTEGER NOT NULL,      -- data.id
    before INTEGER NOT NULL,    -- version.id
    after INTEGER NOT NULL,     -- version.id
    what TEXT NOT NULL,
    rows INTEGER NOT NULL,
    number INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    made_us INTEGER NOT NULL,
    hash INTEGER NOT NULL
);

CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    columns INTEGER NOT NULL,   -- columns.id
    next_row_id INTEGER NOT NULL,
    groups BLOB NOT NULL,       -- rowgroup.id, 8 bytes each
    hash INTEGER NOT NULL
);

CREATE TABLE columns (          -- schemas of versions
    id INTEGER PRIMARY KEY,
    list BLOB NOT NULL,         -- src/spill/schema_code.h draws it
    hash INTEGER NOT NULL
);

CREATE TABLE rowgroup (
    id INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,
    first_row_id INTEGER NOT NULL,
    row_ids INTEGER NOT NULL,   -- chunk.key, 0: first_row_id and up
    chunks BLOB NOT NULL,       -- chunk.key, 8 bytes each, one per column
    hash INTEGER NOT NULL
);
