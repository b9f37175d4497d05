//! The checks, one promise each.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use super::*;
use crate::{Filter, PRIORITY_STEP, Status, Totals, clock::Clock as _};

pub(super) async fn ids_increase_and_are_never_used_again<S: Store>(bench: &Bench<S>) {
    let mut last = TaskId(0);
    for round in 0..10 {
        let id = bench.submit(&[]).await;
        assert!(id > last, "ids increase");
        last = id;
        if round % 2 == 0 {
            bench.cancel(id).await;
            assert_eq!(bench.prune(id).await.verdict, Ok(()));
        }
    }
}

pub(super) async fn a_refused_task_leaves_nothing<S: Store>(bench: &Bench<S>) {
    bench.store.attach(Arc::new(Deaf), Limits { max_unfinished: 2, ..Limits::default() });
    let first = bench.submit(&[]).await;
    bench.submit(&[]).await;
    let answer = bench.write(Transition::Submitted(new_task(&[]))).await;
    assert_eq!(answer.verdict, Err(Refusal::QueueFull));
    assert!(answer.record.is_none());
    assert_eq!(bench.store.list(&Filter::default()).await.unwrap().len(), 2);

    bench.cancel(first).await;
    let third = bench.submit(&[]).await;
    assert!(bench.get(third).await.is_some(), "an ended task makes room");
}

pub(super) async fn an_owner_has_a_limit_of_its_own<S: Store>(bench: &Bench<S>) {
    bench.store.attach(Arc::new(Deaf), Limits { max_per_owner: 2, ..Limits::default() });
    let of = |owner: Option<&str>| NewTask { owner: owner.map(Into::into), ..new_task(&[]) };
    let first = bench.write(Transition::Submitted(of(Some("ann")))).await.record.unwrap().task.id;
    bench.write(Transition::Submitted(of(Some("ann")))).await.verdict.unwrap();
    let refused = bench.write(Transition::Submitted(of(Some("ann")))).await;
    assert_eq!(refused.verdict, Err(Refusal::OwnerLimit));
    let of_another = bench.write(Transition::Submitted(of(Some("bob")))).await;
    assert_eq!(of_another.verdict, Ok(()));
    for _ in 0..3 {
        assert_eq!(bench.write(Transition::Submitted(of(None))).await.verdict, Ok(()), "nobody has no limit");
    }
    bench.cancel(first).await;
    assert_eq!(bench.write(Transition::Submitted(of(Some("ann")))).await.verdict, Ok(()));
}

pub(super) async fn a_full_store_refuses_until_something_is_forgotten<S: Store>(bench: &Bench<S>) {
    bench.store.attach(Arc::new(Deaf), Limits { max_tasks: 2, ..Limits::default() });
    let first = bench.submit(&[]).await;
    bench.cancel(first).await;
    bench.submit(&[]).await;
    let refused = bench.write(Transition::Submitted(new_task(&[]))).await;
    assert_eq!((refused.verdict, refused.record.is_none()), (Err(Refusal::StoreFull), true));
    assert!(bench.get(first).await.is_some(), "nothing is forgotten before its time");
    bench.prune(first).await;
    assert_eq!(bench.write(Transition::Submitted(new_task(&[]))).await.verdict, Ok(()));
}

pub(super) async fn a_key_stands_for_one_task_for_a_day_whatever_becomes_of_it<S: Store>(bench: &Bench<S>) {
    let hour = Duration::from_secs(3600);
    let submit = async |owner: &str, fingerprint: &str| {
        let idempotency = Idempotency { key: "key".into(), fingerprint: fingerprint.into() };
        let new = NewTask { idempotency: Some(idempotency), owner: Some(owner.into()), ..new_task(&[]) };
        bench.write(Transition::Submitted(new)).await
    };
    let first = submit("ann", "this").await;
    assert_eq!((first.verdict, first.files.len()), (Ok(()), 0));
    let answered = first.record.unwrap().task.clone();
    let id = answered.id;

    bench.end(&bench.claim_one().await, finished()).await.unwrap();
    for is_pruned in [false, true] {
        if is_pruned {
            bench.prune(id).await.verdict.unwrap();
        }
        bench.clock.advance(hour);
        bench.store.sweep(Duration::MAX).await.unwrap();
        let again = submit("ann", "this").await;
        assert_eq!(again.verdict, Ok(()));
        assert_eq!(format!("{:?}", again.record.unwrap().task), format!("{answered:?}"), "the first answer");
        assert_eq!(again.files, [PathBuf::from("upload")], "what came again is the caller's to remove");
        assert_eq!(submit("ann", "that").await.verdict, Err(Refusal::KeyReused));
    }
    let of_another = submit("bob", "that").await;
    assert!(of_another.verdict.is_ok() && of_another.record.unwrap().task.id > id, "a key is its owner's");
    assert_eq!(bench.store.list(&Filter::default()).await.unwrap().len(), 1);

    bench.clock.advance(22 * hour);
    let next_day = submit("ann", "that").await;
    assert!(next_day.verdict.is_ok() && next_day.record.unwrap().task.id > id);
}

