//! The members of a task's document, in their order.

use longhaul_tasks::{ErrorReport, Progress, Report, Status, Task};

use crate::writer::{LinkContext, Position, Writer, element};

/// What a document depends on beside its task.
#[derive(Clone, Copy)]
pub(crate) struct DocumentContext<'a> {
    /// What links begin with.
    pub(crate) base: &'a str,
    /// Whether it has members beyond those of GeoGig.
    pub(crate) verbose: bool,
    /// The name of a task's subject.
    pub(crate) subject: &'a str,
}

/// Writes a task.
pub(crate) fn task<W: Writer>(out: &mut W, context: DocumentContext<'_>, task: &Task) {
    let position = Position::Member("task");
    out.open(position, std::iter::empty());
    out.integer(Position::Member("id"), task.id.0);
    out.text(Position::Member("status"), task.status.as_str());
    if let Some(transaction) = &task.transaction {
        out.text(Position::Member("transactionId"), transaction);
    }
    out.text(Position::Member("description"), &task.description);
    link(out, context.base, task);
    outcome(out, context, task);
    if context.verbose {
        verbose(out, context.subject, task);
    }
    out.close(position);
}

/// Writes the task's times, owner, kind, subject and attempt.
fn verbose<W: Writer>(out: &mut W, subject: &str, task: &Task) {
    let times = [("created", Some(task.created)), ("started", task.started), ("finished", task.finished)];
    for (name, time) in times {
        if let Some(time) = time {
            out.text(Position::Member(name), &time.to_string());
        }
    }
    let texts = [("owner", &task.owner), ("kind", &Some(task.kind.clone())), (subject, &task.subject)];
    for (name, text) in texts {
        if let Some(text) = text {
            out.text(Position::Member(name), text);
        }
    }
    out.integer(Position::Member("attempt"), task.attempt);
}

/// Writes tasks as a list.
pub(crate) fn tasks<'a, W: Writer>(
    out: &mut W,
    context: DocumentContext<'_>,
    tasks: impl IntoIterator<Item = &'a Task>,
) {
    open_tasks(out);
    entries(out, context, tasks);
    close_tasks(out);
}

/// Begins a list of tasks.
pub(crate) fn open_tasks<W: Writer>(out: &mut W) {
    out.open_entries("tasks");
}

/// Writes tasks into the list that was begun.
pub(crate) fn entries<'a, W: Writer>(
    out: &mut W,
    context: DocumentContext<'_>,
    tasks: impl IntoIterator<Item = &'a Task>,
) {
    for one in tasks {
        out.open_entry();
        task(out, context, one);
        out.close_entry();
    }
}

/// Ends the list of tasks.
pub(crate) fn close_tasks<W: Writer>(out: &mut W) {
    out.close_entries("tasks");
}

fn link<W: Writer>(out: &mut W, base: &str, task: &Task) {
    let mut digits = itoa::Buffer::new();
    let path = ["/tasks/", digits.format(task.id.0)];
    out.link(Position::Member("href"), base, &path);
}

/// Writes the progress of a running task, or the result of an ended one.
fn outcome<W: Writer>(out: &mut W, context: DocumentContext<'_>, task: &Task) {
    match task.status {
        Status::Waiting => {}
        Status::Running => {
            if let Some(now) = task.progress.as_ref().filter(|now| !now.step.is_empty()) {
                progress(out, now, context.verbose);
            }
        }
        Status::Finished | Status::Cancelled => {
            let nothing = Report::new();
            result(out, context.base, task, task.result.as_deref().unwrap_or(&nothing));
        }
        Status::Failed => {
            // A failure may come with a report, such as the conflicts of a merge.
            if let Some(report) = &task.result {
                result(out, context.base, task, report);
            }
            if let Some(why) = &task.error {
                error(out, why);
            }
        }
    }
}

fn progress<W: Writer>(out: &mut W, progress: &Progress, verbose: bool) {
    let position = Position::Member("progress");
    out.open(position, std::iter::empty());
    out.text(Position::Member("task"), &progress.step);
    out.float(Position::Member("amount"), amount(progress));
    if verbose {
        out.integer(Position::Member("done"), progress.done);
        if let Some(total) = progress.total {
            out.integer(Position::Member("total"), total);
        }
        out.text(Position::Member("unit"), &progress.unit);
    }
    out.close(position);
}

fn amount(progress: &Progress) -> f64 {
    match &*progress.unit {
        "percent" => progress.done.min(100) as f64,
        _ => progress.done as f64,
    }
}

fn result<W: Writer>(out: &mut W, base: &str, task: &Task, report: &Report) {
    let context = LinkContext { base, task: Some(task.id) };
    element(out, context, Position::Member("result"), report);
}

fn error<W: Writer>(out: &mut W, error: &ErrorReport) {
    let position = Position::Member("error");
    out.open(position, std::iter::empty());
    out.text(Position::Member("message"), &error.message);
    out.long_text(Position::Member("stackTrace"), &chain(error));
    out.close(position);
}

/// The error and its causes, a line each.
fn chain(error: &ErrorReport) -> String {
    let mut lines = error.message.clone();
    for cause in &error.causes {
        lines.push_str("\ncaused by: ");
        lines.push_str(cause);
    }
    lines
}
