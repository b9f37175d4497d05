//! How tasks and requests are written to the tables, and read again.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use rusqlite::{
    Connection, OptionalExtension, Row as SqlRow, Statement, Transaction,
    types::{FromSqlError, Type},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Priority, Status, Task, TaskId,
    store::{
        Record, Seal, TaskState,
        machine::{ActiveTask, Request, RequestKey, Row},
        nanoseconds,
        read_model::TaskSummary,
    },
};

// Parameters are bound by position: finding one by its name takes longer than writing it.

const INSERT: &str = "INSERT INTO task (id, status, started, finished, attempt, interruptions, cancel_requested, is_sealed, intent, download,
        error, result, kind, description, subject, priority, transaction_id, owner, created, job, lanes, files)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str =
    "UPDATE task SET status = ?2, started = ?3, finished = ?4, attempt = ?5, interruptions = ?6,
        cancel_requested = ?7, is_sealed = ?8, intent = ?9, download = ?10, error = ?11, result = ?12,
        job = iif(?13, NULL, job), lanes = iif(?13, NULL, lanes), files = iif(?13, NULL, files)
    WHERE id = ?1";

/// Writes the rows of a batch.
pub(super) fn write(database: &Transaction<'_>, rows: &[Row]) -> rusqlite::Result<()> {
    let mut insert = database.prepare_cached(INSERT)?;
    let mut update = database.prepare_cached(UPDATE)?;
    for row in rows {
        match row {
            Row::New(task) => write_new(&mut insert, task)?,
            Row::Changed(task) => write_changed(&mut update, task)?,
            Row::Gone(id) => {
                database.prepare_cached("DELETE FROM task WHERE id = ?")?.execute([number(id.0)?])?;
            }
        }
    }
    Ok(())
}

fn write_new(insert: &mut Statement<'_>, active: &ActiveTask) -> rusqlite::Result<()> {
    let task = &active.state.record.task;
    bind_changing(insert, active)?;
    insert.raw_bind_parameter(13, &*task.kind)?;
    insert.raw_bind_parameter(14, &*task.description)?;
    insert.raw_bind_parameter(15, task.subject.as_deref())?;
    insert.raw_bind_parameter(16, task.priority.as_str())?;
    insert.raw_bind_parameter(17, task.transaction.as_deref())?;
    insert.raw_bind_parameter(18, task.owner.as_deref())?;
    insert.raw_bind_parameter(19, nanoseconds(task.created))?;
    insert.raw_bind_parameter(20, (!task.status.has_ended()).then_some(&*active.job))?;
    insert.raw_bind_parameter(21, list(&active.lanes)?)?;
    insert.raw_bind_parameter(22, list(&active.files)?)?;
    insert.raw_execute()?;
    Ok(())
}

fn write_changed(update: &mut Statement<'_>, active: &ActiveTask) -> rusqlite::Result<()> {
    bind_changing(update, active)?;
    update.raw_bind_parameter(13, active.state.status().has_ended())?;
    update.raw_execute()?;
    Ok(())
}

/// What may change of a task, as the first twelve parameters.
fn bind_changing(statement: &mut Statement<'_>, active: &ActiveTask) -> rusqlite::Result<()> {
    let (record, task) = (&active.state.record, &active.state.record.task);
    let seal = active.state.seal.as_deref();
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

/// What a record is read from.
const RECORD: &str =
    "id, status, kind, description, subject, priority, transaction_id, owner, created, started, finished,
    attempt, interruptions, cancel_requested, download, error, result, is_sealed";

/// Reads every unfinished task, by id.
pub(super) fn read_unfinished(
    database: &Connection,
    mut each: impl FnMut(ActiveTask),
) -> rusqlite::Result<()> {
    let mut select = database.prepare(&format!(
        "SELECT {RECORD}, intent, job, lanes, files FROM task WHERE status IN ('WAITING', 'RUNNING') ORDER BY id"
    ))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        each(active_task(row)?);
    }
    Ok(())
}

fn active_task(row: &SqlRow<'_>) -> rusqlite::Result<ActiveTask> {
    let mut record = record(row)?;
    let seal = match row.get(17)? {
        false => None,
        true => Some(Arc::new(Seal {
            intent: row.get_ref(18)?.as_str_or_null()?.map(Into::into),
            report: record.task.result.take().unwrap_or_default(),
            download: record.download.take(),
        })),
    };
    let files: Vec<PathBuf> = parsed(row, 21)?.unwrap_or_default();
    Ok(ActiveTask {
        state: TaskState::restored(record, seal),
        job: row.get_ref(19)?.as_str_or_null()?.unwrap_or_default().into(),
        lanes: parsed(row, 20)?.unwrap_or_default(),
        files: files.into(),
        rank: 0,
        restored: true,
    })
}