pub(super) async fn a_refused_task_does_not_use_up_its_key<S: Store>(bench: &Bench<S>) {
    let new = || {
        let idempotency = Some(Idempotency { key: "key".into(), fingerprint: "this".into() });
        NewTask { idempotency, ..new_task(&[]) }
    };
    bench.store.attach(Arc::new(Deaf), Limits { max_unfinished: 0, ..Limits::default() });
    assert_eq!(bench.write(Transition::Submitted(new())).await.verdict, Err(Refusal::QueueFull));
    bench.store.attach(Arc::new(Deaf), Limits::default());
    let accepted = bench.write(Transition::Submitted(new())).await;
    assert!(accepted.verdict.is_ok() && accepted.files.is_empty());
    let answers = vec![Transition::Submitted(new()), Transition::Submitted(new())];
    for answer in bench.store.write(answers).await.unwrap() {
        assert_eq!(answer.record.unwrap().task.id, accepted.record.as_ref().unwrap().task.id);
    }
}

pub(super) async fn what_was_answered_is_visible<S: Store>(bench: &Bench<S>) {
    let wishes = vec![Transition::Submitted(new_task(&["a"])), Transition::Submitted(new_task(&["b"]))];
    let answers = bench.store.write(wishes).await.unwrap();
    assert_eq!(answers.len(), 2, "an answer for each wish");
    for answer in answers {
        let answered = answer.record.unwrap().task.clone();
        let seen = bench.record(answered.id).await.task.clone();
        assert_eq!(
            (seen.status, &*seen.kind, &*seen.description),
            (Status::Waiting, "check", "Check the store.")
        );
        assert_eq!((seen.owner.as_deref(), seen.transaction.as_deref()), (Some("somebody"), None));
        assert_eq!((seen.created, seen.started, seen.finished), (bench.clock.now(), None, None));
    }
    assert!(bench.get(TaskId(u64::MAX)).await.is_none());
    assert!(bench.get(TaskId(0)).await.is_none());
}

pub(super) async fn a_task_goes_from_waiting_over_running_to_finished<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let created = bench.clock.now();
    bench.clock.advance(Duration::from_secs(1));
    let claimed = bench.claim_one().await;
    assert_eq!((claimed.id, &*claimed.kind, &*claimed.job), (id, "check", r#"{"what":"this"}"#));
    assert_eq!(claimed.files, [PathBuf::from("upload")]);
    let running = bench.record(id).await;
    assert_eq!((running.task.status, running.task.attempt), (Status::Running, claimed.attempt));
    assert_eq!(running.task.started, Some(bench.clock.now()));

    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.end(&claimed, finished()).await, Ok(()));
    let ended = &bench.record(id).await.task;
    assert_eq!(ended.status, Status::Finished);
    assert_eq!(ended.result, Some(report("returned")));
    assert_eq!((ended.created, ended.finished), (created, Some(bench.clock.now())));
    assert!(ended.error.is_none());
}

pub(super) async fn a_sealed_report_is_the_result<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    assert_eq!(bench.seal(&claimed).await, Ok(()));
    let sealed = bench.record(id).await;
    assert_eq!(sealed.task.status, Status::Running);
    assert!(sealed.task.result.is_none() && sealed.download.is_none(), "nothing is offered before the end");
    assert_eq!(bench.seal(&claimed).await, Err(Refusal::Sealed), "there is one point of no return");

    assert_eq!(bench.end(&claimed, finished()).await, Ok(()));
    let ended = bench.record(id).await;
    assert_eq!(ended.task.result, Some(report("sealed")));
    assert_eq!(ended.download.as_ref().map(|download| &*download.name), Some("a.gpkg"));
}

