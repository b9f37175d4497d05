//! What must hold of the tasks of a store after every step.

use std::sync::Arc;

use longhaul_tasks::{
    Status, TaskId,
    store::{Orphan, Record},
};

use crate::state::{Effect, ModelState, ModelTask, Step, Worker};

/// Compares what is seen of the tasks with the model, which learns their statuses.
pub fn check(state: &mut ModelState, path: &[Step], ids: &[TaskId], seen: &[Arc<Record>]) {
    assert!(seen.is_sorted_by_key(|record| record.task.id), "{path:?}");
    let mut found = 0;
    for (number, (task, id)) in state.tasks.iter_mut().zip(ids).enumerate() {
        let record = seen.iter().find(|record| record.task.id == *id);
        found += usize::from(record.is_some());
        let now = record.map(|record| record.task.status.as_str());
        let before = std::mem::replace(&mut task.status, now);
        let last = path.last().unwrap();
        assert!(
            is_arrow(before, now, last, number),
            "{path:?}: task {number} went from {before:?} to {now:?}"
        );
        check_effect(task, path);
        if let Some(record) = record {
            check_record(task, record, path);
        }
    }
    assert_eq!(found, seen.len(), "{path:?}: there are only tasks that were submitted");
}

/// What a status says of the effect.
fn check_effect(task: &ModelTask, path: &[Step]) {
    assert_eq!(task.worker != Worker::None, task.status == Some("RUNNING"), "{path:?}: {task:?} runs");
    let is_published = task.effect == Effect::Published;
    match task.status {
        Some("FINISHED") => assert!(is_published, "{path:?}: FINISHED says that all was published"),
        Some("CANCELLED" | "FAILED" | "WAITING") => {
            assert!(!is_published, "{path:?}: {task:?} says that nothing was published");
        }
        _ => {}
    }
}

fn check_record(model: &ModelTask, record: &Record, path: &[Step]) {
    // A release is no interruption.
    assert_eq!(record.interruptions, model.interruptions, "{path:?}: {record:?}");
    assert_eq!(record.cancel_requested, model.is_cancelled, "{path:?}: {record:?}");
    let task = &record.task;
    assert_eq!(task.result.is_some(), task.status == Status::Finished, "{path:?}: {task:?}");
    assert_eq!(task.error.is_some(), task.status == Status::Failed, "{path:?}: {task:?}");
    assert_eq!(task.finished.is_some(), task.status.has_ended(), "{path:?}: {task:?}");
    let times = [Some(task.created), task.started, task.finished];
    assert!(times.iter().flatten().is_sorted(), "{path:?}: {task:?}");
}

/// Exactly the tasks that were running are recovered, with everything that was stored of them.
pub fn check_orphan(task: &ModelTask, orphan: Option<&Orphan>, path: &[Step]) {
    assert_eq!(orphan.is_some(), task.worker != Worker::None, "{path:?}: {task:?} is recovered");
    let Some(orphan) = orphan else { return };
    assert_eq!(orphan.interruptions, task.interruptions, "{path:?}");
    assert_eq!(orphan.seal.is_some(), task.is_sealed(), "{path:?}: a seal outlives a crash");
    assert_eq!(orphan.cancel_requested, task.is_cancelled, "{path:?}: a cancel outlives a crash");
}

/// Whether a task may go from one status to another by this step; `None` is a task that was pruned.
fn is_arrow(from: Option<&str>, to: Option<&str>, step: &Step, number: usize) -> bool {
    if from == to {
        return true;
    }
    match (from, to) {
        (Some("WAITING"), Some("RUNNING")) => matches!(step, Step::Claim),
        (Some("WAITING"), Some("CANCELLED")) => matches!(step, Step::Cancel(of) if *of == number),
        (Some("RUNNING"), Some("WAITING")) => {
            matches!(step, Step::Release(of) | Step::Recover(of) if *of == number)
        }
        (Some("RUNNING"), Some("FINISHED")) => {
            matches!(step, Step::Finish(of) | Step::Fail(of) | Step::Recover(of) if *of == number)
        }
        (Some("RUNNING"), Some("FAILED")) => {
            matches!(step, Step::Fail(of) | Step::TimeOut(of) | Step::Recover(of) if *of == number)
        }
        (Some("RUNNING"), Some("CANCELLED")) => {
            matches!(step, Step::Stop(of) | Step::Recover(of) if *of == number)
        }
        (Some(_), None) => matches!(step, Step::Prune(of) if *of == number),
        _ => false,
    }
}
