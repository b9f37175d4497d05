//! The states of one task, and what each command makes of them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use longhaul_tasks::{
    ErrorReport, Status, TaskId,
    clock::Clock as _,
    store::{CommandError, End, Notice, Store},
};

use crate::{
    reading::RecordingListener,
    samples::{failed, finished, report},
    store_under_test::StoreUnderTest,
};

pub(super) async fn a_task_goes_from_waiting_to_running_to_finished<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let created = store.clock.now();
    store.clock.advance(Duration::from_secs(1));
    let claimed = store.claim_one().await;
    assert_eq!((claimed.key.id, &*claimed.kind, &*claimed.job), (id, "check", r#"{"what":"this"}"#));
    assert_eq!((claimed.attempt, claimed.files), (1, vec![PathBuf::from("upload")]));
    let running = store.record(id).await;
    assert_eq!((running.task.status, running.task.attempt), (Status::Running, 1));
    assert_eq!(running.task.started, Some(store.clock.now()));

    store.clock.advance(Duration::from_secs(1));
    assert_eq!(store.end(claimed.key, finished()).await, Ok(()));
    let ended = &store.record(id).await.task;
    assert_eq!(ended.status, Status::Finished);
    assert_eq!(ended.result, Some(report("returned")));
    assert_eq!((ended.created, ended.finished), (created, Some(store.clock.now())));
    assert!(ended.error.is_none());
}

pub(super) async fn a_sealed_report_is_the_result<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    assert_eq!(store.seal(key).await, Ok(()));
    let sealed = store.record(id).await;
    assert_eq!(sealed.task.status, Status::Running);
    assert!(sealed.task.result.is_none() && sealed.download.is_none(), "nothing is offered before the end");
    assert_eq!(store.seal(key).await, Err(CommandError::Sealed), "there is one commit point");

    assert_eq!(store.end(key, finished()).await, Ok(()));
    let ended = store.record(id).await;
    assert_eq!(ended.task.result, Some(report("sealed")));
    assert_eq!(ended.download.as_ref().map(|download| &*download.name), Some("a.gpkg"));
}

pub(super) async fn a_failed_task_keeps_its_error_and_its_report<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    let error = Arc::new(ErrorReport { message: "outer".into(), causes: vec!["inner".into()] });
    assert_eq!(store.end(key, End::Failed(error.clone(), Some(report("conflicts")))).await, Ok(()));
    let ended = &store.record(id).await.task;
    assert_eq!(ended.status, Status::Failed);
    assert_eq!((ended.error.clone(), ended.result.clone()), (Some(error), Some(report("conflicts"))));
}

pub(super) async fn a_sealed_task_fails_if_it_cannot_be_published<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    assert_eq!(store.seal(key).await, Ok(()));
    assert_eq!(store.end(key, failed()).await, Ok(()));
    let ended = store.record(id).await;
    assert_eq!(ended.task.status, Status::Failed);
    assert!(ended.task.error.is_some());
    assert!(ended.task.result.is_none() && ended.download.is_none(), "it offers nothing of what was sealed");
}

pub(super) async fn a_waiting_task_is_cancelled_at_once<S: Store>(store: &StoreUnderTest<S>) {
    let other = store.submit(&["a"]).await;
    let id = store.submit(&["a"]).await;
    let before = store.record(other).await;
    let outcome = store.cancel(id).await;
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.files, [PathBuf::from("upload")], "the caller removes its files");
    let cancelled = outcome.record.unwrap();
    assert_eq!(cancelled.task.status, Status::Cancelled);
    assert_eq!((cancelled.task.started, cancelled.task.finished), (None, Some(store.clock.now())));
    assert_eq!(store.claim_one().await.key.id, other);
    assert!(store.claim().await.is_none(), "a cancelled task does not run");
    assert_eq!((before.task.status, before.cancel_requested), (Status::Waiting, false));
}

pub(super) async fn a_running_task_is_asked_to_stop_once<S: Store>(store: &StoreUnderTest<S>) {
    let listener = Arc::new(RecordingListener::default());
    store.inner.subscribe(listener.clone());
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    for _ in 0..3 {
        let outcome = store.cancel(id).await;
        assert_eq!((outcome.result, outcome.files.len()), (Ok(()), 0));
        let record = outcome.record.unwrap();
        assert_eq!((record.task.status, record.cancel_requested), (Status::Running, true));
    }
    assert_eq!(listener.count(Notice::CancelRequested(id)), 1);
    assert_eq!(store.end(key, End::Cancelled).await, Ok(()));
    assert_eq!(store.record(id).await.task.status, Status::Cancelled);
}

