//! What happens while the server wants to be left alone.

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{MemoryStore, Status, Submission};

use crate::{
    replay::{Act, Replay, complaint as page},
    setting::{SLOW, answer, complaint, download, downloaded, studio, village, with_retry_policy},
    support::{
        gpkg::{ROADS, gpkg},
        studio::Studio,
    },
};

const BUSY: &str = "Rate limit: 2\nSlot available after: 2026-01-01T00:00:00Z, in 0 seconds.\n";

fn refused() -> Act {
    Act::Answer(page("429 Too Many Requests", "rate_limited"))
}

fn roads(studio: &Studio) -> ImportGeopackage {
    studio.job(&gpkg(studio.scratch(), "roads.gpkg", ROADS))
}

#[test]
fn a_server_that_has_enough_of_us_is_asked_again_until_it_answers() {
    let acts = [refused(), refused(), refused(), answer(&village())];
    let server = Replay::with_status(BUSY, acts);
    let studio = studio(&server);
    downloaded(&studio, download(&studio));
    let asked: Vec<String> = server.asked().iter().map(|asked| asked.method.clone()).collect();
    assert_eq!(asked, ["POST", "GET", "POST", "POST", "GET", "POST"], "its status is asked for rarely");
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_then_given_up() {
    let busy = || Act::Answer(page("504 Gateway Timeout", "too busy"));
    let server = Replay::start([busy(), busy(), answer(&village())]);
    let patient = studio(&server);
    downloaded(&patient, download(&patient));
    let server = Replay::start((0..9).map(|_| busy()));
    let given_up = studio(&server);
    let told = complaint(&given_up.run(download(&given_up)));
    assert!(told.ends_with("more time or memory than it grants: too busy"), "{told}");
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn who_waits_says_so_and_leaves_its_place_and_its_repository_to_others() {
    let server = Replay::start([refused()]);
    // There is one place for tasks.
    let studio = with_retry_policy(&server, SLOW, MemoryStore::new());
    studio.runtime.block_on(async {
        let tasks = &studio.tasks;
        let mut waiting = Vec::new();
        for _ in 0..5 {
            waiting.push(tasks.submit(download(&studio), Submission::default()).await.unwrap().id);
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
        let import = tasks.submit(roads(&studio), Submission::default()).await.unwrap().id;
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
        server.asked().iter().filter(|asked| asked.method == "POST").count(),
        1,
        "one query at a time"
    );
}

#[test]
fn queries_are_sent_in_the_order_in_which_they_were_asked_for() {
    let filters = ["node(1);out meta;", "node(2);out meta;", "node(3);out meta;", "node(4);out meta;"];
    let server = Replay::start(filters.map(|_| answer(&village())));
    let studio = studio(&server);
    studio.runtime.block_on(async {
        let mut ids = Vec::new();
        for filter in filters {
            let mut job = download(&studio);
            job.wanted = longhaul_commands::OsmArea::Filter(filter.into());
            ids.push(studio.tasks.submit(job, Submission::default()).await.unwrap().id);
        }
        for id in ids {
            studio.tasks.wait(id).await.unwrap().unwrap();
        }
    });
    let sent: Vec<String> = server.asked().into_iter().map(|asked| asked.body).collect();
    let expected = filters.map(|filter| filter.replace('(', "%28").replace(')', "%29").replace(';', "%3B"));
    assert_eq!(sent, expected.map(|filter| format!("data={}", filter.replace(' ', "+"))));
}
