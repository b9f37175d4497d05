//! The one thread that writes.
//!
//! It takes all wishes that have come meanwhile, lets the board grant or refuse them, writes what they change in one
//! transaction, and waits for the disk once. Only then are they visible, and answered. If the disk does not take
//! them they have never been.

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Shared, log_room::LogRoom, rows};
use crate::{
    ids::ById,
    store::{
        Answer, Claimed, Idempotency, Notice, Record, StoreError, Swept, Transition,
        board::{Moment, Request, RequestKey, Row},
        shelf::Found,
    },
};

/// How many tasks one sweep forgets before others get their turn.
const SWEEP_AT_ONCE: usize = 1024;

/// How often a disk that has failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// If so many tasks may begin at once, the writer has patience with them. One alone is not kept waiting.
const MANY: usize = 4;

/// How long the writer waits at most for the ends of tasks that have just begun.
const PATIENCE: Duration = Duration::from_micros(500);

/// What somebody waits for.
pub(super) enum Wish {
    Write(Vec<Transition>, Reply<Vec<Answer>>),
    Claim(Reply<Option<Claimed>>),
    Sweep(Duration, Reply<Swept>),
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// An answer that is given once it is true.
enum Answered {
    Write(Vec<Answer>, Reply<Vec<Answer>>),
    Claim(Option<Claimed>, Reply<Option<Claimed>>),
    Sweep(Swept, Reply<Swept>),
}

/// The database, and what the thread remembers of it.
pub(super) struct Writer {
    shared: Arc<Shared>,
    database: Connection,
    log_room: LogRoom,
    last_id: u64,
}

/// What is decided together, and written with one wait for the disk.
struct Round {
    answered: Vec<Answered>,
    /// Ended tasks whose content is on the disk.
    heavy: ById<Arc<Record>>,
    expires_requests: bool,
    moment: Moment,
}

/// What is to be written.
struct Work {
    rows: Vec<Row>,
    requests: Vec<(RequestKey, Request)>,
    last_id: u64,
    /// The rows that are left would not tell the last id.
    keeps_last_id: bool,
    expires_requests: bool,
    moment: Moment,
}

/// What the database says of the tasks and requests that wishes are about.
#[derive(Default)]
struct Known {
    requests: Vec<(RequestKey, Request)>,
    /// Ended tasks whose content is on the disk.
    heavy: ById<Arc<Record>>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, database: Connection, log_room: LogRoom) -> Self {
        let last_id = shared.board.lock().last_id();
        Self { shared, database, log_room, last_id }
    }

    /// Writes until nobody can wish for anything any more.
    pub(super) fn work(mut self) {
        loop {
            let is_broken = self.shared.health.lock().is_some();
            let Some(wishes) = self.shared.inbox.take(is_broken.then_some(RETRY)) else { break };
            self.fulfil(wishes, is_broken);
            self.log_room.renew();
        }
        // What nobody waits for.
        self.fulfil(Vec::new(), false);
    }

    fn fulfil(&mut self, wishes: Vec<Wish>, was_broken: bool) {
        let mut round = Round::new(self.shared.moment());
        let begun = self.decide(wishes, &mut round);
        if begun < MANY {
            self.call(begun);
        } else {
            self.wait_for_ends(begun, &mut round);
        }
        let work = self.close(&round);
        let written = match work.is_empty() && !was_broken {
            true => Ok(0),
            false => self.write(&work, was_broken),
        };
        match written {
            Ok(expired) => {
                self.succeed(expired, round.moment, was_broken);
                round.send();
            }
            Err(error) => {
                self.undo();
                self.fail(round.answered.into_iter().map(Answered::into_refusal), &error);
            }
        }
    }

    /// Lets tasks that have just begun end before they are written, so that each is written once, and not twice. New ones have to
    /// wait meanwhile: they would only be written half.
    fn wait_for_ends(&self, begun: usize, round: &mut Round) {
        // One thread may be through with all of them before a second one is awake.
        self.call(1);
        let ends = self.shared.inbox.take_first(begun, PATIENCE);
        self.decide(ends, round);
        let left = self.shared.board.lock().ready();
        self.call(left);
    }