pub(super) async fn a_failed_task_keeps_its_error_and_its_report<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    let error = Arc::new(ErrorReport { message: "outer".into(), causes: vec!["inner".into()] });
    assert_eq!(bench.end(&claimed, End::Failed(error.clone(), Some(report("conflicts")))).await, Ok(()));
    let ended = &bench.record(id).await.task;
    assert_eq!(ended.status, Status::Failed);
    assert_eq!((ended.error.clone(), ended.result.clone()), (Some(error), Some(report("conflicts"))));
}

pub(super) async fn a_waiting_task_is_cancelled_at_once<S: Store>(bench: &Bench<S>) {
    let other = bench.submit(&["a"]).await;
    let id = bench.submit(&["a"]).await;
    let before = bench.record(other).await;
    let answer = bench.cancel(id).await;
    assert_eq!(answer.verdict, Ok(()));
    assert_eq!(answer.files, [PathBuf::from("upload")], "its files are the caller's to remove");
    let cancelled = answer.record.unwrap();
    assert_eq!(cancelled.task.status, Status::Cancelled);
    assert_eq!((cancelled.task.started, cancelled.task.finished), (None, Some(bench.clock.now())));
    assert_eq!(bench.claim_one().await.id, other);
    assert!(bench.claim().await.is_none(), "a cancelled task does not run");
    assert_eq!((before.task.status, before.cancel_requested), (Status::Waiting, false));
}

pub(super) async fn a_running_task_is_told_of_a_cancel_once<S: Store>(bench: &Bench<S>) {
    let ear = Arc::new(Ear::default());
    bench.store.attach(ear.clone(), Limits { max_unfinished: 1000, ..Limits::default() });
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    for _ in 0..3 {
        let answer = bench.cancel(id).await;
        assert_eq!(answer.verdict, Ok(()));
        let record = answer.record.unwrap();
        assert_eq!((record.task.status, record.cancel_requested), (Status::Running, true));
    }
    assert_eq!(ear.count(Notice::CancelRequested(id)), 1);
    assert_eq!(bench.end(&claimed, End::Cancelled).await, Ok(()));
    assert_eq!(bench.record(id).await.task.status, Status::Cancelled);
}

pub(super) async fn a_cancel_before_the_seal_wins<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    bench.cancel(id).await;
    assert_eq!(bench.seal(&claimed).await, Err(Refusal::CancelRequested));
    assert_eq!(bench.end(&claimed, finished()).await, Err(Refusal::CancelRequested));
    assert_eq!(bench.end(&claimed, End::Cancelled).await, Ok(()));
}

pub(super) async fn a_seal_before_the_cancel_wins<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    assert_eq!(bench.seal(&claimed).await, Ok(()));
    let answer = bench.cancel(id).await;
    assert_eq!(answer.verdict, Ok(()));
    assert_eq!(answer.record.unwrap().task.status, Status::Running);
    assert_eq!(bench.seal(&claimed).await, Err(Refusal::Sealed));
    assert_eq!(bench.end(&claimed, End::Cancelled).await, Err(Refusal::Sealed));
    assert_eq!(bench.hand_back(&claimed).await, Err(Refusal::Sealed));
    assert_eq!(bench.end(&claimed, finished()).await, Ok(()));
}

pub(super) async fn a_cancel_after_the_seal_counts_once_the_seal_is_void<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    assert_eq!(bench.seal(&claimed).await, Ok(()));
    bench.cancel(id).await;
    let Claimed { id, attempt, .. } = claimed;
    let back = bench.write(Transition::HandedBack { id, attempt, was_cut_short: true }).await;
    assert_eq!(back.verdict, Ok(()));
    let task = &bench.record(id).await.task;
    assert_eq!((task.status, task.finished), (Status::Cancelled, Some(bench.clock.now())));
    assert!(bench.claim().await.is_none(), "it does not run again");
}

pub(super) async fn nothing_is_cancelled_that_nobody_cancelled<S: Store>(bench: &Bench<S>) {
    bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    assert_eq!(bench.end(&claimed, End::Cancelled).await, Err(Refusal::NotCancelled));
    assert_eq!(bench.cancel(TaskId(999)).await.verdict, Err(Refusal::Unknown));
}

