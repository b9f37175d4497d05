//! Tasks in every state, made by hand.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::Arc;

use jiff::Timestamp;
use longhaul_tasks::{ErrorReport, Priority, Progress, Report, Status, Task, TaskId};
use longhaul_tasks_web::{Base, Format, PublicAddress, Renderer};

/// A renderer whose links begin with GeoGig's usual address.
pub fn renderer(format: Format) -> Renderer {
    Renderer { format, base: base(), ..Renderer::default() }
}

pub fn base() -> Base {
    PublicAddress::fixed("http://localhost:8182/").base(
        &Default::default(),
        &Default::default(),
        &Default::default(),
    )
}

pub fn task(id: u64, status: Status) -> Task {
    Task {
        id: TaskId(id),
        kind: "import-geopackage".into(),
        status,
        description: "Importing GeoPackage database file.".into(),
        subject: None,
        priority: Priority::Normal,
        transaction: None,
        owner: None,
        attempt: 0,
        created: Timestamp::UNIX_EPOCH,
        started: None,
        finished: None,
        progress: None,
        result: None,
        error: None,
    }
}

pub fn progress(step: &str, done: u64, total: Option<u64>, unit: &'static str) -> Progress {
    Progress { step: step.into(), done, total, unit: unit.into() }
}

pub fn failed(id: u64, message: &str, causes: &[&str]) -> Task {
    let causes = causes.iter().map(|cause| (*cause).to_owned()).collect();
    let error = Some(Arc::new(ErrorReport { message: message.to_owned(), causes }));
    Task { error, ..task(id, Status::Failed) }
}

pub fn finished(id: u64, report: Report) -> Task {
    Task { result: Some(Arc::new(report)), ..task(id, Status::Finished) }
}

/// The task's document, after the prolog and without it in JSON, where there is none.
pub fn rendered(format: Format, task: &Task) -> String {
    String::from_utf8(renderer(format).task(task)).expect("UTF-8")
}