    /// Calls for threads to run so many tasks.
    fn call(&self, tasks: usize) {
        if tasks > 0 {
            self.shared.attached.tell(vec![Notice::Work(tasks)]);
        }
    }

    /// Lets the board grant or refuse the wishes; how many tasks may begin by that.
    fn decide(&self, wishes: Vec<Wish>, round: &mut Round) -> usize {
        let known = match self.look_up(&wishes) {
            Ok(known) => known,
            Err(error) => {
                self.fail(wishes.into_iter().map(Wish::into_refusal), &error);
                return 0;
            }
        };
        let (limits, shelf) = (self.shared.attached.limits(), &self.shared.shelf);
        round.moment = self.shared.moment();
        let begun = {
            let mut board = self.shared.board.lock();
            known.requests.into_iter().for_each(|(key, request)| board.recall(key, request));
            for wish in wishes {
                let answered = match wish {
                    Wish::Write(transitions, reply) => {
                        let apply = |wish| board.apply(wish, round.moment, limits, shelf);
                        Answered::Write(transitions.into_iter().map(apply).collect(), reply)
                    }
                    Wish::Claim(reply) => Answered::Claim(board.claim_on_disk(round.moment), reply),
                    Wish::Sweep(keep, reply) => {
                        round.expires_requests = true;
                        Answered::Sweep(board.sweep(keep, SWEEP_AT_ONCE, round.moment, shelf), reply)
                    }
                };
                round.answered.push(answered);
            }
            board.take_early()
        };
        round.heavy.extend(known.heavy);
        begun
    }

    /// What is to be written of all that has been decided.
    fn close(&self, round: &Round) -> Work {
        let mut board = self.shared.board.lock();
        let (rows, last_id) = (board.rows(), board.last_id());
        Work {
            keeps_last_id: self.could_forget(last_id, &rows),
            rows,
            requests: board.new_requests(),
            last_id,
            expires_requests: round.expires_requests && board.has_requests(),
            moment: round.moment,
        }
    }

    /// Reads what the board must know to decide, so that nobody waits for the disk while it does.
    fn look_up(&self, wishes: &[Wish]) -> rusqlite::Result<Known> {
        let mut known = Known::default();
        let transitions = wishes.iter().filter_map(|wish| match wish {
            Wish::Write(transitions, _) => Some(transitions),
            _ => None,
        });
        for transition in transitions.flatten() {
            match transition {
                Transition::Submitted(new) => {
                    let Some(Idempotency { key, .. }) = &new.idempotency else { continue };
                    let key = (new.owner.clone(), key.clone());
                    if let Some(request) = rows::read_request(&self.database, &key)? {
                        known.requests.push((key, request));
                    }
                }
                Transition::Pruned { id } | Transition::CancelRequested { id } => {
                    if let Some(Found::Lean(record)) = self.shared.shelf.find(*id)
                        && let Some(content) = rows::read_content(&self.database, *id)?
                    {
                        known.heavy.insert(*id, content.put_into(&record));
                    }
                }
                _ => {}
            }
        }
        Ok(known)
    }

    /// Whether nobody might know, after a restart, that the last id was given out: its row goes, or there never was one.
    fn could_forget(&self, last_id: u64, rows: &[Row]) -> bool {
        let is_last = |row: &Row| matches!(row, Row::New(life) if life.record.task.id.0 == last_id);
        let is_gone = |row: &Row| matches!(row, Row::Gone(_));
        rows.iter().any(is_gone) || last_id > self.last_id && !rows.iter().any(is_last)
    }

