//! A store in a SQLite database, for one program at a time.
//!
//! Everything that is asked for often is in memory; the database is what of it outlives the program. There is one state
//! machine for this store and the one in memory: the [board](super::board).

mod inbox;
mod log_room;
mod reader;
mod rows;
mod schema;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use self::{inbox::Inbox, log_room::LogRoom, reader::Reader, rows::Stored, writer::Wish};
use super::{
    Answer, Answering, Claimed, Journal, Limits, Listener, Orphan, Record, StoreError, Swept, Transition,
    View,
    attached::Attached,
    board::{Board, Claim, Moment},
    shelf::{Found, Shelf, Weights},
};
use crate::{
    Counters, Filter, TaskId, Totals,
    clock::{Clock, SystemClock},
};

/// What ended tasks have to say beyond this is read back from the disk.
const WEIGHTS: Weights = Weights { recent: 4096, packed: 256 };

/// A [`Store`](super::Store) in a SQLite database.
///
/// What it answers is on the disk: a submit, a cancel, a seal, an end and a prune wait for it, many at a time. Only a claim does
/// not wait, of a task that was accepted since the store was opened: if the program ends before it is written the task
/// waits again. One that [starts early](crate::Job::STARTS_EARLY) may be claimed before it is written itself, and is gone then.
///
/// The database is for one program at a time; whoever opens it makes sure of that. A clone is the same store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Owned>);

/// Closes the database with the last handle.
struct Owned {
    shared: Arc<Shared>,
    reader: Reader,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    board: Mutex<Board>,
    shelf: Shelf,
    attached: Attached,
    inbox: Inbox<Wish>,
    /// Why nothing can be written, as long as that is so.
    health: Mutex<Option<Arc<StoreError>>>,
    before_commit: Option<Box<BeforeCommit>>,
}

