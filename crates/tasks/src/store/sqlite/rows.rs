//! What is written of a task, and read again.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use rusqlite::{
    Connection, OptionalExtension, Row as SqlRow, Statement, Transaction,
    types::{FromSqlError, Type},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ErrorReport, Priority, Report, Status, Task, TaskId,
    store::{
        Download, Record,
        board::{Life, Request, RequestKey, Row, Seal},
        nanoseconds,
    },
};

// By position: finding a parameter by its name takes longer than writing it.

const INSERT: &str = "INSERT INTO task (id, status, started, finished, attempt, interruptions, cancel_requested, is_sealed, intent, download,
        error, result, kind, description, subject, priority, transaction_id, owner, created, job, lanes, files)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str =
    "UPDATE task SET status = ?2, started = ?3, finished = ?4, attempt = ?5, interruptions = ?6,
        cancel_requested = ?7, is_sealed = ?8, intent = ?9, download = ?10, error = ?11, result = ?12,
        job = iif(?13, NULL, job), lanes = iif(?13, NULL, lanes), files = iif(?13, NULL, files)
    WHERE id = ?1";

/// Writes the changes.
pub(super) fn write(database: &Transaction<'_>, rows: &[Row]) -> rusqlite::Result<()> {
    let mut insert = database.prepare_cached(INSERT)?;
    let mut update = database.prepare_cached(UPDATE)?;
    for row in rows {
        match row {
            Row::New(life) => write_new(&mut insert, life)?,
            Row::Changed(life) => write_changed(&mut update, life)?,
            Row::Gone(id) => {
                database.prepare_cached("DELETE FROM task WHERE id = ?")?.execute([number(id.0)?])?;
            }
        }
    }
    Ok(())
}

fn write_new(insert: &mut Statement<'_>, life: &Life) -> rusqlite::Result<()> {
    let task = &life.record.task;
    bind_changing(insert, life)?;
    insert.raw_bind_parameter(13, &*task.kind)?;
    insert.raw_bind_parameter(14, &*task.description)?;
    insert.raw_bind_parameter(15, task.subject.as_deref())?;
    insert.raw_bind_parameter(16, task.priority.as_str())?;
    insert.raw_bind_parameter(17, task.transaction.as_deref())?;
    insert.raw_bind_parameter(18, task.owner.as_deref())?;
    insert.raw_bind_parameter(19, nanoseconds(task.created))?;
    insert.raw_bind_parameter(20, (!task.status.has_ended()).then_some(&*life.job))?;
    insert.raw_bind_parameter(21, list(&life.lanes)?)?;
    insert.raw_bind_parameter(22, list(&life.files)?)?;
    insert.raw_execute()?;
    Ok(())
}

fn write_changed(update: &mut Statement<'_>, life: &Life) -> rusqlite::Result<()> {
    bind_changing(update, life)?;
    update.raw_bind_parameter(13, life.record.task.status.has_ended())?;
    update.raw_execute()?;
    Ok(())
}

/// What may change of a task, as the first twelve parameters.
fn bind_changing(statement: &mut Statement<'_>, life: &Life) -> rusqlite::Result<()> {
    let (record, task) = (&life.record, &life.record.task);
    let seal = life.sealed.as_deref();
    let result = seal.map(|seal| &seal.report).or(task.result.as_ref());
    let download = seal.map_or(record.download.as_ref(), |seal| seal.download.as_ref());
    statement.raw_bind_parameter(1, number(task.id.0)?)?;
    statement.raw_bind_parameter(2, task.status.as_str())?;
    statement.raw_bind_parameter(3, task.started.map(nanoseconds))?;
    statement.raw_bind_parameter(4, task.finished.map(nanoseconds))?;
    statement.raw_bind_parameter(5, task.attempt)?;
    statement.raw_bind_parameter(6, record.interruptions)?;
    statement.raw_bind_parameter(7, record.cancel_requested)?;
    statement.raw_bind_parameter(8, seal.is_some())?;
    statement.raw_bind_parameter(9, seal.and_then(|seal| seal.intent.as_deref()))?;
    statement.raw_bind_parameter(10, download.map(json).transpose()?)?;
    statement.raw_bind_parameter(11, task.error.as_ref().map(json).transpose()?)?;
    statement.raw_bind_parameter(12, result.map(json).transpose()?)
}

