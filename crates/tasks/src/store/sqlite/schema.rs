//! The tables, and their migrations.

use std::{fs::File, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{OpenError, copy};

/// The application id in the file's header: `TASK`.
const APPLICATION: i32 = 0x5441_534b;

/// How long to wait for another process that has locked the database, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The migration to each version of the schema from the one before it; the first makes version 1 of an empty database. A
/// released migration is never changed.
///
/// Times are nanoseconds since 1970; what has members is JSON. The job, its lanes and its files, if any, are there until the task has
/// ended. `result` is the sealed report of a task that is sealed and has not ended.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE task (
        id INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        kind TEXT NOT NULL,
        description TEXT NOT NULL,
        subject TEXT,
        priority TEXT NOT NULL,
        transaction_id TEXT,
        owner TEXT,
        created INTEGER NOT NULL,
        started INTEGER,
        finished INTEGER,
        attempt INTEGER NOT NULL,
        interruptions INTEGER NOT NULL,
        cancel_requested INTEGER NOT NULL,
        is_sealed INTEGER NOT NULL,
        job TEXT,
        lanes TEXT,
        files TEXT,
        intent TEXT,
        download TEXT,
        error TEXT,
        result TEXT
    ) STRICT;
    CREATE TABLE request (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        created INTEGER NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (owner, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX request_created ON request (created);
    CREATE TABLE state (last_id INTEGER NOT NULL) STRICT;
    INSERT INTO state VALUES (0);
",
    "
    CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        kind TEXT NOT NULL,
        description TEXT NOT NULL,
        subject TEXT,
        owner TEXT,
        attempt INTEGER NOT NULL,
        created INTEGER NOT NULL,
        started INTEGER,
        finished INTEGER NOT NULL,
        error TEXT,
        cause TEXT,
        details TEXT NOT NULL
    ) STRICT;
    CREATE INDEX history_finished ON history (finished);
",
];

/// Opens the database for writing, and migrates it to the newest schema.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path).map_err(OpenError::Open)?;
    // Setting up changes the file, so it is checked first whose it is.
    version(&connection, MIGRATIONS.len())?;
    set_up(&connection).map_err(OpenError::Open)?;
    keep_older_version(&connection, path, MIGRATIONS.len())?;
    migrate(&mut connection, MIGRATIONS)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // A new file survives a power cut only once its folder is synced.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(OpenError::Folder)?;
    }
    Ok(connection)
}

/// Keeps a copy of a database that is about to be migrated, beside it: a program that knows only its version can use the copy.
fn keep_older_version(connection: &Connection, path: &Path, known: usize) -> Result<(), OpenError> {
    let found = version(connection, known)?;
    if found == 0 || found == known {
        return Ok(());
    }
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".version-{found}"));
    copy::vacuum_into(connection, Path::new(&copy)).map_err(OpenError::Copy)
}

/// Opens the database for reading.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Each commit waits for the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The log is checkpointed after 32 MiB; more often costs more than it saves.
    connection.pragma_update(None, "wal_autocheckpoint", 8192)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Runs the migrations that the database lacks: all of them, or none.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), OpenError> {
    // The write lock keeps other processes from migrating, and shows at once whether the database can be written.
    let migration = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let migration = migration.map_err(OpenError::Open)?;
    let version = version(&migration, migrations.len())?;
    for (migration_sql, next) in migrations.iter().zip(1..).skip(version) {
        let done = migration.execute_batch(migration_sql).and_then(|()| {
            migration.pragma_update(None, "application_id", APPLICATION)?;
            migration.pragma_update(None, "user_version", next)
        });
        done.map_err(OpenError::Migrate)?;
    }
    // A write that changes nothing: it fails now if the database cannot be written.
    migration.execute("UPDATE state SET last_id = last_id", []).map_err(OpenError::Open)?;
    migration.commit().map_err(OpenError::Open)
}

/// The version of the database, at most `known`; 0 if it is empty.
fn version(database: &Connection, known: usize) -> Result<usize, OpenError> {
    let number = |pragma| database.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(OpenError::Open)?;
    let tables: u32 = database
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(OpenError::Open)?;
    if application != APPLICATION && (application != 0 || tables > 0) {
        return Err(OpenError::Foreign);
    }
    let found = number("user_version").map_err(OpenError::Open)?;
    match usize::try_from(found).ok().filter(|found| *found <= known) {
        Some(version) => Ok(version),
        None => Err(OpenError::Newer { found, known }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: &str = "ALTER TABLE task ADD COLUMN colour TEXT; UPDATE state SET last_id = last_id + 10";

    fn last_id(database: &Connection) -> i64 {
        database.query_row("SELECT last_id FROM state", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_migration_runs_once_and_keeps_what_is_there() {
        let mut database = Connection::open_in_memory().unwrap();
        migrate(&mut database, MIGRATIONS).unwrap();
        database.execute("UPDATE state SET last_id = 7", []).unwrap();
        for _ in 0..2 {
            migrate(&mut database, &[MIGRATIONS, &[SECOND]].concat()).unwrap();
            assert_eq!(last_id(&database), 17);
        }
        assert!(matches!(migrate(&mut database, MIGRATIONS), Err(OpenError::Newer { .. })));
    }

    #[test]
    fn a_copy_of_an_older_database_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.sqlite");
        let mut database = Connection::open(&path).unwrap();
        migrate(&mut database, MIGRATIONS).unwrap();
        database.execute("UPDATE state SET last_id = 7", []).unwrap();
        keep_older_version(&database, &path, MIGRATIONS.len()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "it is not older");
        for _ in 0..2 {
            keep_older_version(&database, &path, MIGRATIONS.len() + 1).unwrap();
        }
        migrate(&mut database, &[MIGRATIONS, &[SECOND]].concat()).unwrap();
        let mut copy =
            Connection::open(folder.path().join(format!("tasks.sqlite.version-{}", MIGRATIONS.len())))
                .unwrap();
        assert_eq!((last_id(&copy), last_id(&database)), (7, 17));
        migrate(&mut copy, MIGRATIONS).unwrap();
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let mut database = Connection::open_in_memory().unwrap();
        migrate(&mut database, MIGRATIONS).unwrap();
        let migrations = [MIGRATIONS, &[SECOND, "this is no SQL"]].concat();
        assert!(matches!(migrate(&mut database, &migrations), Err(OpenError::Migrate(_))));
        assert_eq!(last_id(&database), 0);
        migrate(&mut database, MIGRATIONS).unwrap();
    }
}
