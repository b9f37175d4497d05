//! `GET /metrics`, in the text format of Prometheus.
//!
//! No label has a value that clients choose, so that they cannot increase the number of series.

mod machine;

use std::fmt::{self, Write};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use longhaul_tasks::{Counters, Histogram};
use longhaul_tasks_web::{ApiError, Renderer, RequestCounts};

use self::machine::Machine;
use super::{LayerFiles, WebState, error_response::ErrorResponse, http_counts::HttpCounts, readiness};
use crate::{
    access::{Authenticator, Caller},
    serving::{EndedTasks, OpenConnections},
    shared_places::SharedPlaces,
};

/// The metrics. Counters start at zero with the server.
pub(super) async fn metrics(
    _: Renderer,
    caller: Caller,
    State(WebState(state)): State<WebState>,
) -> Result<Response, ErrorResponse> {
    caller.require_all_repositories()?;
    let counters = state.tasks.counters().await.map_err(ApiError::from)?;
    let machine = Machine::measure(&state.receiver).await?;
    let is_ready = readiness::check(&state.tasks, &state.receiver).await.is_ok();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_server(&mut text, is_ready)
        .and_then(|()| machine.write(&mut text))
        .and_then(|()| write_http(&mut text, &state.http_counts))
        .and_then(|()| write_tasks(&mut text, &counters))
        .and_then(|()| write_ended_tasks(&mut text, &state.ended_tasks))
        .and_then(|()| write_requests(&mut text, &state.request_counts, state.receiver.received()))
        .and_then(|()| write_wrong_tokens(&mut text, state.authenticator.as_deref()))
        .and_then(|()| write_places(&mut text, &state.places))
        .and_then(|()| write_connections(&mut text, &state.open_connections))
        .and_then(|()| write_files(&mut text, &state.layer_files));
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

fn write_server(out: &mut impl Write, is_ready: bool) -> fmt::Result {
    head(out, "longhaul_build_info", "gauge", "The version of the server.")?;
    writeln!(out, "longhaul_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
    single(out, "longhaul_ready", "gauge", "Whether new tasks are taken.", u8::from(is_ready))
}

fn write_tasks(out: &mut impl Write, counters: &Counters) -> fmt::Result {
    head(out, "longhaul_tasks", "gauge", "Tasks that are kept.")?;
    for (kind, status, count) in &counters.tasks {
        writeln!(out, "longhaul_tasks{{kind=\"{}\",status=\"{status}\"}} {count}", escaped(kind))?;
    }
    single(out, "longhaul_queue_depth", "gauge", "Tasks that wait.", counters.queue_depth())?;
    single(out, "longhaul_workers", "gauge", "Tasks that may run at the same time.", counters.workers)?;
    let help = "How long tasks have waited until they ran.";
    histogram(out, "longhaul_task_waiting_seconds", help, &counters.waiting_time)?;
    let help = "How long tasks have run until they ended.";
    histogram(out, "longhaul_task_run_seconds", help, &counters.run_time)?;
    let name = "longhaul_recoveries_total";
    head(out, name, "counter", "Tasks that were found cut short, by what became of them.")?;
    let recoveries = counters.recoveries;
    for (outcome, count) in [
        ("resumed", recoveries.resumed),
        ("finished", recoveries.finished),
        ("cancelled", recoveries.cancelled),
        ("given_up", recoveries.given_up),
    ] {
        writeln!(out, "{name}{{outcome=\"{outcome}\"}} {count}")?;
    }
    Ok(())
}

fn write_ended_tasks(out: &mut impl Write, ended: &EndedTasks) -> fmt::Result {
    head(out, "longhaul_tasks_ended_total", "counter", "Tasks that have ended.")?;
    for ((kind, status), count) in ended.counts() {
        writeln!(
            out,
            "longhaul_tasks_ended_total{{kind=\"{}\",status=\"{status}\"}} {count}",
            escaped(&kind)
        )?;
    }
    Ok(())
}

fn write_requests(out: &mut impl Write, requests: &RequestCounts, received: u64) -> fmt::Result {
    single(out, "longhaul_polls_total", "counter", "Looks at single tasks.", requests.polls())?;
    let help = "Looks at single tasks that waited for a change.";
    single(out, "longhaul_long_polls_total", "counter", help, requests.long_polls())?;
    let help = "Streams of events that were begun.";
    single(out, "longhaul_event_streams_total", "counter", help, requests.streams())?;
    let help = "Bytes of files that were received, whatever became of them.";
    single(out, "longhaul_upload_bytes_total", "counter", help, received)
}

fn write_http(out: &mut impl Write, counts: &HttpCounts) -> fmt::Result {
    let name = "longhaul_http_requests_total";
    head(out, name, "counter", "Requests that were answered, by the pattern of their path.")?;
    for ((route, status), count) in counts.answered() {
        writeln!(out, "{name}{{route=\"{}\",status=\"{status}\"}} {count}", escaped(&route))?;
    }
    let name = "longhaul_refusals_total";
    head(out, name, "counter", "Requests for a task, and uploads, that were refused.")?;
    for (reason, count) in counts.refused() {
        writeln!(out, "{name}{{reason=\"{reason}\"}} {count}")?;
    }
    Ok(())
}

fn write_wrong_tokens(out: &mut impl Write, authenticator: Option<&Authenticator>) -> fmt::Result {
    let help = "Requests with a wrong token.";
    let count = authenticator.map_or(0, Authenticator::wrong_tokens);
    single(out, "longhaul_wrong_tokens_total", "counter", help, count)
}

fn write_places(out: &mut impl Write, places: &SharedPlaces) -> fmt::Result {
    let counts = places.all().map(|places| places.counts());
    head(out, "longhaul_places", "gauge", "Places that callers share.")?;
    for (kind, total, _, _) in counts {
        writeln!(out, "longhaul_places{{kind=\"{kind}\"}} {total}")?;
    }
    head(out, "longhaul_places_taken", "gauge", "Places that are taken.")?;
    for (kind, _, taken, _) in counts {
        writeln!(out, "longhaul_places_taken{{kind=\"{kind}\"}} {taken}")?;
    }
    head(out, "longhaul_places_refused_total", "counter", "Requests for which no place was free.")?;
    for (kind, _, _, refused) in counts {
        writeln!(out, "longhaul_places_refused_total{{kind=\"{kind}\"}} {refused}")?;
    }
    Ok(())
}

fn write_connections(out: &mut impl Write, connections: &OpenConnections) -> fmt::Result {
    single(out, "longhaul_connections_limit", "gauge", "Most connections.", connections.limit())?;
    single(out, "longhaul_connections", "gauge", "Open connections.", connections.count())?;
    let (closed, refused) = connections.closed_and_refused();
    let help = "Idle connections that were closed to make room.";
    single(out, "longhaul_connections_closed_total", "counter", help, closed)?;
    let help = "Connections that were refused because none was idle.";
    single(out, "longhaul_connections_refused_total", "counter", help, refused)
}

fn write_files(out: &mut impl Write, files: &LayerFiles) -> fmt::Result {
    let (made, abandoned) = files.counts();
    single(out, "longhaul_files_made_total", "counter", "Files of layers that were made.", made)?;
    let help = "Files of layers that nobody waited for any more.";
    single(out, "longhaul_files_abandoned_total", "counter", help, abandoned)
}

fn histogram(out: &mut impl Write, name: &str, help: &str, histogram: &Histogram) -> fmt::Result {
    head(out, name, "histogram", help)?;
    let mut count = 0;
    for (bound, more) in Histogram::BOUNDS.iter().zip(&histogram.counts) {
        count += more;
        writeln!(out, "{name}_bucket{{le=\"{}\"}} {count}", bound.as_secs_f64())?;
    }
    writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {}", histogram.count())?;
    writeln!(out, "{name}_sum {}", histogram.sum.as_secs_f64())?;
    writeln!(out, "{name}_count {}", histogram.count())
}

fn single(out: &mut impl Write, name: &str, kind: &str, help: &str, value: impl fmt::Display) -> fmt::Result {
    head(out, name, kind, help)?;
    writeln!(out, "{name} {value}")
}

fn head(out: &mut impl Write, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// As a label's value (Prometheus' text format, 0.0.4).
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}
