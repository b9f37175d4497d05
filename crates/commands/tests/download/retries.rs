//! Retries after errors of the server.

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{MemoryStore, Status, Submission};

use crate::{
    mock_server::{MockServer, Reply, error_page},
    setup::{SLOW, answer, download, downloaded, error_message, harness, small_extract, with_retry_policy},
    support::{
        gpkg::{ROADS, gpkg},
        harness::Harness,
    },
};

const BUSY: &str = "Rate limit: 2\nSlot available after: 2026-01-01T00:00:00Z, in 0 seconds.\n";

fn refused() -> Reply {
    Reply::Send(error_page("429 Too Many Requests", "rate_limited"))
}

fn roads(harness: &Harness) -> ImportGeopackage {
    harness.job(&gpkg(harness.scratch(), "roads.gpkg", ROADS))
}

#[test]
fn a_rate_limited_query_is_retried_until_it_succeeds() {
    let acts = [refused(), refused(), refused(), answer(&small_extract())];
    let server = MockServer::with_status(BUSY, acts);
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    let methods: Vec<String> = server.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["POST", "GET", "POST", "POST", "GET", "POST"], "the status is read rarely");
}

#[test]
fn a_query_to_an_overloaded_server_is_retried_and_then_given_up() {
    let busy = || Reply::Send(error_page("504 Gateway Timeout", "too busy"));
    let server = MockServer::start([busy(), busy(), answer(&small_extract())]);
    let patient = harness(&server);
    downloaded(&patient, download(&patient));
    let server = MockServer::start((0..9).map(|_| busy()));
    let given_up = harness(&server);
    let message = error_message(&given_up.run(download(&given_up)));
    assert!(message.ends_with("more time or memory than it grants: too busy"), "{message}");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_waiting_download_reports_it_and_blocks_no_worker_and_no_repository() {
    let server = MockServer::start([refused()]);
    // There is one worker.
    let harness = with_retry_policy(&server, SLOW, MemoryStore::new());
    harness.runtime.block_on(async {
        let tasks = &harness.tasks;
        let mut waiting = Vec::new();
        for _ in 0..5 {
            waiting.push(tasks.submit(download(&harness), Submission::default()).await.unwrap().id);
        }
        let first = loop {
            let task = tasks.get(waiting[0]).await.unwrap().unwrap();
            let step = task.progress.as_ref().map(|progress| progress.step.to_string());
            if step.as_deref().is_some_and(|step| step.starts_with("Waiting")) {
                break step.unwrap();
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(
            first,
            "Waiting 60 minutes to ask again, because the server takes no more queries from this address for now..."
        );
        let import = tasks.submit(roads(&harness), Submission::default()).await.unwrap().id;
        assert_eq!(tasks.wait(import).await.unwrap().unwrap().status, Status::Finished);
        for id in &waiting[1..] {
            assert_eq!(tasks.get(*id).await.unwrap().unwrap().status, Status::Waiting);
        }
        for id in waiting.into_iter().rev() {
            tasks.cancel(id).await.unwrap();
            assert_eq!(tasks.wait(id).await.unwrap().unwrap().status, Status::Cancelled);
        }
    });
    assert_eq!(
        server.requests().iter().filter(|request| request.method == "POST").count(),
        1,
        "one query at a time"
    );
}

#[test]
fn queries_are_sent_in_the_order_of_the_requests() {
    let filters = ["node(1);out meta;", "node(2);out meta;", "node(3);out meta;", "node(4);out meta;"];
    let server = MockServer::start(filters.map(|_| answer(&small_extract())));
    let harness = harness(&server);
    harness.runtime.block_on(async {
        let mut ids = Vec::new();
        for filter in filters {
            let mut job = download(&harness);
            job.filter = longhaul_commands::DownloadFilter::Filter(filter.into());
            ids.push(harness.tasks.submit(job, Submission::default()).await.unwrap().id);
        }
        for id in ids {
            harness.tasks.wait(id).await.unwrap().unwrap();
        }
    });
    let sent: Vec<String> = server.requests().into_iter().map(|request| request.body).collect();
    let expected = filters.map(|filter| filter.replace('(', "%28").replace(')', "%29").replace(';', "%3B"));
    assert_eq!(sent, expected.map(|filter| format!("data={}", filter.replace(' ', "+"))));
}