pub(super) async fn an_ended_task_does_not_change_any_more<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    bench.end(&claimed, finished()).await.unwrap();
    let ended = format!("{:?}", bench.record(id).await);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.cancel(id).await.verdict, Ok(()));
    for end in [finished(), failed(), End::Cancelled] {
        assert_eq!(bench.end(&claimed, end).await, Err(Refusal::Superseded));
    }
    assert_eq!(bench.seal(&claimed).await, Err(Refusal::Superseded));
    assert_eq!(bench.hand_back(&claimed).await, Err(Refusal::Superseded));
    assert_eq!(format!("{:?}", bench.record(id).await), ended);
}

pub(super) async fn an_attempt_that_was_handed_back_can_write_nothing<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&["a"]).await;
    let first = bench.claim_one().await;
    assert_eq!(bench.hand_back(&first).await, Ok(()));
    let waiting = bench.record(id).await;
    assert_eq!((waiting.task.status, waiting.task.started), (Status::Waiting, None));
    let second = bench.claim_one().await;
    assert_eq!(second.id, id);
    assert!(second.attempt > first.attempt);
    assert_eq!(bench.seal(&first).await, Err(Refusal::Superseded));
    assert_eq!(bench.end(&first, finished()).await, Err(Refusal::Superseded));
    assert_eq!(bench.hand_back(&first).await, Err(Refusal::Superseded));
    assert_eq!(bench.end(&second, finished()).await, Ok(()));
}

pub(super) async fn a_task_handed_back_keeps_its_place_in_its_lane<S: Store>(bench: &Bench<S>) {
    let first = bench.submit(&["a"]).await;
    bench.submit(&["a"]).await;
    let claimed = bench.claim_one().await;
    bench.hand_back(&claimed).await.unwrap();
    assert_eq!(bench.claim_one().await.id, first);
    assert!(bench.claim().await.is_none());
}

pub(super) async fn a_cancelled_task_is_not_handed_back<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let claimed = bench.claim_one().await;
    bench.cancel(id).await;
    assert_eq!(bench.hand_back(&claimed).await, Err(Refusal::CancelRequested));
}

pub(super) async fn a_void_seal_is_forgotten<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    let first = bench.claim_one().await;
    assert_eq!(bench.seal(&first).await, Ok(()));
    let unseal = Transition::HandedBack { id, attempt: first.attempt, was_cut_short: true };
    assert_eq!(bench.write(unseal).await.verdict, Ok(()));
    let second = bench.claim_one().await;
    assert_eq!(bench.end(&second, finished()).await, Ok(()));
    let ended = bench.record(id).await;
    assert_eq!(ended.task.result, Some(report("returned")), "the second attempt's own report");
    assert!(ended.download.is_none());
}

pub(super) async fn a_lane_is_first_come_first_served<S: Store>(bench: &Bench<S>) {
    let a = bench.submit(&["a"]).await;
    let both = bench.submit(&["a", "b"]).await;
    let b = bench.submit(&["b"]).await;
    let none = bench.submit(&[]).await;
    let first = bench.claim_one().await;
    assert_eq!(first.id, a);
    assert_eq!(bench.claim_one().await.id, none, "a busy lane holds up its own tasks only");
    assert!(bench.claim().await.is_none(), "nobody overtakes in a lane");
    bench.end(&first, failed()).await.unwrap();
    let second = bench.claim_one().await;
    assert_eq!(second.id, both);
    assert!(bench.claim().await.is_none());
    bench.end(&second, finished()).await.unwrap();
    assert_eq!(bench.claim_one().await.id, b);
}

pub(super) async fn a_stream_of_urgent_tasks_does_not_keep_an_ordinary_one_waiting<S: Store>(
    bench: &Bench<S>,
) {
    let of = |priority| NewTask { priority, ..new_task(&[]) };
    let low = bench.write(Transition::Submitted(of(Priority::Low))).await.record.unwrap().task.id;
    let normal = bench.write(Transition::Submitted(of(Priority::Normal))).await.record.unwrap().task.id;
    let mut order = Vec::new();
    for _ in 0..24 {
        bench.write(Transition::Submitted(of(Priority::High))).await.verdict.unwrap();
        let claimed = bench.claim_one().await;
        bench.end(&claimed, finished()).await.unwrap();
        order.push(claimed.id);
        bench.clock.advance(PRIORITY_STEP / 5);
    }
    let place = |id| order.iter().position(|other| *other == id);
    assert_eq!((place(normal), place(low)), (Some(5), Some(11)), "{order:?}");
}