type BeforeCommit = dyn Fn() -> io::Result<()> + Send + Sync;

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
    /// It cannot be brought to the newest version.
    #[error("bringing the task database to its newest version")]
    Migrate(#[source] rusqlite::Error),
    /// What it holds cannot be understood.
    #[error("reading the tasks that the task database holds")]
    Read(#[source] rusqlite::Error),
    /// There is no thread to be had.
    #[error("starting the threads of the task database")]
    Thread(#[source] io::Error),
}

/// How a store is opened.
pub struct SqliteOptions {
    clock: Arc<dyn Clock>,
    before_commit: Option<Box<BeforeCommit>>,
}

impl SqliteOptions {
    /// By which clock the store goes; the machine's by default.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What is done before each commit; an error there is as if the disk had failed. To try out what becomes of that.
    pub fn before_commit(mut self, act: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.before_commit = Some(Box::new(act));
        self
    }

    /// Opens the database, or makes it.
    ///
    /// # Errors
    /// When it cannot be used; nothing in it has changed then, but for migrations that were complete.
    pub fn open(self, path: impl Into<PathBuf>) -> Result<SqliteStore, OpenError> {
        let path = path.into();
        let database = schema::open(&path)?;
        let (board, shelf) = self.read(&database).map_err(OpenError::Read)?;
        let shared = Arc::new(Shared {
            clock: self.clock,
            board: Mutex::new(board),
            shelf,
            attached: Attached::default(),
            inbox: Inbox::new(Wish::goes_first),
            health: Mutex::default(),
            before_commit: self.before_commit,
        });
        let reader = Reader::start(&path)?;
        let writer = writer::Writer::new(shared.clone(), database, LogRoom::beside(&path));
        let thread = std::thread::Builder::new().name("task-writer".into()).spawn(move || writer.work());
        let writer = Mutex::new(Some(thread.map_err(OpenError::Thread)?));
        Ok(SqliteStore(Arc::new(Owned { shared, reader, writer })))
    }

    fn read(&self, database: &rusqlite::Connection) -> rusqlite::Result<(Board, Shelf)> {
        let moment = moment(&*self.clock);
        let last_id = rows::read_last_id(database)?;
        let mut board = Board::continued(last_id, rows::count_requests(database)?);
        let shelf = Shelf::beside_a_disk(WEIGHTS);
        let mut ended = Vec::new();
        rows::read_all(database, WEIGHTS.packed, |stored| match stored {
            Stored::Unfinished(life) => {
                shelf.apply(super::board::Change::Put(life.record.clone()));
                board.take_up(life);
            }
            Stored::Ended { record, is_lean } => {
                let end = record.task.finished.unwrap_or(record.task.created);
                // What ended in the future, by a clock that was set back, has ended now.
                let age = Duration::try_from(moment.now.duration_since(end)).unwrap_or_default();
                ended.push((age, record.task.id));
                shelf.take_up(&record, is_lean);
            }
        })?;
        board.take_up_ended(ended, moment);
        Ok((board, shelf))
    }
}

impl SqliteStore {
    /// Opens the database, or makes it, and goes by the machine's clock.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path.as_ref())
    }

    /// How to open one otherwise.
    pub fn options() -> SqliteOptions {
        SqliteOptions { clock: Arc::new(SystemClock::default()), before_commit: None }
    }

    /// The files that were given to tasks which have not ended.
    pub fn files(&self) -> Vec<PathBuf> {
        self.shared().board.lock().files()
    }

    /// Closes the database once what was asked before is written: everything is in its one file then. Whatever is asked
    /// afterwards is an error, but for what is in memory. Blocks.
    pub fn close(&self) {
        self.0.close();
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    async fn ask<T>(
        &self,
        wish: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Wish,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || StoreError::new("the task store has stopped", None);
        self.shared().inbox.put(wish(reply)).await.ok_or_else(stopped)?;
        answer.await.map_err(|_| stopped())?
    }

    fn claim_at_once(&self) -> Claim {
        let shared = self.shared();
        let (claim, notices) = {
            let mut board = shared.board.lock();
            let (claim, (changes, notices)) = board.claim(shared.moment());
            changes.into_iter().for_each(|change| shared.shelf.apply(change));
            (claim, notices)
        };
        if matches!(claim, Claim::Got(_)) {
            shared.inbox.nudge();
        }
        shared.attached.tell(notices);
        claim
    }

    /// The whole of a task; `None` if it is gone.
    async fn complete(&self, found: Found) -> Result<Option<Arc<Record>>, StoreError> {
        match found {
            Found::Whole(record) => Ok(Some(record)),
            Found::Lean(record) => {
                let content = self.0.reader.content(record.task.id).await?;
                Ok(content.map(|content| content.put_into(&record)))
            }
        }
    }
}

impl Shared {
    fn moment(&self) -> Moment {
        moment(&*self.clock)
    }
}

fn moment(clock: &dyn Clock) -> Moment {
    Moment { now: clock.now(), elapsed: clock.elapsed() }
}

impl Owned {
    fn close(&self) {
        // The writer is the last, since only it may put the log back into the database.
        self.reader.close();
        self.shared.inbox.close();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            // A listener may be the last to hold it, on the writer's own thread.
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.close();
    }
}

impl Journal for SqliteStore {
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits) {
        self.shared().attached.add(listener, limits);
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        Box::pin(self.ask(|reply| Wish::Write(wishes, reply)))
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        if let Err(error) = self.health() {
            // Nothing should begin whose end cannot be written.
            return Box::pin(std::future::ready(Err(StoreError::clone(&error))));
        }
        match self.claim_at_once() {
            Claim::Nothing => Box::pin(std::future::ready(Ok(None))),
            Claim::Got(claimed) => Box::pin(std::future::ready(Ok(Some(claimed)))),
            Claim::OnDisk => Box::pin(self.ask(Wish::Claim)),
        }
    }

    fn stands(&self, id: TaskId, attempt: u32) -> bool {
        self.shared().board.lock().stands(id, attempt)
    }

    fn rescue(&self) -> Answering<'_, Vec<Orphan>> {
        let orphans = self.shared().board.lock().take_orphans();
        Box::pin(std::future::ready(Ok(orphans)))
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        Box::pin(self.ask(move |reply| Wish::Sweep(keep, reply)))
    }

    fn health(&self) -> Result<(), Arc<StoreError>> {
        self.shared().health.lock().clone().map_or(Ok(()), Err)
    }
}

impl View for SqliteStore {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        match self.shared().shelf.find(id) {
            None => Box::pin(std::future::ready(Ok(None))),
            Some(Found::Whole(record)) => Box::pin(std::future::ready(Ok(Some(record)))),
            Some(lean) => Box::pin(self.complete(lean)),
        }
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let mut records = Vec::new();
            for found in self.shared().shelf.list(filter).await {
                records.extend(self.complete(found).await?);
            }
            Ok(records)
        })
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        Box::pin(async move { Ok(self.shared().shelf.totals(filter).await) })
    }

    fn counters(&self) -> Counters {
        self.shared().shelf.counters()
    }
}
