//! How a database is opened.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{
    CopyError, HistoryOptions, Owned, Shared, SqliteStore, history::HistoryWriter, reader::Reader, rows,
    schema, wal_preallocation::WalPreallocation, writer::Writer,
};
use crate::{
    clock::{Clock, SystemClock},
    store::{
        machine::{Machine, Moment},
        read_model::ReadModel,
        subscribers::Subscribers,
    },
};

/// How many write requests may wait; callers beyond that wait before they send theirs.
const WAITING: usize = 8192;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be read or written, or it is damaged.
    #[error("opening the task database")]
    Open(#[source] rusqlite::Error),
    /// The folder that it is in cannot be brought to disk.
    #[error("saving the folder of the task database")]
    Folder(#[source] io::Error),
    /// It is something else.
    #[error("the file is no task database")]
    Foreign,
    /// A newer program has made it.
    #[error("the task database has version {found}, and this program knows versions up to {known}")]
    Newer {
        /// Its version.
        found: i32,
        /// The newest that is known.
        known: usize,
    },
    /// It cannot be copied before it is brought to the newest version.
    #[error("keeping a copy of the task database before it is brought to its newest version")]
    Copy(#[source] CopyError),
    /// It cannot be brought to the newest version.
    #[error("bringing the task database to its newest version")]
    Migrate(#[source] rusqlite::Error),
    /// What it holds cannot be understood.
    #[error("reading the tasks that the task database holds")]
    Read(#[source] rusqlite::Error),
    /// A thread could not be started.
    #[error("starting the threads of the task database")]
    Thread(#[source] io::Error),
}

/// How a store is opened.
pub struct SqliteOptions {
    clock: Arc<dyn Clock>,
    before_commit: Option<Box<BeforeCommit>>,
    history: Option<HistoryOptions>,
}

pub(super) type BeforeCommit = dyn Fn() -> io::Result<()> + Send + Sync;

impl SqliteStore {
    /// Opens the database, or creates it, and goes by the machine's clock.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path.as_ref())
    }

    /// Other ways to open a database.
    pub fn options() -> SqliteOptions {
        SqliteOptions { clock: Arc::new(SystemClock::default()), before_commit: None, history: None }
    }
}

impl SqliteOptions {
    /// The clock that the store goes by; the machine's by default.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Runs before each commit; an error has the effect of a failing disk. For tests of what happens then.
    pub fn before_commit(mut self, act: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.before_commit = Some(Box::new(act));
        self
    }

    /// Remembers ended tasks after they are forgotten, for [`SqliteStore::history`]; by default it does not.
    pub fn history(mut self, history: HistoryOptions) -> Self {
        self.history = Some(history);
        self
    }

    /// Opens the database, or creates it.
    ///
    /// # Errors
    /// When it cannot be used; nothing in it has changed then, but for migrations that were complete.
    pub fn open(self, path: impl Into<PathBuf>) -> Result<SqliteStore, OpenError> {
        let path = path.into();
        let database = schema::open(&path)?;
        let (machine, read_model) = self.restore(&database).map_err(OpenError::Read)?;
        let history = self.history.map(HistoryWriter::new);
        let shared = Arc::new(Shared {
            path: path.clone(),
            clock: self.clock,
            machine: Mutex::new(machine),
            read_model,
            subscribers: Subscribers::default(),
            health: Mutex::default(),
            before_commit: self.before_commit,
        });
        let reader = Reader::start(&path)?;
        let (requests, received) = mpsc::channel(WAITING);
        let writer = Writer::new(shared.clone(), database, WalPreallocation::of(&path), history);
        let thread =
            std::thread::Builder::new().name("task-writer".into()).spawn(move || writer.run(received));
        let writer = Mutex::new(Some(thread.map_err(OpenError::Thread)?));
        Ok(SqliteStore(Arc::new(Owned { shared, reader, requests: Mutex::new(Some(requests)), writer })))
    }

    /// Reads what an earlier process has left.
    fn restore(&self, database: &rusqlite::Connection) -> rusqlite::Result<(Machine, ReadModel)> {
        let moment = Moment { now: self.clock.now(), elapsed: self.clock.elapsed() };
        let mut machine = Machine::restored(rows::read_last_id(database)?, rows::count_requests(database)?);
        let read_model = ReadModel::beside_disk();
        rows::read_unfinished(database, |task| {
            read_model.put(task.state.record.clone());
            machine.restore(task);
        })?;
        let mut ended = Vec::new();
        rows::read_ended(database, |task, end| {
            // A task that ended in the future, by a clock that was set back, has ended now.
            let age = Duration::try_from(moment.now.duration_since(end)).unwrap_or_default();
            ended.push((age, task.id));
            read_model.restore(task);
        })?;
        machine.restore_ended(ended, moment);
        Ok((machine, read_model))
    }
}
