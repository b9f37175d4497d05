//! Ids, limits and idempotency keys.

use std::{path::PathBuf, sync::Arc, time::Duration};

use longhaul_tasks::{
    Filter, TaskId,
    store::{Command, CommandError, Idempotency, Limits, NewTask, Outcome, Store},
};

use crate::{
    samples::{cancel, finished, new_task, submit},
    store_under_test::StoreUnderTest,
};

pub(super) async fn ids_increase_and_are_never_used_again<S: Store>(store: &StoreUnderTest<S>) {
    let mut last = TaskId(0);
    for round in 0..10 {
        let id = store.submit(&[]).await;
        assert!(id > last, "ids increase");
        last = id;
        if round % 2 == 0 {
            store.cancel(id).await;
            assert_eq!(store.prune(id).await.result, Ok(()));
        }
    }
}

pub(super) async fn a_refused_submit_leaves_nothing<S: Store>(store: &StoreUnderTest<S>) {
    let limits = Limits { max_unfinished: 2, ..Limits::default() };
    let first = store.submit(&["a"]).await;
    store.submit(&[]).await;
    let refused = store.submit_within(new_task(&["b"]), limits).await;
    assert_eq!(refused.result, Err(CommandError::QueueFull));
    assert!(refused.record.is_none() && refused.files.is_empty());
    assert_eq!(store.all(&Filter::default()).await.len(), 2);

    store.cancel(first).await;
    let accepted = store.submit_within(new_task(&["b"]), limits).await;
    assert_eq!(accepted.result, Ok(()), "an ended task makes room");
    assert_eq!(store.claim_up_to(9, &[]).await.len(), 2, "the refused task occupies no lane");
}

pub(super) async fn an_owner_has_a_limit_of_its_own<S: Store>(store: &StoreUnderTest<S>) {
    let submit = async |owner: Option<&str>| {
        let limits = Limits { max_per_owner: 2, ..Limits::default() };
        store.submit_within(NewTask { owner: owner.map(Into::into), ..new_task(&[]) }, limits).await
    };
    let first = submit(Some("ann")).await.record.unwrap().task.id;
    assert_eq!(submit(Some("ann")).await.result, Ok(()));
    assert_eq!(submit(Some("ann")).await.result, Err(CommandError::OwnerLimit));
    assert_eq!(submit(Some("bob")).await.result, Ok(()));
    for _ in 0..3 {
        assert_eq!(submit(None).await.result, Ok(()), "tasks without an owner have no such limit");
    }
    store.cancel(first).await;
    assert_eq!(submit(Some("ann")).await.result, Ok(()));
}

pub(super) async fn large_jobs_are_limited_by_their_bytes_and_one_owner_by_half_of_them<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let limits = Limits { max_bytes: 10_000, ..Limits::default() };
    let job: Arc<str> = format!("{{\"text\":\"{}\"}}", "x".repeat(3000)).into();
    let submit = async |owner: Option<&str>| {
        let task = NewTask { owner: owner.map(Into::into), job: job.clone(), ..new_task(&[]) };
        store.submit_within(task, limits).await
    };
    let first = submit(Some("ann")).await.record.unwrap().task.id;
    assert_eq!(submit(Some("ann")).await.result, Err(CommandError::OwnerLimit), "more than half");
    assert_eq!(submit(Some("bob")).await.result, Ok(()));
    assert_eq!(submit(None).await.result, Ok(()));
    assert_eq!(submit(None).await.result, Err(CommandError::QueueFull));
    assert_eq!(store.submit_within(new_task(&[]), limits).await.result, Ok(()), "a small one has room");
    store.cancel(first).await;
    assert_eq!(submit(None).await.result, Ok(()), "an ended task makes room");
}

pub(super) async fn a_full_store_refuses_until_a_task_is_forgotten<S: Store>(store: &StoreUnderTest<S>) {
    let limits = Limits { max_tasks: 2, ..Limits::default() };
    let first = store.submit(&[]).await;
    store.cancel(first).await;
    store.submit(&[]).await;
    let refused = store.submit_within(new_task(&[]), limits).await;
    assert_eq!((refused.result, refused.record.is_none()), (Err(CommandError::StoreFull), true));
    assert!(store.get(first).await.is_some(), "nothing is forgotten before its time");
    store.prune(first).await;
    assert_eq!(store.submit_within(new_task(&[]), limits).await.result, Ok(()));
}

