//! The history of ended tasks: a row for each, which stays when the task is forgotten.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Row as SqlRow, Transaction, params_from_iter, types::Value};

use super::rows;
use crate::{
    Filter, Page, Status, Task, TaskId,
    store::{machine::Row, nanoseconds},
};

/// The longest error, and the longest cause, that is kept, in characters.
const MAX_ERROR: usize = 1000;
/// How many rows are removed at a time.
const EXPIRED_AT_ONCE: usize = 2000;
/// The pause between two looks for rows that are too old, or too many.
const INTERVAL: Duration = Duration::from_secs(600);

/// What is remembered of ended tasks.
pub struct HistoryOptions {
    keep: Duration,
    max: usize,
    details: Box<Details>,
}

/// What the application adds to a row: names and values, of the ended task and its job, as JSON.
type Details = dyn Fn(&Task, &str) -> Vec<(String, String)> + Send + Sync;

impl HistoryOptions {
    /// Remembers ended tasks for so long after their ends, and none of before the last `max` ids.
    pub fn new(keep: Duration, max: usize) -> Self {
        Self { keep, max, details: Box::new(|_, _| Vec::new()) }
    }

    /// Adds names and values to what is remembered: `details` gets the ended task and its job, as JSON. It must not block.
    pub fn details(
        mut self,
        details: impl Fn(&Task, &str) -> Vec<(String, String)> + Send + Sync + 'static,
    ) -> Self {
        self.details = Box::new(details);
        self
    }
}

/// What is remembered of a task that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedTask {
    /// Its number.
    pub id: TaskId,
    /// How it ended.
    pub status: Status,
    /// The job's kind.
    pub kind: String,
    /// What was asked for, in words.
    pub description: String,
    /// What it worked on.
    pub subject: Option<String>,
    /// Who submitted it.
    pub owner: Option<String>,
    /// How often it was started.
    pub attempt: u32,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it was last started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Timestamp,
    /// Why it failed.
    pub error: Option<String>,
    /// The first cause of that.
    pub cause: Option<String>,
    /// What the application has added.
    pub details: Vec<(String, String)>,
}

/// The writer's part of the history.
pub(super) struct HistoryWriter {
    options: HistoryOptions,
    /// When old rows were last removed.
    expired: Option<Timestamp>,
}

impl HistoryWriter {
    pub(super) fn new(options: HistoryOptions) -> Self {
        Self { options, expired: None }
    }

    /// Adds the tasks that end with these rows.
    pub(super) fn write(&self, database: &Transaction<'_>, rows: &[Row]) -> rusqlite::Result<()> {
        for row in rows {
            let (Row::New(active) | Row::Changed(active)) = row else { continue };
            let task = &active.state.record.task;
            let Some(finished) = task.finished.filter(|_| task.status.has_ended()) else { continue };
            let details = (self.options.details)(task, &active.job);
            let error = task.error.as_deref();
            // The first end counts; a row may be written again when its lanes are freed.
            database
                .prepare_cached(
                    "INSERT OR IGNORE INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute((
                    rows::number(task.id.0)?,
                    task.status.as_str(),
                    &*task.kind,
                    &*task.description,
                    task.subject.as_deref(),
                    task.owner.as_deref(),
                    task.attempt,
                    nanoseconds(task.created),
                    task.started.map(nanoseconds),
                    nanoseconds(finished),
                    error.map(|error| cut(&error.message)),
                    error.and_then(|error| error.causes.first()).map(|cause| cut(cause)),
                    rows::json(&details)?,
                ))?;
        }
        Ok(())
    }

    /// Whether it is time to remove rows.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.expired.is_none_or(|last| now.duration_since(last).unsigned_abs() >= INTERVAL)
    }

    /// Removes rows that are too old, or too many: some of them, if there are very many.
    pub(super) fn expire(&mut self, database: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
        let oldest = now.checked_sub(self.options.keep).unwrap_or(Timestamp::MIN);
        let (max, at_once) = (self.options.max as u64, EXPIRED_AT_ONCE as u64);
        let (max, at_once) = (rows::number(max)?, rows::number(at_once)?);
        let too_old = "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE finished < ? ORDER BY finished LIMIT ?)";
        // By id, because counting the rows would take long. Some ids are of tasks that have not ended.
        let too_many = "DELETE FROM history WHERE id IN
            (SELECT id FROM history WHERE id <= (SELECT max(id) FROM history) - ? ORDER BY id LIMIT ?)";
        let removed = database.execute(too_old, (nanoseconds(oldest), at_once))?
            + database.execute(too_many, (max, at_once))?;
        if removed < EXPIRED_AT_ONCE {
            self.expired = Some(now);
        }
        Ok(())
    }
}

/// A page of the ended tasks that pass the filter, oldest first, without those of some kinds.
pub(super) fn read(
    database: &Connection,
    filter: &Filter,
    without_kinds: &[&str],
) -> rusqlite::Result<Vec<EndedTask>> {
    let (mut conditions, mut values) = (vec!["1".to_owned()], Vec::new());
    let mut add = |condition: &str, value: Value| {
        conditions.push(condition.to_owned());
        values.push(value);
    };
    let texts = [("kind = ?", &filter.kind), ("subject = ?", &filter.subject), ("owner = ?", &filter.owner)];
    for (condition, value) in texts {
        if let Some(value) = value {
            add(condition, value.clone().into());
        }
    }
    for kind in without_kinds {
        add("kind <> ?", (*kind).to_owned().into());
    }
    for (condition, time) in [("created >= ?", filter.since), ("created < ?", filter.before)] {
        if let Some(time) = time {
            add(condition, nanoseconds(time).into());
        }
    }
    if let Some(after) = filter.after {
        add("id > ?", rows::number(after.0).unwrap_or(i64::MAX).into());
    }
    let lists = [
        ("status", (!filter.status.is_empty()).then(|| words(&filter.status))),
        ("subject", filter.within.clone()),
    ];
    for (column, list) in lists.into_iter().filter_map(|(column, list)| Some((column, list?))) {
        conditions.push(format!("{column} IN ({})", vec!["?"; list.len()].join(", ")));
        values.extend(list.into_iter().map(Value::from));
    }
    let limit = filter.limit.unwrap_or(Page::MAX);
    let sql = format!("SELECT * FROM history WHERE {} ORDER BY id LIMIT {limit}", conditions.join(" AND "));
    let mut select = database.prepare(&sql)?;
    let tasks = select.query_map(params_from_iter(values), ended_task)?;
    tasks.collect()
}

fn words(statuses: &[Status]) -> Vec<String> {
    statuses.iter().map(|status| status.as_str().to_owned()).collect()
}

fn ended_task(row: &SqlRow<'_>) -> rusqlite::Result<EndedTask> {
    Ok(EndedTask {
        id: TaskId(row.get::<_, i64>(0)?.unsigned_abs()),
        status: rows::name_of(row, 1)?,
        kind: row.get(2)?,
        description: row.get(3)?,
        subject: row.get(4)?,
        owner: row.get(5)?,
        attempt: row.get(6)?,
        created: rows::time(row, 7)?.unwrap_or_default(),
        started: rows::time(row, 8)?,
        finished: rows::time(row, 9)?.unwrap_or_default(),
        error: row.get(10)?,
        cause: row.get(11)?,
        details: rows::parsed(row, 12)?.unwrap_or_default(),
    })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_ERROR) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
