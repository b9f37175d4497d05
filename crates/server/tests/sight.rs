//! Health, metrics and the log.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use harness::{Form, Request, Server, geopackage};

fn file() -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &["a", "b"]))
}

/// The value of a metric.
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{metrics}")).parse().unwrap()
}

#[test]
fn the_metrics_show_tasks_durations_and_traffic() {
    let server = Server::start();
    server.init("r");
    server.import_to_the_end("r", file());
    server.ended(server.import("r", file()));
    server.get("/tasks/1.json?wait=1");
    let answer = server.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let metrics = answer.text();
    let kind = "kind=\"import-geopackage\"";
    assert_eq!(value(&metrics, &format!("longhaul_tasks{{{kind},status=\"FINISHED\"}}")), 1.0);
    assert_eq!(value(&metrics, &format!("longhaul_tasks{{{kind},status=\"FAILED\"}}")), 1.0);
    for status in ["FINISHED", "FAILED"] {
        let ended = format!("longhaul_tasks_ended_total{{{kind},status=\"{status}\"}}");
        // The count follows the end.
        while !server.get("/metrics").text().contains(&ended) {
            std::thread::yield_now();
        }
        assert_eq!(value(&server.get("/metrics").text(), &ended), 1.0);
    }
    assert_eq!(value(&metrics, "longhaul_queue_depth"), 0.0);
    assert_eq!(value(&metrics, "longhaul_ready"), 1.0);
    for histogram in ["longhaul_task_waiting_seconds", "longhaul_task_run_seconds"] {
        assert_eq!(value(&metrics, &format!("{histogram}_count")), 2.0);
        assert_eq!(value(&metrics, &format!("{histogram}_bucket{{le=\"+Inf\"}}")), 2.0);
    }
    assert!(value(&metrics, "longhaul_polls_total") >= 3.0);
    assert!(value(&metrics, "longhaul_upload_bytes_total") > 10_000.0);
    assert_eq!(value(&metrics, "longhaul_recoveries_total{outcome=\"resumed\"}"), 0.0);
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (series, number) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        assert!(number.parse::<f64>().is_ok(), "{line}");
        let is_ours = name.starts_with("longhaul_") || name.starts_with("process_");
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(is_ours && metrics.contains(&format!("# TYPE {base} ")), "{line}");
    }
    server.stop();
}

#[test]
fn the_number_of_series_does_not_grow_with_what_clients_send() {
    let server = Server::start();
    server.init("r");
    server.import_to_the_end("r", file());
    let series = || server.get("/metrics").text().lines().count();
    let send = |at: usize| {
        server.get(&format!("/tasks/{at}?output_format=json&kind=k{at}"));
        server.get(&format!("/nothing/{at}"));
        server.send(Request::new("GET", "/tasks").header("User-Agent", &format!("agent-{at}")));
    };
    // Routes and statuses, of which there are few, are labels.
    send(1);
    send(7);
    series();
    let before = series();
    (0..20).for_each(send);
    assert_eq!(series(), before);
    server.stop();
}

#[test]
fn a_healthy_server_is_ready() {
    let server = Server::start();
    assert_eq!(server.get("/healthz").text(), "ok\n");
    assert_eq!((server.get("/readyz").status, server.get("/readyz").text().as_str()), (200, "ready\n"));
    assert_eq!(server.send(Request::new("POST", "/readyz")).status, 405);
    server.stop();
}

#[test]
fn every_log_line_of_a_task_has_its_id() {
    let server = Server::start();
    server.init("r");
    // What HEAD stands on is there and no commit, which the import complains of in the log.
    let branch = server.data("repos/r.git/refs/heads/master");
    std::fs::write(&branch, format!("{}\n", "1".repeat(40))).unwrap();
    assert_eq!(server.ended(server.import("r", file()))["status"], "FAILED");
    let (_folder, _status, log) = server.stop_and_read_log();
    let lines: Vec<_> =
        log.lines().filter(|line| line.contains("tas") && !line.contains("listening")).collect();
    assert!(lines.iter().any(|line| line.contains("a task starts")), "{log}");
    assert!(lines.iter().any(|line| line.contains("a command failed")), "{log}");
    for line in lines {
        assert!(line.contains("id=1"), "{line}");
    }
}

#[test]
fn a_graceful_stop_ends_streams_and_long_polls() {
    let server = Server::start();
    server.init("r");
    let mut streams: Vec<_> = ["/tasks/events", "/tasks/events.json"]
        .map(|target| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(&Request::new("GET", target).head(server.address)).unwrap();
            let mut head = [0; 15];
            stream.read_exact(&mut head).unwrap();
            assert_eq!(&head, b"HTTP/1.1 200 OK");
            stream
        })
        .into();
    // It complains if it had to cut them off.
    server.stop();
    for stream in &mut streams {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("event: reset") && rest.ends_with("0\r\n\r\n"), "{rest}");
    }
}

#[test]
fn ends_of_tasks_and_requests_are_lines_of_json() {
    let server = Server::start_with(&["--log-format", "json", "--access-log"]);
    server.init("r");
    let commit = server.import_to_the_end("r", file())["result"]["commit"]["id"].as_str().unwrap().to_owned();
    let again = server.ended(server.import("r", file()));
    server.send(Request::new("DELETE", "/repos/r?token=secret").header("User-Agent", "test"));
    while !server.get("/metrics").text().contains("status=\"FAILED\"} 1") {
        std::thread::yield_now();
    }
    let (_, status, log) = server.stop_and_read_log();
    assert!(status.success() && !log.contains("secret"), "{log}");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let ended: Vec<_> = lines.iter().filter(|line| line["message"] == "a task has ended").collect();
    assert_eq!(ended.len(), 2, "{log}");
    assert_eq!((&ended[0]["status"], &ended[0]["repository"]), (&"FINISHED".into(), &"r".into()));
    assert_eq!(ended[0]["commit"], commit);
    assert_eq!((&ended[0]["file"], &ended[0]["features"]), (&"points.gpkg".into(), &2.into()));
    assert!(ended[0]["seconds"].is_number() && ended[0]["kind"] == "import-geopackage", "{log}");
    assert_eq!(ended[1]["cause"], again["error"]["message"]);
    let deletion = lines.iter().find(|line| line["method"] == "DELETE").unwrap();
    assert_eq!((&deletion["path"], &deletion["status"]), (&"/repos/r".into(), &400.into()));
    assert_eq!((&deletion["agent"], &deletion["address"]), (&"test".into(), &"127.0.0.1".into()));
}