pub(super) async fn submits_of_one_batch_are_refused_from_the_limit_on<S: Store>(store: &StoreUnderTest<S>) {
    let ended = store.submit(&[]).await;
    store.cancel(ended).await;
    let three_submits = |owner: &str, limits: Limits| {
        let task = NewTask { owner: Some(owner.into()), ..new_task(&[]) };
        vec![Command::Submit { task, limits }; 3]
    };
    for (owner, limits, error) in [
        ("ann", Limits { max_unfinished: 2, ..Limits::default() }, CommandError::QueueFull),
        ("bob", Limits { max_per_owner: 2, ..Limits::default() }, CommandError::OwnerLimit),
        ("eve", Limits { max_tasks: 7, ..Limits::default() }, CommandError::StoreFull),
    ] {
        let before = store.all(&Filter::default()).await;
        let results = store.results(three_submits(owner, limits)).await;
        assert_eq!(results, [Ok(()), Ok(()), Err(error)]);
        let after = store.all(&Filter::default()).await;
        assert_eq!(after.len(), before.len() + 2);
    }
}

pub(super) async fn a_key_stands_for_one_task_for_a_day_whatever_becomes_of_it<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let hour = Duration::from_secs(3600);
    let submit = async |owner: &str, fingerprint: &str| {
        let task = NewTask { owner: Some(owner.into()), ..with_key("key", fingerprint) };
        store.apply(submit(task)).await
    };
    let first = submit("ann", "this").await;
    assert_eq!((first.result, first.files.len()), (Ok(()), 0));
    let answered = first.record.unwrap().task.clone();
    let id = answered.id;

    store.end(store.claim_one().await.key, finished()).await.unwrap();
    for is_pruned in [false, true] {
        if is_pruned {
            store.prune(id).await.result.unwrap();
        }
        store.clock.advance(hour);
        store.inner.sweep(Duration::MAX).await.unwrap();
        let again = submit("ann", "this").await;
        assert_eq!(again.result, Ok(()));
        assert_eq!(format!("{:?}", again.record.unwrap().task), format!("{answered:?}"), "the first answer");
        assert_eq!(again.files, [PathBuf::from("upload")], "the caller removes what was uploaded again");
        assert_eq!(submit("ann", "that").await.result, Err(CommandError::KeyReused));
    }
    let of_another = submit("bob", "that").await;
    assert!(of_another.result.is_ok() && of_another.record.unwrap().task.id > id, "a key is its owner's");
    assert_eq!(store.all(&Filter::default()).await.len(), 1);

    store.clock.advance(22 * hour);
    let next_day = submit("ann", "that").await;
    assert!(next_day.result.is_ok() && next_day.record.unwrap().task.id > id);
}

pub(super) async fn a_refused_submit_does_not_use_up_its_key<S: Store>(store: &StoreUnderTest<S>) {
    let task = || with_key("key", "this");
    let none = Limits { max_unfinished: 0, ..Limits::default() };
    assert_eq!(store.submit_within(task(), none).await.result, Err(CommandError::QueueFull));
    let accepted = store.apply(submit(task())).await;
    assert!(accepted.result.is_ok() && accepted.files.is_empty());
    let id = |outcome: &Outcome| outcome.record.as_ref().unwrap().task.id;
    let again = vec![Command::Submit { task: task(), limits: none }; 2];
    for outcome in store.apply_all(again).await {
        assert_eq!(id(&outcome), id(&accepted), "a repeated submit is no new task and meets no limit");
    }
    let mut twice = store.apply_all(vec![submit(with_key("other", "this")); 2]).await;
    assert_eq!(id(&twice[0]), id(&twice[1]), "in one batch, too");
    assert_eq!(twice.remove(1).files, [PathBuf::from("upload")]);
}

pub(super) async fn as_many_keys_are_kept_as_tasks_may_be<S: Store>(store: &StoreUnderTest<S>) {
    let limits = Limits { max_tasks: 2, ..Limits::default() };
    for key in ["1", "2"] {
        let id = store.submit_task(with_key(key, "this")).await;
        assert_eq!(store.results(vec![cancel(id), Command::Prune { id }]).await, [Ok(()), Ok(())]);
    }
    let refused = store.submit_within(with_key("3", "this"), limits).await;
    assert_eq!(refused.result, Err(CommandError::StoreFull));
    assert_eq!(store.submit_within(new_task(&[]), limits).await.result, Ok(()), "it needs no key");
    store.clock.advance(Idempotency::KEPT);
    store.inner.sweep(Duration::MAX).await.unwrap();
    assert_eq!(store.submit_within(with_key("3", "this"), limits).await.result, Ok(()));
}

fn with_key(key: &str, fingerprint: &str) -> NewTask {
    let idempotency = Some(Idempotency { key: key.into(), fingerprint: fingerprint.into() });
    NewTask { idempotency, ..new_task(&[]) }
}
