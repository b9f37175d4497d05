//! The one thread that writes to the database.
//!
//! It takes all requests that came while the disk was busy, evaluates their commands against an overlay, writes what they
//! change in one transaction, and waits for the disk once. Only then are the changes merged into memory, visible, and answered.
//! If the disk does not take the batch, it is dropped.

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{Shared, history::HistoryWriter, rows, wal_preallocation::WalPreallocation};
use crate::store::{
    Claimed, Command, Idempotency, Notice, Orphan, Outcome, StoreError, Swept,
    machine::{Batch, Overlay, Recalled, Row},
};

/// How many tasks one sweep forgets before other requests are served.
const SWEEP_AT_ONCE: usize = 1024;

/// How many requests are written together.
const AT_ONCE: usize = 8192;

/// What a caller wants to be made durable.
pub(super) enum WriteRequest {
    Apply(Vec<Command>, Reply<Vec<Outcome>>),
    /// Up to so many tasks of these kinds.
    Claim(Vec<String>, usize, Reply<Vec<Claimed>>),
    Sweep(Duration, Reply<Swept>),
    /// Claims that were made in memory.
    WriteClaims,
    /// The tasks that an earlier process was running.
    Recover(Reply<Vec<Orphan>>),
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// An answer that is sent once it is durable.
enum Answer {
    Applied(Vec<Outcome>, Reply<Vec<Outcome>>),
    Claimed(Vec<Claimed>, Reply<Vec<Claimed>>),
    Swept(Swept, Reply<Swept>),
}

/// The database, and what the thread remembers of it.
pub(super) struct Writer {
    shared: Arc<Shared>,
    database: Connection,
    preallocation: WalPreallocation,
    history: Option<HistoryWriter>,
    /// The highest id that the database knows to have been given out.
    last_id: u64,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        database: Connection,
        preallocation: WalPreallocation,
        history: Option<HistoryWriter>,
    ) -> Self {
        let last_id = shared.machine.lock().last_id();
        Self { shared, database, preallocation, history, last_id }
    }

    /// Writes until the channel is closed and empty.
    pub(super) fn run(mut self, mut received: mpsc::Receiver<WriteRequest>) {
        let mut requests = Vec::new();
        while received.blocking_recv_many(&mut requests, AT_ONCE) > 0 {
            self.serve(std::mem::take(&mut requests));
            self.preallocation.renew();
        }
        self.serve(vec![WriteRequest::WriteClaims]);
    }

    fn serve(&mut self, mut requests: Vec<WriteRequest>) {
        self.recover(&mut requests);
        let was_broken = self.shared.health.lock().is_some();
        let recalled = match self.recall(&requests) {
            Ok(recalled) => recalled,
            Err(error) => {
                return self.fail(requests.into_iter().filter_map(WriteRequest::into_failure), &error);
            }
        };
        let (batch, answers, rows) = self.evaluate(requests, recalled);
        match self.write(&batch, &rows, was_broken) {
            Ok(expired) => {
                self.merge(batch, expired, was_broken);
                answers.into_iter().for_each(Answer::send);
            }
            Err(error) => {
                let notices = self.shared.machine.lock().abort(batch);
                self.shared.subscribers.notify(notices);
                self.fail(answers.into_iter().map(Answer::into_failure), &error);
            }
        }
    }

    /// Answers requests for interrupted tasks. Their new fences are in memory only, because a next process gives them new ones; they
    /// are given out between two batches, so that no batch puts an older state of the task back.
    fn recover(&self, requests: &mut Vec<WriteRequest>) {
        for request in requests.extract_if(.., |request| matches!(request, WriteRequest::Recover(_))) {
            if let WriteRequest::Recover(reply) = request {
                drop(reply.send(Ok(self.shared.machine.lock().recover(self.shared.moment()))));
            }
        }
    }

    /// Reads what the commands need from the database, so that no lock is held while the disk is waited for.
    fn recall(&self, requests: &[WriteRequest]) -> rusqlite::Result<Recalled> {
        let mut recalled = Recalled::default();
        let mut ended = Vec::new();
        let commands = requests.iter().filter_map(|request| match request {
            WriteRequest::Apply(commands, _) => Some(commands),
            _ => None,
        });
        for command in commands.flatten() {
            match command {
                Command::Submit { task, .. } => {
                    let Some(Idempotency { key, .. }) = &task.idempotency else { continue };
                    let key = (task.owner.clone(), key.clone());
                    if let Some(request) = rows::read_request(&self.database, &key)? {
                        recalled.requests.insert(key, request);
                    }
                }
                Command::Prune { id } | Command::Change { id, .. } | Command::FreeLanes { id } => {
                    let entry = self.shared.read_model.get(*id);
                    ended.extend(entry.filter(|entry| entry.record.is_none()).map(|entry| entry.id));
                }
            }
        }
        let records = rows::read_records(&self.database, &ended)?;
        recalled.records.extend(records.into_iter().flatten().map(|record| (record.task.id, record)));
        Ok(recalled)
    }

    /// Evaluates the requests in their order; what has changed, what to answer, and what to write.
    fn evaluate(&self, requests: Vec<WriteRequest>, recalled: Recalled) -> (Batch, Vec<Answer>, Vec<Row>) {
        let moment = self.shared.moment();
        let mut machine = self.shared.machine.lock();
        let mut overlay = Overlay::new(&machine, &self.shared.read_model, recalled, moment);
        let answers = requests.into_iter().filter_map(|request| request.evaluate(&mut overlay)).collect();
        let mut batch = overlay.into_batch();
        let rows = machine.reserve(&mut batch);
        (batch, answers, rows)
    }

