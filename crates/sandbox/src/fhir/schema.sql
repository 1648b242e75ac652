-- `json` is NULL once the resource is deleted; its row stays, for 410 and for the next version.
CREATE TABLE IF NOT EXISTS resource (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    type         TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    last_updated TEXT    NOT NULL,
    json         TEXT,
    UNIQUE (type, id)
) STRICT;

CREATE INDEX IF NOT EXISTS live_resource ON resource (type, sequence) WHERE json IS NOT NULL;

-- Tokens, normalised strings and references of the live resources; no system is ''.
CREATE TABLE IF NOT EXISTS search_index (
    type      TEXT    NOT NULL,
    parameter TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    system    TEXT    NOT NULL,
    sequence  INTEGER NOT NULL,
    PRIMARY KEY (type, parameter, value, system, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS search_index_of_resource ON search_index (sequence);

CREATE TABLE IF NOT EXISTS counter (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

INSERT OR IGNORE INTO counter (name, value) VALUES ('id', 0), ('version', 0);
