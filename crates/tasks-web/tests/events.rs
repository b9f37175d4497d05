//! Streams of what happens to tasks.

mod harness;

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Method, Request, StatusCode},
};
use futures_util::StreamExt as _;
use harness::{App, Harness, Work, app, get, send};
use longhaul_tasks::Task;
use longhaul_tasks_web::Permit;
use tower::ServiceExt as _;

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: String,
}

/// A stream that is being read.
struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Event {
    fn parse(frame: &str) -> Self {
        let lines = |field: &str| {
            let prefix = format!("{field}: ");
            let lines: Vec<_> = frame.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
            lines.join("\n")
        };
        Self { name: lines("event"), id: lines("id"), data: lines("data") }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).expect("JSON")
    }

    fn status(&self) -> String {
        self.json()["task"]["status"].as_str().expect("a task").to_owned()
    }

    /// Which task, and how it is.
    fn id_and_status(&self) -> (u64, String) {
        (self.json()["task"]["id"].as_u64().expect("an id"), self.status())
    }
}

impl Stream {
    /// The next event; `None` at the stream's end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                if frame.starts_with(':') {
                    continue;
                }
                return Some(Event::parse(&frame));
            }
            let chunk = self.body.next().await?.expect("a chunk");
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    async fn expect(&mut self) -> Event {
        self.next().await.expect("an event")
    }

    async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

async fn open(router: &App, uri: &str, last: &str) -> Stream {
    open_as(router, uri, last, "").await
}

async fn open_as(router: &App, uri: &str, last: &str, role: &str) -> Stream {
    let request = Request::get(uri).header("host", "localhost:8182").header("role", role);
    let request = if last.is_empty() { request } else { request.header("last-event-id", last) };
    let response = router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    let response = response.expect("a response");
    assert_eq!(response.status(), StatusCode::OK, "{uri}");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Stream { body: response.into_body().into_data_stream(), text: String::new() }
}

#[tokio::test]
async fn a_stream_begins_with_the_task_as_it_is_and_ends_with_its_end() {
    let harness = Harness::open();
    let running = harness.running().await;
    let router = harness.app();
    let mut json = open(&router, "/tasks/1/events.json", "").await;
    let mut xml = open(&router, "/tasks/1/events", "").await;
    let first = json.expect().await;
    assert_eq!((first.name.as_str(), &first.data), ("task", &get(&router, "/tasks/1.json").await.body));
    assert_eq!(xml.expect().await.data, get(&router, "/tasks/1").await.body);
    harness.count(8).await;
    assert_eq!(json.expect().await.json()["task"]["progress"]["amount"], 8.0);
    harness.release(running).await;
    let rest = json.rest().await;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0].data, get(&router, "/tasks/1.json").await.body);
    let rest = xml.rest().await;
    assert_eq!(rest.last().expect("an end").data, get(&router, "/tasks/1").await.body);
    assert_eq!(rest.iter().filter(|event| event.data.contains("FINISHED")).count(), 1);
}

#[tokio::test]
async fn the_stream_of_an_ended_task_is_its_last_document() {
    let harness = Harness::open();
    harness.said("]]>\r\n\u{202e}<b>\u{1}\ndata: x\n\n").await;
    let router = harness.app();
    for (stream, document) in [("/tasks/1/events", "/tasks/1"), ("/tasks/1/events.json/", "/tasks/1.json")] {
        let events = open(&router, stream, "").await.rest().await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0].data, get(&router, document).await.body);
    }
    assert_eq!(get(&router, "/tasks/7/events").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/tasks/x/events").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_comes_back_gets_what_happened_meanwhile_and_nothing_twice() {
    let harness = Harness::open();
    let running = harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    let mut stream = open(&router, "/tasks/2/events.json", "").await;
    let waiting = stream.expect().await;
    drop(stream);
    harness.release(running).await;
    harness.begun().await;
    let mut stream = open(&router, "/tasks/2/events.json", &waiting.id).await;
    // Whether its start is announced apart from its first progress is a matter of luck.
    let begun = get(&router, "/tasks/2.json").await.body;
    let mut received = vec![stream.expect().await];
    while received.last().is_some_and(|event| event.data != begun) {
        received.push(stream.expect().await);
    }
    assert!(received.iter().all(|event| event.status() == "RUNNING"), "{received:?}");
    drop(stream);
    get(&router, "/tasks/2?cancel=true").await;
    let running = received.last().expect("a start");
    let rest = open(&router, "/tasks/2/events.json", &running.id).await.rest().await;
    assert_eq!(rest.iter().map(Event::status).collect::<Vec<_>>(), ["CANCELLED"]);

    let all = open(&router, "/tasks/2/events.json", &waiting.id).await.rest().await;
    assert_eq!(all, [&received[..], &rest[..]].concat());
    let nothing = [("last-event-id", rest[0].id.as_str())];
    let answer = send(&router, Method::GET, "/tasks/2/events.json", &nothing).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn an_id_of_which_nothing_is_known_begins_anew() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    for id in ["1-1", "ffffffffffffffff-18446744073709551615", "nonsense"] {
        let events = open(&router, "/tasks/1/events.json", id).await.rest().await;
        assert_eq!(events.iter().map(Event::status).collect::<Vec<_>>(), ["FINISHED"], "{id}");
        let mut all = open(&router, "/tasks/events.json", id).await;
        assert_eq!(all.expect().await.name, "reset", "{id}");
    }
}

