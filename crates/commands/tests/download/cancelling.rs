//! Cancelling a download, at every point of it.

use std::task::{Context, Waker};

use longhaul_osm::overpass::RetryPolicy;
use longhaul_tasks::{
    MemoryStore, Progress, Status, Submission, Task,
    store::{Journal, Transition},
};

use crate::{
    replay::{Act, Replay, complaint as page, data},
    setting::{QUICK, SLOW, answer, crowd, download, downloaded, village, with_retry_policy},
    support::{at_seal::AtSeal, git::assert_clean, studio::Studio},
};

/// Runs a download, and cancels it once `server` has been asked and `now` says so of the download's progress.
fn cancelled_when(server: &Replay, studio: &Studio, now: impl Fn(&Progress) -> bool) -> Task {
    let before = studio.traces();
    let submit = studio.tasks.submit(download(studio), Submission::default());
    let id = studio.runtime.block_on(submit).unwrap().id;
    server.next_query();
    let task = studio.runtime.block_on(async {
        loop {
            let task = studio.tasks.get(id).await.unwrap().unwrap();
            assert!(!task.status.has_ended(), "{:?} {:?}", task.status, task.error);
            if task.progress.as_ref().is_some_and(&now) {
                break;
            }
            tokio::task::yield_now().await;
        }
        studio.tasks.cancel(id).await.unwrap();
        studio.tasks.wait(id).await.unwrap().unwrap()
    });
    assert_eq!(task.status, Status::Cancelled);
    assert!(task.result.is_none() && task.error.is_none());
    assert_eq!(studio.traces(), before, "nothing is left");
    assert_clean(studio.git_dir());
    task
}

fn cancelled(act: Act, retry_policy: RetryPolicy, now: impl Fn(&Progress) -> bool) {
    let server = Replay::start([act, answer(&village())]);
    let studio = with_retry_policy(&server, retry_policy, MemoryStore::new());
    cancelled_when(&server, &studio, now);
    // Whoever comes next is not kept waiting.
    downloaded(&studio, download(&studio));
}

#[test]
fn a_download_cancelled_while_the_server_works_leaves_nothing() {
    cancelled(Act::Stall(Vec::new()), QUICK, |progress| progress.step.starts_with("Connecting to "));
}

#[test]
fn a_download_cancelled_while_it_waits_leaves_nothing() {
    let refused = page("504 Gateway Timeout", "busy");
    cancelled(Act::Answer(refused), SLOW, |progress| progress.step.starts_with("Waiting 60 minutes"));
}

#[test]
fn a_download_cancelled_while_data_comes_leaves_nothing() {
    let mut begun = data(&crowd());
    begun.truncate(begun.len() / 2);
    cancelled(Act::Stall(begun), QUICK, |progress| {
        &*progress.step == "Importing into GeoGig repo..." && progress.done > 0
    });
}

#[test]
fn a_download_cancelled_before_any_data_comes_leaves_nothing() {
    let head = data("").windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let stalled = data("")[..head].to_vec();
    let server = Replay::start([Act::Stall(stalled), answer(&village())]);
    let studio = with_retry_policy(&server, QUICK, MemoryStore::new());
    cancelled_when(&server, &studio, |_| true);
    downloaded(&studio, download(&studio));
}

#[test]
fn a_download_cancelled_at_the_last_moment_leaves_nothing() {
    let server = Replay::start([answer(&village()), answer(&village())]);
    let store = AtSeal::new(|store, id| {
        let mut asked = store.write(vec![Transition::CancelRequested { id }]);
        let answer = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(answer.is_ready(), "a store in memory answers at once");
    });
    let studio = with_retry_policy(&server, QUICK, store);
    let before = studio.traces();
    assert_eq!(studio.run(download(&studio)).status, Status::Cancelled);
    assert_eq!(studio.traces(), before);
    downloaded(&studio, download(&studio));
}
