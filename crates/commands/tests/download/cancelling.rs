//! Downloads that are cancelled at every stage.

use longhaul_osm::overpass::RetryPolicy;
use longhaul_tasks::{
    MemoryStore, Progress, Status, Submission, Task,
    store::{Command, TaskCommand},
};

use crate::{
    mock_server::{MockServer, Reply, data, error_page},
    setup::{QUICK, SLOW, answer, download, downloaded, large_extract, small_extract, with_retry_policy},
    support::{git::assert_clean, harness::Harness, seal_hook::commands_at_seal},
};

/// Runs a download and cancels it once `server` has received the query and `now` is true for the progress.
fn cancelled_when(server: &MockServer, harness: &Harness, now: impl Fn(&Progress) -> bool) -> Task {
    let before = harness.repository_files();
    let submit = harness.tasks.submit(download(harness), Submission::default());
    let id = harness.runtime.block_on(submit).unwrap().id;
    server.next_query();
    let task = harness.runtime.block_on(async {
        loop {
            let task = harness.tasks.get(id).await.unwrap().unwrap();
            assert!(!task.status.has_ended(), "{:?} {:?}", task.status, task.error);
            if task.progress.as_ref().is_some_and(&now) {
                break;
            }
            tokio::task::yield_now().await;
        }
        harness.tasks.cancel(id).await.unwrap();
        harness.tasks.wait(id).await.unwrap().unwrap()
    });
    assert_eq!(task.status, Status::Cancelled);
    assert!(task.result.is_none() && task.error.is_none());
    assert_eq!(harness.repository_files(), before, "nothing is left");
    assert_clean(harness.git_dir());
    task
}

fn cancelled(act: Reply, retry_policy: RetryPolicy, now: impl Fn(&Progress) -> bool) {
    let server = MockServer::start([act, answer(&small_extract())]);
    let harness = with_retry_policy(&server, retry_policy, MemoryStore::new());
    cancelled_when(&server, &harness, now);
    // The next download can run.
    downloaded(&harness, download(&harness));
}

#[test]
fn a_download_cancelled_while_the_server_works_leaves_nothing() {
    cancelled(Reply::Stall(Vec::new()), QUICK, |progress| progress.step.starts_with("Connecting to "));
}

#[test]
fn a_download_cancelled_while_it_waits_leaves_nothing() {
    let refused = error_page("504 Gateway Timeout", "busy");
    cancelled(Reply::Send(refused), SLOW, |progress| progress.step.starts_with("Waiting 60 minutes"));
}

#[test]
fn a_download_cancelled_while_data_comes_leaves_nothing() {
    let mut begun = data(&large_extract());
    begun.truncate(begun.len() / 2);
    cancelled(Reply::Stall(begun), QUICK, |progress| {
        &*progress.step == "Importing into GeoGig repo..." && progress.done > 0
    });
}

#[test]
fn a_download_cancelled_before_any_data_comes_leaves_nothing() {
    let head = data("").windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let stalled = data("")[..head].to_vec();
    let server = MockServer::start([Reply::Stall(stalled), answer(&small_extract())]);
    let harness = with_retry_policy(&server, QUICK, MemoryStore::new());
    cancelled_when(&server, &harness, |_| true);
    downloaded(&harness, download(&harness));
}

#[test]
fn a_download_cancelled_just_before_it_is_sealed_leaves_nothing() {
    let server = MockServer::start([answer(&small_extract()), answer(&small_extract())]);
    let store = commands_at_seal(|id| vec![Command::Change { id, command: TaskCommand::Cancel }]);
    let harness = with_retry_policy(&server, QUICK, store);
    let before = harness.repository_files();
    assert_eq!(harness.run(download(&harness)).status, Status::Cancelled);
    assert_eq!(harness.repository_files(), before);
    downloaded(&harness, download(&harness));
}