#[tokio::test]
async fn the_stream_of_all_tasks_tells_of_each_change() {
    let harness = Harness::open();
    let router = harness.app();
    let mut stream = open(&router, "/tasks/events.json", "").await;
    let reset = stream.expect().await;
    assert_eq!((reset.name.as_str(), reset.data.as_str()), ("reset", r#"{"reset":{}}"#));
    let mut xml = open(&router, "/tasks/events.xml", &reset.id).await;
    let first = harness.running().await;
    let mut received = Vec::new();
    while received.last() != Some(&(1, "RUNNING".to_owned())) {
        received.push(stream.expect().await.id_and_status());
    }
    harness.waiting().await;
    assert_eq!(stream.expect().await.id_and_status(), (2, "WAITING".into()));
    harness.count(5).await;
    let progress = stream.expect().await;
    assert_eq!(progress.json()["task"]["progress"]["amount"], 5.0);
    harness.release(first).await;
    let (mut one, mut other) = (Vec::new(), Vec::new());
    while one.len() + other.len() < 2 {
        let event = stream.expect().await;
        let (id, status) = event.id_and_status();
        if id == 1 { &mut one } else { &mut other }.push(status);
    }
    assert_eq!((one, other), (vec!["FINISHED".to_owned()], vec!["RUNNING".to_owned()]));
    get(&router, "/tasks/1?prune=true").await;
    let gone = stream.expect().await;
    assert_eq!((gone.name.as_str(), gone.data.as_str()), ("gone", r#"{"gone":{"id":1}}"#));

    let mut again = open(&router, "/tasks/events.json", &progress.id).await;
    assert_eq!(again.expect().await.id_and_status().0, 1);
    assert_eq!(again.expect().await.id_and_status().0, 2);
    assert_eq!(again.expect().await, gone);
    let mut documents = Vec::new();
    while documents.last().is_none_or(|event: &Event| event.name != "gone") {
        documents.push(xml.expect().await);
    }
    assert_eq!(documents.last().expect("an event").data, "<gone><id>1</id></gone>");
    assert!(documents[0].data.starts_with("<?xml"), "{documents:?}");
}

#[tokio::test]
async fn progress_is_told_of_ten_times_a_second_at_most() {
    let harness = Harness::open();
    let id = harness.running().await;
    let router = harness.app();
    let mut stream = open(&router, "/tasks/1/events.json", "").await;
    stream.expect().await;
    let begun = std::time::Instant::now();
    for count in 4..2000 {
        harness.count(count).await;
    }
    let tenths = begun.elapsed().as_millis() as usize / 100;
    harness.release(id).await;
    let events = stream.rest().await;
    assert!(events.len() <= tenths + 3, "{} events in {tenths} tenths of a second", events.len());
    let amounts: Vec<_> =
        events.iter().filter_map(|event| event.json()["task"]["progress"]["amount"].as_f64()).collect();
    assert!(amounts.is_sorted(), "{amounts:?}");
    assert_eq!(events.last().map(Event::status), Some("FINISHED".into()));
}

#[tokio::test]
async fn a_reader_who_does_not_keep_up_is_dropped_and_holds_up_nobody() {
    let harness = Harness::open_with(|builder| builder.workers(2));
    let router = harness.app();
    let mut slow = open(&router, "/tasks/events.json", "").await;
    let mut quick = open(&router, "/tasks/events.json", "").await;
    let reset = slow.expect().await;
    quick.expect().await;
    let mut ends = 0;
    for at in 0..300 {
        harness.said(&format!("{at}")).await;
        while ends <= at {
            ends += usize::from(quick.expect().await.status() == "FINISHED");
        }
    }
    let read = slow.rest().await;
    assert!(read.len() < ends, "the slow one was let go");
    let last = read.last().map_or(reset.id.clone(), |event| event.id.clone());
    let mut back = open(&router, "/tasks/events.json", &last).await;
    let mut ends = read.iter().filter(|event| event.status() == "FINISHED").count();
    while ends < 300 {
        ends += usize::from(back.expect().await.status() == "FINISHED");
    }
    assert_eq!(ends, 300, "and missed nothing");
}

#[tokio::test]
async fn everybody_reads_only_of_what_they_may_see() {
    let by_role = |request: &axum::http::request::Parts, task: &Task| match request.headers.get("role") {
        Some(role) if role == "crew" => Permit::See,
        Some(role) if role == "guest" && task.status.has_ended() => Permit::See,
        _ => Permit::Nothing,
    };
    let harness = Harness::open();
    let router = app(harness.web().access(by_role).router());
    let mut guest = open_as(&router, "/tasks/events.json", "", "guest").await;
    let mut nobody = open_as(&router, "/tasks/events.json", "", "nobody").await;
    guest.expect().await;
    nobody.expect().await;
    let id = harness.running().await;
    for role in ["guest", "nobody"] {
        let answer = send(&router, Method::GET, "/tasks/1/events", &[("role", role)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role}");
    }
    let mut crew = open_as(&router, "/tasks/1/events.json", "", "crew").await;
    assert_eq!(crew.expect().await.status(), "RUNNING");
    harness.release(id).await;
    assert_eq!(guest.expect().await.id_and_status(), (1, "FINISHED".into()));
    harness.tasks.stop(Duration::ZERO).await;
    assert_eq!((guest.rest().await, nobody.rest().await), (vec![], vec![]));
}

#[tokio::test]
async fn a_stop_ends_every_stream() {
    let harness = Harness::open();
    harness.running().await;
    let router = harness.app();
    let (mut one, mut all) =
        (open(&router, "/tasks/1/events.json", "").await, open(&router, "/tasks/events.json", "").await);
    one.expect().await;
    all.expect().await;
    harness.tasks.stop(Duration::ZERO).await;
    one.rest().await;
    all.rest().await;
    assert_eq!(get(&router, "/tasks/events").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&router, "/tasks/1/events").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_nothing_to_tell_says_that_it_is_alive() {
    let harness = Harness::open();
    let router = harness.app();
    let mut stream = open(&router, "/tasks/events", "").await;
    stream.expect().await;
    let chunk = stream.body.next().await.expect("a chunk").expect("a chunk");
    assert_eq!(&chunk[..], b": alive\n\n");
}

#[tokio::test]
async fn streams_are_read_with_get_and_nothing_else() {
    let harness = Harness::open();
    harness.submit(Work::Fail).await.expect("a task");
    let router = harness.app();
    for uri in ["/tasks/events", "/tasks/1/events.json"] {
        let head = send(&router, Method::HEAD, uri, &[]).await;
        assert_eq!(
            (head.status, head.header("content-type")),
            (StatusCode::OK, "text/event-stream"),
            "{uri}"
        );
        let post = send(&router, Method::POST, uri, &[]).await;
        let expected = (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, OPTIONS");
        assert_eq!((post.status, post.header("allow")), expected, "{uri}");
    }
    assert_eq!(send(&router, Method::HEAD, "/tasks/7/events", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_is_being_asked_keeps_nobody_from_subscribing() {
    let (asked, was_asked) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (asked, released) = (std::sync::Mutex::new(asked), std::sync::Mutex::new(released));
    let rule = move |request: &axum::http::request::Parts, _: &Task| {
        if request.headers.get("role").is_some_and(|role| role == "slow") {
            let _ = asked.lock().unwrap().send(());
            let _ = tokio::task::block_in_place(|| released.lock().unwrap().recv());
        }
        Permit::See
    };
    let harness = Harness::open();
    let app = app(harness.web().access(rule).router());
    let mut slow = open_as(&app, "/tasks/events.json", "", "slow").await;
    slow.expect().await;
    let id = harness.running().await;
    tokio::task::spawn_blocking(move || was_asked.recv()).await.unwrap().unwrap();
    let mut other = open(&app, "/tasks/events.json", "").await;
    assert_eq!(other.expect().await.name, "reset");
    drop(release);
    assert_eq!(slow.expect().await.id_and_status().0, id.0);
    harness.release(id).await;
    while other.expect().await.id_and_status() != (id.0, "FINISHED".to_owned()) {}
}
