//! Tasks, reports and commands that the checks use.

use std::{path::PathBuf, sync::Arc};

use longhaul_tasks::{
    ErrorReport, Lane, Priority, Report, TaskId,
    store::{Command, Download, End, Limits, NewTask, Seal, TaskCommand},
};

pub(crate) fn new_task(lanes: &[&str]) -> NewTask {
    NewTask {
        kind: "check".into(),
        job: r#"{"what":"this"}"#.into(),
        description: "Check the store.".into(),
        lanes: lanes.iter().map(|lane| Lane::new(*lane)).collect(),
        subject: Some("roads".into()),
        priority: Priority::Normal,
        owner: Some("somebody".into()),
        transaction: None,
        files: vec![PathBuf::from("upload")],
        idempotency: None,
    }
}

pub(crate) fn new_task_of_kind(kind: &str, lanes: &[&str]) -> NewTask {
    NewTask { kind: kind.into(), ..new_task(lanes) }
}

pub(crate) fn submit(task: NewTask) -> Command {
    Command::Submit { task, limits: Limits::default() }
}

pub(crate) fn cancel(id: TaskId) -> Command {
    Command::Change { id, command: TaskCommand::Cancel }
}

pub(crate) fn seal() -> Seal {
    let download = Download { name: "a.gpkg".into(), media_type: "a/b".into() };
    Seal { intent: Some("7".into()), report: report("sealed"), download: Some(Arc::new(download)) }
}

pub(crate) fn report(what: &str) -> Arc<Report> {
    Arc::new(Report::new().text("report", what))
}

pub(crate) fn finished() -> End {
    End::Finished(report("returned"))
}

pub(crate) fn failed() -> End {
    End::Failed(Arc::new(ErrorReport::message("no")), None)
}