/// A task as it was read.
pub(super) enum Stored {
    Unfinished(Life),
    Ended {
        record: Record,
        /// Whether its result and error were left where they are.
        is_lean: bool,
    },
}

/// Hands on every task, by id; result and error of an ended one only if they are no longer than `heavy` bytes together.
pub(super) fn read_all(
    database: &Connection,
    heavy: usize,
    mut each: impl FnMut(Stored),
) -> rusqlite::Result<()> {
    let mut select = database.prepare(
        "WITH weighed AS (
            SELECT *, finished IS NOT NULL
                AND ifnull(octet_length(result), 0) + ifnull(octet_length(error), 0) > ? AS is_lean
            FROM task
         )
         SELECT id, status, kind, description, subject, priority, transaction_id, owner, created, started, finished,
            attempt, interruptions, cancel_requested, download, is_lean, iif(is_lean, NULL, error),
            iif(is_lean, NULL, result), is_sealed, job, lanes, files, intent
         FROM weighed ORDER BY id",
    )?;
    let mut words = Words::default();
    let mut rows = select.query([number(heavy as u64)?])?;
    while let Some(row) = rows.next()? {
        each(read_row(row, &mut words)?);
    }
    Ok(())
}

fn read_row(row: &SqlRow<'_>, words: &mut Words) -> rusqlite::Result<Stored> {
    let status: Status = word(row, 1)?;
    let priority: Priority = word(row, 5)?;
    let (error, result): (Option<Arc<ErrorReport>>, Option<Arc<Report>>) =
        (parsed(row, 16)?, parsed(row, 17)?);
    let download: Option<Arc<Download>> = parsed(row, 14)?;
    let is_sealed: bool = row.get(18)?;
    let task = Task {
        id: TaskId(row.get::<_, i64>(0)?.unsigned_abs()),
        kind: words.get(row.get_ref(2)?.as_str()?),
        status,
        description: words.get(row.get_ref(3)?.as_str()?),
        subject: row.get_ref(4)?.as_str_or_null()?.map(|subject| words.get(subject)),
        priority,
        transaction: row.get_ref(6)?.as_str_or_null()?.map(Into::into),
        owner: row.get_ref(7)?.as_str_or_null()?.map(|owner| words.get(owner)),
        attempt: row.get(11)?,
        created: time(row, 8)?.unwrap_or_default(),
        started: time(row, 9)?,
        finished: time(row, 10)?,
        progress: None,
        result: result.clone().filter(|_| !is_sealed),
        error,
    };
    let mut record = Record {
        task,
        interruptions: row.get(12)?,
        cancel_requested: row.get(13)?,
        download: download.clone().filter(|_| !is_sealed),
    };
    if status.has_ended() {
        record.task.finished = record.task.finished.or(Some(record.task.created));
        return Ok(Stored::Ended { record, is_lean: row.get(15)? });
    }
    let intent = row.get_ref(22)?.as_str_or_null()?.map(Into::into);
    let seal = is_sealed.then(|| Seal { intent, report: result.unwrap_or_default(), download });
    let job = row.get_ref(19)?.as_str_or_null()?.unwrap_or_default().into();
    let lanes = parsed(row, 20)?.unwrap_or_default();
    let files: Vec<PathBuf> = parsed(row, 21)?.unwrap_or_default();
    Ok(Stored::Unfinished(Life::stored(record, job, lanes, files.into(), seal)))
}

/// What an ended task has to say; `None` if it is gone.
pub(super) fn read_content(database: &Connection, id: TaskId) -> rusqlite::Result<Option<Content>> {
    let mut select = database.prepare_cached("SELECT error, result FROM task WHERE id = ?")?;
    select
        .query_row([number(id.0)?], |row| Ok(Content { error: parsed(row, 0)?, result: parsed(row, 1)? }))
        .optional()
}

/// An ended task's result and error.
pub(super) struct Content {
    error: Option<Arc<ErrorReport>>,
    result: Option<Arc<Report>>,
}

impl Content {
    pub(super) fn put_into(self, record: &Record) -> Arc<Record> {
        let mut record = record.clone();
        record.task.error = self.error;
        record.task.result = self.result;
        record.into()
    }
}

pub(super) fn read_last_id(database: &Connection) -> rusqlite::Result<u64> {
    let state = database.query_row("SELECT last_id FROM state", [], |row| row.get::<_, i64>(0))?;
    // Whatever the state says, an id that is there is not given out again.
    let highest =
        database.query_row("SELECT ifnull(max(id), 0) FROM task", [], |row| row.get::<_, i64>(0))?;
    Ok(state.max(highest).unsigned_abs())
}