pub(super) async fn a_priority_does_not_change_the_order_in_a_lane<S: Store>(bench: &Bench<S>) {
    let of = |priority, lane| NewTask { priority, ..new_task(&[lane]) };
    let mut ids = Vec::new();
    for (priority, lane) in [(Priority::Low, "a"), (Priority::High, "a"), (Priority::Normal, "b")] {
        let answer = bench.write(Transition::Submitted(of(priority, lane))).await;
        ids.push(answer.record.unwrap().task.id);
    }
    for expected in [ids[2], ids[0], ids[1]] {
        let claimed = bench.claim_one().await;
        assert_eq!(claimed.id, expected);
        bench.end(&claimed, finished()).await.unwrap();
    }
}

pub(super) async fn a_task_that_was_cut_short_counts_that<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    for (was_cut_short, interruptions) in [(true, 1), (false, 1), (true, 2)] {
        let Claimed { attempt, .. } = bench.claim_one().await;
        let back = Transition::HandedBack { id, attempt, was_cut_short };
        assert_eq!(bench.write(back).await.verdict, Ok(()));
        assert_eq!(bench.record(id).await.interruptions, interruptions);
    }
    assert_eq!(bench.record(id).await.task.attempt, 3);
}

pub(super) async fn a_long_report_comes_back_whole<S: Store>(bench: &Bench<S>) {
    for length in [0, 200, 300, 4000, 5000, 1_000_000] {
        let id = bench.submit(&[]).await;
        let claimed = bench.claim_one().await;
        let long = Arc::new(Report::new().long_text("text", "é".repeat(length)));
        let error = Arc::new(ErrorReport { message: "x".repeat(length), causes: vec!["y".into()] });
        bench.end(&claimed, End::Failed(error.clone(), Some(long.clone()))).await.unwrap();
        let is_whole = |record: &Record| {
            assert_eq!(
                (record.task.result.as_ref(), record.task.error.as_ref()),
                (Some(&long), Some(&error))
            );
        };
        is_whole(&*bench.record(id).await);
        is_whole(&bench.store.list(&Filter::default()).await.unwrap()[0]);
        is_whole(&bench.cancel(id).await.record.unwrap());
        is_whole(&bench.prune(id).await.record.unwrap());
    }
}

pub(super) async fn tasks_that_ended_long_ago_look_as_they_did<S: Store>(bench: &Bench<S>) {
    let mut first = Vec::new();
    for number in 0..3 {
        let new = NewTask { transaction: Some("t-1".into()), priority: Priority::High, ..new_task(&["a"]) };
        let id = bench.write(Transition::Submitted(new)).await.record.unwrap().task.id;
        bench.clock.advance(Duration::from_millis(7));
        let claimed = bench.claim_one().await;
        bench.seal(&claimed).await.unwrap();
        let end = if number == 0 { finished() } else { failed() };
        bench.end(&claimed, end).await.unwrap();
        first.push((id, format!("{:?}", bench.record(id).await)));
    }
    let many: Vec<_> = (0..5000).map(|_| Transition::Submitted(new_task(&[]))).collect();
    bench.store.attach(Arc::new(Deaf), Limits::default());
    let answers = bench.store.write(many).await.unwrap();
    let cancels = answers.iter().map(|answer| answer.record.as_ref().unwrap().task.id);
    bench.store.write(cancels.map(|id| Transition::CancelRequested { id }).collect()).await.unwrap();
    for (id, looked) in first {
        assert_eq!(format!("{:?}", bench.record(id).await), looked);
    }
}

pub(super) async fn a_given_up_task_keeps_its_lanes_until_they_are_freed<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&["a"]).await;
    let next = bench.submit(&["a"]).await;
    let claimed = bench.claim_one().await;
    let attempt = claimed.attempt;
    assert_eq!(bench.write(Transition::LanesFreed { id }).await.verdict, Err(Refusal::Unfinished));
    let end = Transition::Ended { id, attempt, end: failed(), keep_lanes: true };
    assert_eq!(bench.write(end).await.verdict, Ok(()));
    assert_eq!(bench.seal(&claimed).await, Err(Refusal::Superseded), "what was given up cannot publish");
    assert!(bench.claim().await.is_none());
    assert_eq!(bench.prune(id).await.verdict, Ok(()));
    assert!(bench.claim().await.is_none(), "forgetting the task does not bring its thread back");
    assert_eq!(bench.write(Transition::LanesFreed { id }).await.verdict, Ok(()));
    assert_eq!(bench.claim_one().await.id, next);
}