/// Reads every ended task, by id, as far as filters ask, and when it ended.
pub(super) fn read_ended(
    database: &Connection,
    mut each: impl FnMut(TaskSummary<'_>, Timestamp),
) -> rusqlite::Result<()> {
    let mut select = database.prepare(
        "SELECT id, status, kind, subject, owner, created, ifnull(finished, created) FROM task
         WHERE status NOT IN ('WAITING', 'RUNNING') ORDER BY id",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let summary = TaskSummary {
            id: TaskId(row.get::<_, i64>(0)?.unsigned_abs()),
            status: name_of(row, 1)?,
            kind: row.get_ref(2)?.as_str()?,
            subject: row.get_ref(3)?.as_str_or_null()?,
            owner: row.get_ref(4)?.as_str_or_null()?,
            created: row.get(5)?,
        };
        each(summary, time(row, 6)?.unwrap_or_default());
    }
    Ok(())
}

/// The tasks of these ids, in the order asked; `None` for each that is gone.
pub(super) fn read_records(
    database: &Connection,
    ids: &[TaskId],
) -> rusqlite::Result<Vec<Option<Arc<Record>>>> {
    let mut select = database.prepare_cached(&format!("SELECT {RECORD} FROM task WHERE id = ?"))?;
    let mut read = |id: &TaskId| select.query_row([number(id.0)?], record).optional();
    ids.iter().map(|id| Ok(read(id)?.map(Arc::new))).collect()
}

/// The columns of [`RECORD`].
fn record(row: &SqlRow<'_>) -> rusqlite::Result<Record> {
    let text =
        |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?.map(Arc::from));
    let task = Task {
        id: TaskId(row.get::<_, i64>(0)?.unsigned_abs()),
        status: name_of(row, 1)?,
        kind: row.get_ref(2)?.as_str()?.into(),
        description: row.get_ref(3)?.as_str()?.into(),
        subject: text(4)?,
        priority: name_of(row, 5)?,
        transaction: text(6)?,
        owner: text(7)?,
        created: time(row, 8)?.unwrap_or_default(),
        started: time(row, 9)?,
        finished: time(row, 10)?,
        attempt: row.get(11)?,
        progress: None,
        error: parsed(row, 15)?,
        result: parsed(row, 16)?,
    };
    let (interruptions, cancel_requested) = (row.get(12)?, row.get(13)?);
    Ok(Record { task, interruptions, cancel_requested, download: parsed(row, 14)? })
}

pub(super) fn read_last_id(database: &Connection) -> rusqlite::Result<u64> {
    let state = database.query_row("SELECT last_id FROM state", [], |row| row.get::<_, i64>(0))?;
    // An id that is there is not given out again, whatever the state says.
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

/// What is stored of the answer to a request; the rest is the same for every new task.
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

/// Deletes the requests until this time; how many there were.
pub(super) fn expire_requests(database: &Transaction<'_>, until: Timestamp) -> rusqlite::Result<usize> {
    database.prepare_cached("DELETE FROM request WHERE created <= ?")?.execute([nanoseconds(until)])
}

/// A primary key has no NULL: `-` stands for no owner, and other owners have a prefix.
fn stored_owner(owner: &Option<Arc<str>>) -> String {
    owner.as_ref().map_or_else(|| "-".to_owned(), |owner| format!("={owner}"))
}

pub(super) fn number(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A list as JSON; NULL if it is empty.
fn list(items: &[impl Serialize]) -> rusqlite::Result<Option<String>> {
    (!items.is_empty()).then(|| json(items)).transpose()
}

pub(super) fn json(value: &(impl Serialize + ?Sized)) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn parsed<T: DeserializeOwned>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    let parsed = serde_json::from_str(text);
    parsed.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

pub(super) fn name_of<T: DeserializeOwned>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<T> {
    use serde::de::{IntoDeserializer, value::Error};
    let text = row.get_ref(column)?.as_str()?;
    let parsed = T::deserialize(IntoDeserializer::<Error>::into_deserializer(text));
    parsed.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

pub(super) fn time(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let time = row.get::<_, Option<i64>>(column)?.map(|time| Timestamp::from_nanosecond(time.into()));
    time.transpose()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into()))
}
