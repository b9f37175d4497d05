//! An ended task in few bytes: what its row does not say, as JSON.

use std::{io, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{row::Row, words::Words};
use crate::{
    ErrorReport, Priority, Report, Task, TaskId,
    store::{Download, Record, nanoseconds},
};

/// The members in the order in which they are written, as a list.
#[derive(Serialize, Deserialize)]
struct Packed<Text, Content, Error, File>(
    /// The description.
    Text,
    /// The transaction.
    Option<Text>,
    Priority,
    /// When it began and ended, in nanoseconds since 1970.
    Option<i64>,
    Option<i64>,
    /// Attempts and interruptions.
    u32,
    u32,
    /// Whether a cancel was asked for.
    bool,
    Option<File>,
    /// Whether what follows lies on the disk.
    bool,
    Option<Content>,
    Option<Error>,
);

type Written<'a> = Packed<&'a str, &'a Report, &'a ErrorReport, &'a Download>;
type Read = Packed<Arc<str>, Report, ErrorReport, Download>;

/// The task with all that it has to say.
pub(super) fn whole(record: &Record) -> Box<[u8]> {
    write(record, record.task.result.as_deref(), record.task.error.as_deref(), false)
}

/// The task without its result and error.
pub(super) fn lean(record: &Record) -> Box<[u8]> {
    write(record, None, None, true)
}

fn write(record: &Record, result: Option<&Report>, error: Option<&ErrorReport>, is_lean: bool) -> Box<[u8]> {
    let task = &record.task;
    let written: Written<'_> = Packed(
        &task.description,
        task.transaction.as_deref(),
        task.priority,
        task.started.map(nanoseconds),
        task.finished.map(nanoseconds),
        task.attempt,
        record.interruptions,
        record.cancel_requested,
        record.download.as_deref(),
        is_lean,
        result,
        error,
    );
    // Nothing in it has a form that JSON lacks.
    serde_json::to_vec(&written).unwrap_or_default().into()
}

/// The task, and whether its result and error lie on the disk.
pub(super) fn unpack(packed: &[u8], row: &Row, words: &Words) -> (Record, bool) {
    let read = serde_json::from_slice::<Read>(packed).unwrap_or_else(|_| unreadable());
    let Packed(
        description,
        transaction,
        priority,
        started,
        finished,
        attempt,
        interruptions,
        cancel_requested,
        download,
        is_lean,
        result,
        error,
    ) = read;
    let task = Task {
        id: TaskId(row.id),
        kind: words.word(row.kind).unwrap_or_default(),
        status: row.status,
        description,
        subject: words.word(row.subject),
        priority,
        transaction,
        owner: words.word(row.owner),
        attempt,
        created: time(row.created),
        started: started.map(time),
        finished: finished.map(time),
        progress: None,
        result: result.map(Arc::new),
        error: error.map(Arc::new),
    };
    let record = Record { task, interruptions, cancel_requested, download: download.map(Arc::new) };
    (record, is_lean)
}

/// Stands for a task whose report has a form that is written and cannot be read; the engine lets none through.
fn unreadable() -> Read {
    let error = ErrorReport::message("what the task had to say cannot be read");
    Packed("".into(), None, Priority::Normal, None, None, 0, 0, false, None, false, None, Some(error))
}

fn time(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default()
}

/// Whether the task's result and error are longer than this, in bytes of JSON.
pub(super) fn weighs_more(record: &Record, limit: usize) -> bool {
    let mut scale = Scale(limit);
    let result = record.task.result.as_deref().map(|result| serde_json::to_writer(&mut scale, result));
    let error = record.task.error.as_deref().map(|error| serde_json::to_writer(&mut scale, error));
    [result, error].into_iter().flatten().any(|written| written.is_err())
}

/// Takes only so many bytes.
struct Scale(usize);

impl io::Write for Scale {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("too long"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