pub(super) async fn only_an_ended_task_is_pruned_and_only_once<S: Store>(bench: &Bench<S>) {
    let id = bench.submit(&[]).await;
    assert_eq!(bench.prune(id).await.verdict, Err(Refusal::Unfinished));
    let claimed = bench.claim_one().await;
    let answer = bench.prune(id).await;
    assert_eq!(answer.verdict, Err(Refusal::Unfinished));
    assert_eq!(answer.record.unwrap().task.status, Status::Running);
    bench.end(&claimed, finished()).await.unwrap();
    let answer = bench.prune(id).await;
    assert_eq!(answer.verdict, Ok(()));
    assert_eq!(answer.record.unwrap().task.status, Status::Finished, "it is answered once more");
    assert!(bench.get(id).await.is_none());
    let answer = bench.prune(id).await;
    assert_eq!(answer.verdict, Err(Refusal::Unknown));
    assert!(answer.record.is_none());
}

pub(super) async fn a_sweep_goes_by_each_tasks_own_end<S: Store>(bench: &Bench<S>) {
    let (minute, keep) = (Duration::from_secs(60), Duration::from_secs(600));
    let waiting = bench.submit(&["busy"]).await;
    let running = bench.claim_one().await;
    let mut ended = Vec::new();
    for _ in 0..3 {
        let id = bench.submit(&[]).await;
        bench.end(&bench.claim_one().await, finished()).await.unwrap();
        ended.push(id);
        bench.clock.advance(minute);
    }
    bench.prune(ended[1]).await;
    let nothing = bench.store.sweep(keep).await.unwrap();
    assert!(nothing.gone.is_empty());
    assert_eq!(nothing.next, Some(keep - 3 * minute));

    bench.clock.advance(keep - 3 * minute);
    let first = bench.store.sweep(keep).await.unwrap();
    assert_eq!(first.gone.iter().map(|record| record.task.id).collect::<Vec<_>>(), ended[..1]);
    assert!(bench.get(ended[0]).await.is_none());
    assert!(bench.get(ended[2]).await.is_some());
    bench.clock.advance(2 * minute);
    let last = bench.store.sweep(keep).await.unwrap();
    assert_eq!(last.gone.iter().map(|record| record.task.id).collect::<Vec<_>>(), ended[2..]);
    assert_eq!(last.next, None);
    assert_eq!(bench.record(waiting).await.task.status, Status::Running, "only what has ended is forgotten");
    assert_eq!(running.id, waiting);
}

pub(super) async fn a_list_is_filtered_sorted_and_paged<S: Store>(bench: &Bench<S>) {
    let mut ids = Vec::new();
    for number in 0..20 {
        let mut new = new_task(&[]);
        new.kind = ["import", "export"][number % 2].into();
        new.owner = (number % 3 != 0).then(|| ["ann", "bob"][number % 2].into());
        ids.push(bench.write(Transition::Submitted(new)).await.record.unwrap().task.id);
        bench.clock.advance(Duration::from_secs(1));
    }
    for _ in 0..5 {
        bench.end(&bench.claim_one().await, finished()).await.unwrap();
    }
    bench.prune(ids[3]).await;
    let all = bench.store.list(&Filter::default()).await.unwrap();
    assert_eq!(all.len(), 19);
    assert!(all.is_sorted_by_key(|record| record.task.id), "oldest first");

    let moment = all[9].task.created;
    let filters = [
        Filter { status: vec![Status::Finished], ..Filter::default() },
        Filter { kind: Some("export".into()), ..Filter::default() },
        Filter { owner: Some("bob".into()), status: vec![Status::Waiting], ..Filter::default() },
        Filter { since: Some(moment), ..Filter::default() },
        Filter { before: Some(moment), kind: Some("import".into()), ..Filter::default() },
        Filter { after: Some(ids[3]), ..Filter::default() },
        Filter { after: Some(TaskId(u64::MAX)), ..Filter::default() },
    ];
    for filter in filters {
        let expected: Vec<_> = all
            .iter()
            .map(|record| &record.task)
            .filter(|task| filter.lets_through(task))
            .map(|task| task.id)
            .collect();
        let found = bench.store.list(&filter).await.unwrap();
        assert_eq!(found.iter().map(|record| record.task.id).collect::<Vec<_>>(), expected, "{filter:?}");
    }

    let mut paged = BTreeSet::new();
    let mut page = Filter { limit: Some(4), ..Filter::default() };
    loop {
        let found = bench.store.list(&page).await.unwrap();
        assert!(found.len() <= 4);
        let Some(last) = found.last() else { break };
        page.after = Some(last.task.id);
        for record in &found {
            assert!(paged.insert(record.task.id), "no page shows a task of another");
        }
    }
    assert_eq!(paged.len(), 19);
}