pub(super) fn write_last_id(database: &Transaction<'_>, id: u64) -> rusqlite::Result<()> {
    database.prepare_cached("UPDATE state SET last_id = ?")?.execute([number(id)?])?;
    Ok(())
}

pub(super) fn count_requests(database: &Connection) -> rusqlite::Result<usize> {
    let count = database.query_row("SELECT count(*) FROM request", [], |row| row.get::<_, u32>(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// A task that was just accepted, as a request is answered again: the rest is as with every new task.
type FirstAnswer = (TaskId, Arc<str>, Arc<str>, Option<Arc<str>>, Priority, Option<Arc<str>>);

pub(super) fn write_request(
    database: &Transaction<'_>,
    (owner, key): &RequestKey,
    request: &Request,
) -> rusqlite::Result<()> {
    let task = &request.record.task;
    let answer: FirstAnswer = (
        task.id,
        task.kind.clone(),
        task.description.clone(),
        task.subject.clone(),
        task.priority,
        task.transaction.clone(),
    );
    database
        .prepare_cached("INSERT OR REPLACE INTO request (owner, key, fingerprint, created, answer) VALUES (?, ?, ?, ?, ?)")?
        .execute((stored_owner(owner), key, &request.fingerprint, nanoseconds(task.created), json(&answer)?))?;
    Ok(())
}

pub(super) fn read_request(
    database: &Connection,
    (owner, key): &RequestKey,
) -> rusqlite::Result<Option<Request>> {
    let mut select = database
        .prepare_cached("SELECT fingerprint, created, answer FROM request WHERE owner = ? AND key = ?")?;
    let read = |row: &SqlRow<'_>| {
        let answer: Option<FirstAnswer> = parsed(row, 2)?;
        let (id, kind, description, subject, priority, transaction) =
            answer.ok_or(FromSqlError::InvalidType)?;
        let task = Task {
            id,
            kind,
            status: Status::Waiting,
            description,
            subject,
            priority,
            transaction,
            owner: owner.clone(),
            attempt: 0,
            created: time(row, 1)?.unwrap_or_default(),
            started: None,
            finished: None,
            progress: None,
            result: None,
            error: None,
        };
        let record = Record { task, interruptions: 0, cancel_requested: false, download: None };
        Ok(Request { fingerprint: row.get(0)?, record: Arc::new(record) })
    };
    select.query_row((stored_owner(owner), key), read).optional()
}

/// How many have gone.
pub(super) fn expire_requests(database: &Transaction<'_>, until: Timestamp) -> rusqlite::Result<usize> {
    database.prepare_cached("DELETE FROM request WHERE created <= ?")?.execute([nanoseconds(until)])
}

/// A primary key has no NULL; `-` stands for nobody, and comes before the name of everybody else.
fn stored_owner(owner: &Option<Arc<str>>) -> String {
    owner.as_ref().map_or_else(|| "-".to_owned(), |owner| format!("={owner}"))
}

fn number(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// Nothing, where there is nothing in it.
fn list(items: &[impl Serialize]) -> rusqlite::Result<Option<String>> {
    (!items.is_empty()).then(|| json(items)).transpose()
}

fn json(value: &(impl Serialize + ?Sized)) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn parsed<T: DeserializeOwned>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    let parsed = serde_json::from_str(text);
    parsed.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

fn word<T: DeserializeOwned>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<T> {
    use serde::de::{IntoDeserializer, value::Error};
    let text = row.get_ref(column)?.as_str()?;
    let word = T::deserialize(IntoDeserializer::<Error>::into_deserializer(text));
    word.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

fn time(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let time = row.get::<_, Option<i64>>(column)?.map(|time| Timestamp::from_nanosecond(time.into()));
    time.transpose()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into()))
}

/// The words that were read last, so that what a million tasks have in common is not read a million times.
#[derive(Default)]
struct Words(Vec<Arc<str>>);

impl Words {
    const MOST: usize = 16;

    fn get(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|known| &***known == word) {
            return known.clone();
        }
        if self.0.len() == Self::MOST {
            self.0.clear();
        }
        let new: Arc<str> = word.into();
        self.0.push(new.clone());
        new
    }
}
