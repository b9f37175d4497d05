//! The task document: what it says, in which order.

use longhaul_tasks::{ErrorReport, Progress, Report, Status, Task};

use crate::writer::{Place, Surroundings, Writer, element};

/// What a document depends on beside its task.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// What links begin with.
    pub(crate) base: &'a str,
    /// Whether it says more than GeoGig's clients know.
    pub(crate) verbose: bool,
    /// What the app calls a task's subject.
    pub(crate) subject: &'a str,
}

/// Writes a task.
pub(crate) fn task<W: Writer>(out: &mut W, around: Around<'_>, task: &Task) {
    let place = Place::Member("task");
    out.open(place, std::iter::empty());
    out.integer(Place::Member("id"), task.id.0);
    out.text(Place::Member("status"), task.status.as_str());
    if let Some(transaction) = &task.transaction {
        out.text(Place::Member("transactionId"), transaction);
    }
    out.text(Place::Member("description"), &task.description);
    link(out, around.base, task);
    outcome(out, around, task);
    if around.verbose {
        life(out, around.subject, task);
    }
    out.close(place);
}

/// Writes when things happened to a task, whose it is, and what else an operator may want to know.
fn life<W: Writer>(out: &mut W, subject: &str, task: &Task) {
    let times = [("created", Some(task.created)), ("started", task.started), ("finished", task.finished)];
    for (name, time) in times {
        if let Some(time) = time {
            out.text(Place::Member(name), &time.to_string());
        }
    }
    let texts = [("owner", &task.owner), ("kind", &Some(task.kind.clone())), (subject, &task.subject)];
    for (name, text) in texts {
        if let Some(text) = text {
            out.text(Place::Member(name), text);
        }
    }
    out.integer(Place::Member("attempt"), task.attempt);
}

/// Writes tasks as a list.
pub(crate) fn tasks<'a, W: Writer>(
    out: &mut W,
    around: Around<'_>,
    tasks: impl IntoIterator<Item = &'a Task>,
) {
    open_tasks(out);
    entries(out, around, tasks);
    close_tasks(out);
}

/// Begins a list of tasks.
pub(crate) fn open_tasks<W: Writer>(out: &mut W) {
    out.open_entries("tasks");
}

/// Writes tasks into the list that was begun.
pub(crate) fn entries<'a, W: Writer>(
    out: &mut W,
    around: Around<'_>,
    tasks: impl IntoIterator<Item = &'a Task>,
) {
    for one in tasks {
        out.open_entry();
        task(out, around, one);
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
    out.link(Place::Member("href"), base, &path);
}

/// Writes what there is to say about how far the task is, or how it ended.
fn outcome<W: Writer>(out: &mut W, around: Around<'_>, task: &Task) {
    match task.status {
        Status::Waiting => {}
        Status::Running => {
            if let Some(now) = task.progress.as_ref().filter(|now| !now.step.is_empty()) {
                progress(out, now, around.verbose);
            }
        }
        Status::Finished | Status::Cancelled => {
            let nothing = Report::new();
            result(out, around.base, task, task.result.as_deref().unwrap_or(&nothing));
        }
        Status::Failed => {
            // A failure may come with a report, such as the conflicts of a merge.
            if let Some(report) = &task.result {
                result(out, around.base, task, report);
            }
            if let Some(why) = &task.error {
                error(out, why);
            }
        }
    }
}

fn progress<W: Writer>(out: &mut W, progress: &Progress, verbose: bool) {
    let place = Place::Member("progress");
    out.open(place, std::iter::empty());
    out.text(Place::Member("task"), &progress.step);
    out.float(Place::Member("amount"), amount(progress));
    if verbose {
        out.integer(Place::Member("done"), progress.done);
        if let Some(total) = progress.total {
            out.integer(Place::Member("total"), total);
        }
        out.text(Place::Member("unit"), progress.unit);
    }
    out.close(place);
}

fn amount(progress: &Progress) -> f64 {
    match progress.unit {
        "percent" => progress.done.min(100) as f64,
        _ => progress.done as f64,
    }
}

fn result<W: Writer>(out: &mut W, base: &str, task: &Task, report: &Report) {
    let around = Surroundings { base, task: Some(task.id) };
    element(out, around, Place::Member("result"), report);
}

fn error<W: Writer>(out: &mut W, error: &ErrorReport) {
    let place = Place::Member("error");
    out.open(place, std::iter::empty());
    out.text(Place::Member("message"), &error.message);
    out.long_text(Place::Member("stackTrace"), &chain(error));
    out.close(place);
}

/// The error and what lies beneath it, a line each, down to the root.
fn chain(error: &ErrorReport) -> String {
    let mut lines = error.message.clone();
    for cause in &error.causes {
        lines.push_str("\ncaused by: ");
        lines.push_str(cause);
    }
    lines
}