pub(super) async fn totals_and_counters_agree_with_the_list<S: Store>(bench: &Bench<S>) {
    for number in 0..12 {
        let mut new = new_task(&[]);
        new.kind = ["import", "export"][number % 2].into();
        new.subject = ["roads", "rivers", "rails"].get(number % 4).map(|subject| (*subject).into());
        bench.write(Transition::Submitted(new)).await.verdict.unwrap();
    }
    for number in 0..8 {
        let claimed = bench.claim_one().await;
        bench.clock.advance(Duration::from_secs(2));
        match number % 4 {
            0 => bench.end(&claimed, finished()).await.unwrap(),
            1 => bench.end(&claimed, failed()).await.unwrap(),
            2 => drop(bench.cancel(claimed.id).await),
            _ => drop(bench.prune(claimed.id).await),
        }
    }
    let filters = [
        Filter::default(),
        Filter { subject: Some("roads".into()), ..Filter::default() },
        Filter { within: Some(vec!["rivers".into(), "rails".into()]), ..Filter::default() },
        Filter { within: Some(Vec::new()), ..Filter::default() },
        Filter {
            status: vec![Status::Running, Status::Failed],
            kind: Some("export".into()),
            ..Filter::default()
        },
    ];
    for filter in filters {
        let found = bench.store.list(&filter).await.unwrap();
        let mut expected = Totals::default();
        found.iter().for_each(|record| *expected.of(record.task.status) += 1);
        let paged = Filter { limit: Some(1), after: Some(TaskId(3)), ..filter.clone() };
        assert_eq!(bench.store.totals(&paged).await.unwrap(), expected, "{filter:?}");
    }
    let counters = bench.store.counters();
    let mut counted = Totals::default();
    counters.tasks.iter().for_each(|(_, status, count)| *counted.of(*status) += count);
    assert_eq!(counted, bench.store.totals(&Filter::default()).await.unwrap());
    assert_eq!((counters.queue_depth(), counters.waiting_time.count()), (4, 8));
    assert_eq!((counters.run_time.count(), counters.run_time.sum), (4, Duration::from_secs(8)));
}

pub(super) async fn whoever_listens_hears_of_work_cancels_ends_and_removals<S: Store>(bench: &Bench<S>) {
    let ear = Arc::new(Ear::default());
    bench.store.attach(ear.clone(), Limits { max_unfinished: 1000, ..Limits::default() });
    let first = bench.submit(&["a"]).await;
    assert_eq!(ear.work(), 1);
    let second = bench.submit(&["a"]).await;
    let claimed = bench.claim_one().await;
    assert!(ear.count(Notice::Changed(first)) >= 2, "of its being there and of its start");
    bench.end(&claimed, finished()).await.unwrap();
    assert_eq!(ear.count(Notice::Ended(first)), 1);
    assert!(ear.work() >= 2, "the lane is free");
    bench.prune(first).await;
    assert_eq!(ear.count(Notice::Gone(first)), 1);
    bench.cancel(second).await;
    assert_eq!(ear.count(Notice::Ended(second)), 1);
    assert_eq!(ear.count(Notice::CancelRequested(second)), 0, "nobody runs it");
}

#[derive(Default)]
struct Ear(Mutex<Vec<Notice>>);

impl Ear {
    fn count(&self, notice: Notice) -> usize {
        self.0.lock().iter().filter(|heard| **heard == notice).count()
    }

    fn work(&self) -> usize {
        self.0.lock().iter().map(|heard| if let Notice::Work(tasks) = heard { *tasks } else { 0 }).sum()
    }
}

impl Listener for Ear {
    fn notice(&self, notice: Notice) {
        self.0.lock().push(notice);
    }
}
