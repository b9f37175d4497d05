//! Batches of several commands.

use longhaul_tasks::{
    Filter, Status, TaskId,
    store::{
        Command,
        CommandError::{CancelRequested, QueueFull, Sealed, Superseded, Unfinished, Unknown},
        End, Limits, Store,
    },
};

use crate::{
    samples::{cancel, failed, finished, new_task, report, seal, submit},
    store_under_test::StoreUnderTest,
};

pub(super) async fn a_batch_is_carried_out_in_order<S: Store>(store: &StoreUnderTest<S>) {
    let waiting = store.submit(&[]).await;
    let key = store.claim_one().await.key;
    assert_eq!(key.id, waiting);
    let other = store.submit(&[]).await;
    let outcomes = store
        .apply_all(vec![
            submit(new_task(&[])),
            cancel(key.id),
            key.seal(seal()),
            Command::Prune { id: other },
            cancel(other),
            key.release(false),
            submit(new_task(&[])),
            key.end(End::Cancelled),
            key.end(finished()),
            Command::Prune { id: other },
            cancel(other),
            Command::Prune { id: key.id },
            submit(new_task(&[])),
        ])
        .await;
    let expected = [
        Ok(()),
        Ok(()),
        Err(CancelRequested),
        Err(Unfinished),
        Ok(()),
        Err(CancelRequested),
        Ok(()),
        Ok(()),
        Err(Superseded),
        Ok(()),
        Err(Unknown),
        Ok(()),
        Ok(()),
    ];
    assert!(outcomes.iter().map(|outcome| outcome.result).eq(expected), "{outcomes:?}");
    let status = |index: usize| outcomes[index].record.as_ref().map(|record| record.task.status);
    assert_eq!(
        [status(1), status(3), status(4)].map(Option::unwrap),
        [Status::Running, Status::Waiting, Status::Cancelled]
    );
    assert_eq!((status(10), status(11)), (None, Some(Status::Cancelled)), "a pruned task as it last was");
    let submitted: Vec<TaskId> =
        [0, 6, 12].map(|index| outcomes[index].record.as_ref().unwrap().task.id).into();
    assert!(submitted.is_sorted() && submitted[0] > other, "ids increase");
    let left: Vec<_> = store.all(&Filter::default()).await.iter().map(|record| record.task.id).collect();
    assert_eq!(left, submitted);
    let claimed = store.claim_up_to(9, &[]).await;
    assert!(claimed.iter().map(|claimed| claimed.key.id).eq(submitted));
}

pub(super) async fn a_submit_sees_what_the_batch_has_freed<S: Store>(store: &StoreUnderTest<S>) {
    let limits = Limits { max_unfinished: 1, ..Limits::default() };
    let first = store.submit(&["a"]).await;
    let within = || Command::Submit { task: new_task(&["a"]), limits };
    let results = store.results(vec![within(), cancel(first), within(), within()]).await;
    assert_eq!(results, [Err(QueueFull), Ok(()), Ok(()), Err(QueueFull)]);
    let claimed = store.claim_one().await;
    assert!(claimed.key.id > first, "the lane of the cancelled task is free");
}

pub(super) async fn an_existing_task_is_cancelled_and_pruned_in_one_batch<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let id = store.submit(&["a"]).await;
    let next = store.submit(&["a"]).await;
    let prune = || Command::Prune { id };
    let results = store.results(vec![prune(), cancel(id), cancel(id), prune(), prune(), cancel(id)]).await;
    assert_eq!(results, [Err(Unfinished), Ok(()), Ok(()), Ok(()), Err(Unknown), Err(Unknown)]);
    assert!(store.get(id).await.is_none());
    let claimed = store.claim_up_to(9, &[]).await;
    assert!(
        claimed.iter().map(|claimed| claimed.key.id).eq([next]),
        "it does not run, and holds up no other"
    );
}

pub(super) async fn a_task_ends_and_is_pruned_in_one_batch<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&["a"]).await;
    let next = store.submit(&["a"]).await;
    let key = store.claim_one().await.key;
    let commands = vec![
        key.seal(seal()),
        cancel(id),
        key.seal(seal()),
        key.end(finished()),
        key.release(true),
        Command::Prune { id },
        key.end(failed()),
    ];
    let outcomes = store.apply_all(commands).await;
    let results = [Ok(()), Ok(()), Err(Sealed), Ok(()), Err(Superseded), Ok(()), Err(Superseded)];
    assert!(outcomes.iter().map(|outcome| outcome.result).eq(results), "{outcomes:?}");
    let pruned = &outcomes[5].record.as_ref().unwrap().task;
    assert_eq!((pruned.status, pruned.result.as_ref()), (Status::Finished, Some(&report("sealed"))));
    assert!(store.get(id).await.is_none());
    assert_eq!(store.claim_one().await.key.id, next);
}

pub(super) async fn lanes_are_freed_by_a_batch_as_a_whole<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for lane in ["a", "a", "b", "b", "c"] {
        ids.push(store.submit(&[lane]).await);
    }
    let keys: Vec<_> = store.claim_up_to(3, &[]).await.iter().map(|claimed| claimed.key).collect();
    let commands = vec![
        Command::FreeLanes { id: keys[0].id },
        keys[0].end_and_keep_lanes(failed()),
        keys[1].end_and_keep_lanes(failed()),
        Command::FreeLanes { id: keys[0].id },
        Command::Prune { id: keys[1].id },
        keys[2].release(false),
        cancel(keys[2].id),
        Command::FreeLanes { id: keys[2].id },
    ];
    let results = store.results(commands).await;
    assert_eq!(results, [Err(Unfinished), Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Ok(())]);
    let claimed = store.claim_up_to(9, &[]).await;
    assert!(claimed.iter().map(|claimed| claimed.key.id).eq([ids[1]]), "{claimed:?}");
    let of_lane_c = store.submit(&["c"]).await;
    assert_eq!(store.claim_one().await.key.id, of_lane_c);
    assert_eq!(store.free_lanes(keys[1].id).await, Ok(()));
    assert_eq!(store.claim_one().await.key.id, ids[3]);
}