    /// Makes the batch durable; how many requests have expired. A batch without changes is written only to see whether the
    /// disk works again.
    fn write(&mut self, batch: &Batch, rows: &[Row], is_trial: bool) -> rusqlite::Result<usize> {
        let writes_last_id = self.must_write_last_id(batch.last_id(), rows);
        let expires = batch.expires_requests() && self.shared.machine.lock().has_requests();
        // A sweep removes from the history, too.
        let now = batch.moment().now;
        let history = self.history.as_mut().filter(|history| batch.expires_requests() && history.is_due(now));
        let is_empty = rows.is_empty() && batch.requests().is_empty();
        if is_empty && !writes_last_id && !expires && history.is_none() && !is_trial {
            return Ok(0);
        }
        let transaction = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rows::write(&transaction, rows)?;
        if let Some(history) = history {
            history.expire(&transaction, now)?;
        }
        if let Some(history) = &self.history {
            history.write(&transaction, rows)?;
        }
        for (key, request) in batch.requests() {
            rows::write_request(&transaction, key, request)?;
        }
        if is_trial || writes_last_id {
            rows::write_last_id(&transaction, batch.last_id())?;
        }
        let mut expired = 0;
        if expires {
            expired = rows::expire_requests(&transaction, now - Idempotency::KEPT)?;
        }
        if let Some(before_commit) = &self.shared.before_commit {
            before_commit().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        }
        transaction.commit()?;
        self.last_id = batch.last_id();
        Ok(expired)
    }

    /// Whether the rows alone would not tell after a restart that the last id was given out: its row goes, or there never was one.
    fn must_write_last_id(&self, last_id: u64, rows: &[Row]) -> bool {
        let is_last = |row: &Row| matches!(row, Row::New(task) if task.id().0 == last_id);
        let is_gone = |row: &Row| matches!(row, Row::Gone(_));
        rows.iter().any(is_gone) || last_id > self.last_id && !rows.iter().any(is_last)
    }

    fn merge(&self, batch: Batch, expired: usize, was_broken: bool) {
        if was_broken {
            *self.shared.health.lock() = None;
            tracing::info!("the task database can be written again");
        }
        let notices = {
            let mut machine = self.shared.machine.lock();
            let notices = machine.merge(batch, &self.shared.read_model);
            machine.count_expired(expired);
            notices
        };
        self.shared.subscribers.notify(notices);
    }

    fn fail(&self, failures: impl Iterator<Item = Box<dyn FnOnce(StoreError)>>, error: &rusqlite::Error) {
        let cause: Box<dyn std::error::Error + Send + Sync> = error.to_string().into();
        let failed = StoreError::new("writing to the task database", Some(cause));
        let was_broken = self.shared.health.lock().replace(Arc::new(failed.clone())).is_some();
        if !was_broken {
            tracing::error!(%error, "the task database cannot be written");
            // Lets a worker ask for a task, again and again while that fails: each claim tries the disk again.
            self.shared.subscribers.notify(vec![Notice::Work(1)]);
        }
        failures.for_each(|fail| fail(failed.clone()));
    }
}

impl WriteRequest {
    fn evaluate(self, overlay: &mut Overlay<'_>) -> Option<Answer> {
        Some(match self {
            Self::Apply(commands, reply) => {
                let outcomes = commands.into_iter().map(|command| overlay.apply(command)).collect();
                Answer::Applied(outcomes, reply)
            }
            Self::Claim(kinds, max, reply) => {
                let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
                Answer::Claimed(std::iter::from_fn(|| overlay.claim(&kinds)).take(max).collect(), reply)
            }
            Self::Sweep(keep, reply) => Answer::Swept(overlay.sweep(keep, SWEEP_AT_ONCE), reply),
            Self::WriteClaims | Self::Recover(_) => return None,
        })
    }

    fn into_failure(self) -> Option<Box<dyn FnOnce(StoreError)>> {
        match self {
            Self::Apply(_, reply) => Some(failure(reply)),
            Self::Claim(_, _, reply) => Some(failure(reply)),
            Self::Sweep(_, reply) => Some(failure(reply)),
            Self::Recover(reply) => Some(failure(reply)),
            Self::WriteClaims => None,
        }
    }
}

impl Answer {
    /// Sends the answer. The caller may have gone.
    fn send(self) {
        match self {
            Self::Applied(outcomes, reply) => drop(reply.send(Ok(outcomes))),
            Self::Claimed(claimed, reply) => drop(reply.send(Ok(claimed))),
            Self::Swept(swept, reply) => drop(reply.send(Ok(swept))),
        }
    }

    fn into_failure(self) -> Box<dyn FnOnce(StoreError)> {
        match self {
            Self::Applied(_, reply) => failure(reply),
            Self::Claimed(_, reply) => failure(reply),
            Self::Swept(_, reply) => failure(reply),
        }
    }
}

fn failure<T: 'static>(reply: Reply<T>) -> Box<dyn FnOnce(StoreError)> {
    Box::new(move |error| drop(reply.send(Err(error))))
}