pub(super) async fn a_cancel_before_the_seal_wins<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    store.cancel(id).await;
    assert_eq!(store.seal(key).await, Err(CommandError::CancelRequested));
    assert_eq!(store.end(key, finished()).await, Err(CommandError::CancelRequested));
    assert_eq!(store.end(key, End::Cancelled).await, Ok(()));
}

pub(super) async fn a_cancel_after_the_seal_is_not_recorded<S: Store>(store: &StoreUnderTest<S>) {
    let listener = Arc::new(RecordingListener::default());
    store.inner.subscribe(listener.clone());
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    assert_eq!(store.seal(key).await, Ok(()));
    let outcome = store.cancel(id).await;
    assert_eq!((outcome.result, outcome.files.len()), (Ok(()), 0));
    for record in [outcome.record.unwrap(), store.record(id).await] {
        assert_eq!((record.task.status, record.cancel_requested), (Status::Running, false));
    }
    assert_eq!(listener.count(Notice::CancelRequested(id)), 0);
    assert_eq!(store.heartbeat(&[key]).await, []);
    assert_eq!(store.end(key, finished()).await, Ok(()));
    let ended = store.record(id).await;
    assert_eq!((ended.task.status, ended.cancel_requested), (Status::Finished, false));
}

pub(super) async fn a_sealed_task_is_neither_released_nor_cancelled<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    assert_eq!(store.seal(key).await, Ok(()));
    for interrupted in [false, true] {
        assert_eq!(store.release(key, interrupted).await, Err(CommandError::Sealed));
    }
    assert_eq!(store.end(key, End::Cancelled).await, Err(CommandError::Sealed));
    let running = store.record(id).await;
    assert_eq!((running.task.status, running.interruptions), (Status::Running, 0));
    assert_eq!(store.end(key, finished()).await, Ok(()));
}

pub(super) async fn only_a_task_that_was_asked_to_stop_ends_cancelled<S: Store>(store: &StoreUnderTest<S>) {
    store.submit(&[]).await;
    let key = store.claim_one().await.key;
    assert_eq!(store.end(key, End::Cancelled).await, Err(CommandError::NotCancelled));
    let unknown = store.cancel(TaskId(999)).await;
    assert_eq!((unknown.result, unknown.record.is_none()), (Err(CommandError::Unknown), true));
}

pub(super) async fn an_ended_task_does_not_change_any_more<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    store.end(key, finished()).await.unwrap();
    let ended = format!("{:?}", store.record(id).await);
    store.clock.advance(Duration::from_secs(1));
    let outcome = store.cancel(id).await;
    assert_eq!((outcome.result, outcome.files.len()), (Ok(()), 0));
    store.assert_is_over(key).await;
    assert_eq!(format!("{:?}", store.record(id).await), ended);
}

pub(super) async fn a_released_task_waits_again<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&["a"]).await;
    let first = store.claim_one().await;
    assert_eq!(store.release(first.key, false).await, Ok(()));
    let waiting = store.record(id).await;
    assert_eq!((waiting.task.status, waiting.task.started), (Status::Waiting, None));
    let second = store.claim_one().await;
    assert_eq!((second.key.id, second.attempt, &second.job), (id, 2, &first.job));
    assert_eq!(second.files, first.files, "its files are still there");
    assert_eq!(store.end(second.key, finished()).await, Ok(()));
}

pub(super) async fn an_interruption_is_counted<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    for (interrupted, interruptions) in [(true, 1), (false, 1), (true, 2)] {
        let key = store.claim_one().await.key;
        assert_eq!(store.release(key, interrupted).await, Ok(()));
        assert_eq!(store.record(id).await.interruptions, interruptions);
    }
    assert_eq!(store.record(id).await.task.attempt, 3);
}

pub(super) async fn a_task_that_was_asked_to_stop_is_not_released<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    store.cancel(id).await;
    assert_eq!(store.release(key, false).await, Err(CommandError::CancelRequested));
    assert_eq!(store.release(key, true).await, Ok(()), "its worker died");
    let cancelled = &store.record(id).await.task;
    assert_eq!((cancelled.status, cancelled.finished), (Status::Cancelled, Some(store.clock.now())));
    assert!(store.claim().await.is_none(), "it does not run again");
}
