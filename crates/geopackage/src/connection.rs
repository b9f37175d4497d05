//! Connections on which a hostile file can do no harm.
//!
//! The measures are those of [Defense Against The Dark Arts](https://www.sqlite.org/security.html).

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Result};

use crate::Interrupter;

/// The largest row, text or blob, in bytes. A dataset's feature is a Git blob, which hosts refuse above 100 MB.
pub(crate) const LARGEST_ROW: i32 = 128 << 20;

/// The longest statement, in bytes, also of those that made the tables. With 2,000 columns a name may have 500 letters.
const LONGEST_STATEMENT: i32 = 1 << 20;

/// The most instructions of a statement. Ours have about a dozen for each of at most 2,000 columns.
const LONGEST_PROGRAM: i32 = 100_000;

/// The most tables, indexes, views and triggers: each connection keeps them in memory.
const MOST_OBJECTS: i32 = 50_000;

/// The page cache of each connection, in KiB. It can be small: rows are read once, in order.
const PAGE_CACHE: i32 = 512;

/// Opens the file at `path` for reading; `interrupter` can interrupt the opening, too.
///
/// The file is opened as immutable, without locks and journals: `-wal` and `-journal` files beside
/// it are ignored.
pub(crate) fn open(path: &Path, interrupter: &Interrupter) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(uri(path), flags)?;
    interrupter.watch(&mut connection)?;
    harden(&connection)?;
    limit(&connection)?;
    connection.execute_batch(&format!(
        "PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA query_only = ON;
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{PAGE_CACHE};"
    ))?;
    Ok(connection)
}

/// The path as a URI, byte for byte.
fn uri(path: &Path) -> String {
    let mut uri = String::from(if path.starts_with("/") { "file://" } else { "file:" });
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri + "?mode=ro&immutable=1"
}

fn harden(connection: &Connection) -> Result<()> {
    let settings = [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ];
    for (setting, value) in settings {
        connection.set_db_config(setting, value)?;
    }
    Ok(())
}

fn limit(connection: &Connection) -> Result<()> {
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, LARGEST_ROW),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST_STATEMENT),
        (Limit::SQLITE_LIMIT_VDBE_OP, LONGEST_PROGRAM),
        (Limit::SQLITE_LIMIT_SCHEMA, MOST_OBJECTS),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 0),
    ];
    for (limit, value) in limits {
        connection.set_limit(limit, value)?;
    }
    Ok(())
}