    /// How many requests have been forgotten.
    fn write(&mut self, work: &Work, is_trial: bool) -> rusqlite::Result<usize> {
        let transaction = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rows::write(&transaction, &work.rows)?;
        for (key, request) in &work.requests {
            rows::write_request(&transaction, key, request)?;
        }
        if is_trial || work.keeps_last_id {
            rows::write_last_id(&transaction, work.last_id)?;
        }
        let mut expired = 0;
        if work.expires_requests {
            expired = rows::expire_requests(&transaction, work.moment.now - Idempotency::KEPT)?;
        }
        if let Some(before_commit) = &self.shared.before_commit {
            before_commit().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        }
        transaction.commit()?;
        self.last_id = work.last_id;
        Ok(expired)
    }

    fn succeed(&self, expired: usize, moment: Moment, was_broken: bool) {
        if was_broken {
            *self.shared.health.lock() = None;
            tracing::info!("the task database can be written again");
        }
        let notices = {
            let mut board = self.shared.board.lock();
            let (changes, notices) = board.settle(moment);
            board.forget_requests();
            board.count_expired(expired);
            changes.into_iter().for_each(|change| self.shared.shelf.apply(change));
            notices
        };
        self.shared.attached.tell(notices);
    }

    fn undo(&self) {
        let notices = {
            let mut board = self.shared.board.lock();
            let notices = board.undo();
            board.forget_requests();
            notices
        };
        self.shared.attached.tell(notices);
    }

    fn fail(&self, refusals: impl Iterator<Item = Box<dyn FnOnce(StoreError)>>, error: &rusqlite::Error) {
        let cause: Box<dyn std::error::Error + Send + Sync> = error.to_string().into();
        let failed = StoreError::new("writing to the task database", Some(cause));
        let was_broken = self.shared.health.lock().replace(Arc::new(failed.clone())).is_some();
        if !was_broken {
            tracing::error!(%error, "the task database cannot be written");
        }
        refusals.for_each(|refuse| refuse(failed.clone()));
    }
}

impl Round {
    fn new(moment: Moment) -> Self {
        Self { answered: Vec::new(), heavy: ById::default(), expires_requests: false, moment }
    }

    /// Answers everybody, with what was read from the disk.
    fn send(self) {
        for mut answered in self.answered {
            answered.complete(&self.heavy);
            answered.send();
        }
    }
}

impl Work {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.requests.is_empty() && !self.keeps_last_id && !self.expires_requests
    }
}

impl Wish {
    /// Whether it makes room, or lets somebody go on who is at work. A new task can wait.
    pub(super) fn goes_first(&self) -> bool {
        let is_new = |transition: &Transition| matches!(transition, Transition::Submitted(_));
        !matches!(self, Self::Write(transitions, _) if transitions.iter().any(is_new))
    }

    fn into_refusal(self) -> Box<dyn FnOnce(StoreError)> {
        match self {
            Self::Write(_, reply) => refusal(reply),
            Self::Claim(reply) => refusal(reply),
            Self::Sweep(_, reply) => refusal(reply),
        }
    }
}

impl Answered {
    /// Puts in what was read from the disk.
    fn complete(&mut self, heavy: &ById<Arc<Record>>) {
        let Self::Write(answers, _) = self else { return };
        for record in answers.iter_mut().filter_map(|answer| answer.record.as_mut()) {
            if let Some(complete) = heavy.get(&record.task.id) {
                *record = complete.clone();
            }
        }
    }

    /// Whoever asked may have gone.
    fn send(self) {
        match self {
            Self::Write(answers, reply) => drop(reply.send(Ok(answers))),
            Self::Claim(claimed, reply) => drop(reply.send(Ok(claimed))),
            Self::Sweep(swept, reply) => drop(reply.send(Ok(swept))),
        }
    }

    fn into_refusal(self) -> Box<dyn FnOnce(StoreError)> {
        match self {
            Self::Write(_, reply) => refusal(reply),
            Self::Claim(_, reply) => refusal(reply),
            Self::Sweep(_, reply) => refusal(reply),
        }
    }
}

fn refusal<T: 'static>(reply: Reply<T>) -> Box<dyn FnOnce(StoreError)> {
    Box::new(move |error| drop(reply.send(Err(error))))
}
