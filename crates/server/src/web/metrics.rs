//! `GET /metrics`: what the server does in numbers, as Prometheus reads them.
//!
//! No label has a value that clients choose, so that nobody can make the number of series grow.

use std::fmt::{self, Write};

use axum::{http::header, response::IntoResponse};
use longhaul_tasks::{Counters, Histogram};
use longhaul_tasks_web::Traffic;

use super::{
    Web,
    app::{Answer, Call},
};

/// The numbers. Those that only grow begin at nothing when the server starts.
pub(super) fn metrics(web: &Web, call: &Call) -> Answer {
    call.caller.require_all_repositories()?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_server(&mut text, web)
        .and_then(|()| write_tasks(&mut text, &web.tasks.counters()))
        .and_then(|()| write_traffic(&mut text, web.tasks_web.traffic(), web.receiver.received()));
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

fn write_server(out: &mut impl Write, web: &Web) -> fmt::Result {
    head(out, "longhaul_build_info", "gauge", "The version of the server.")?;
    writeln!(out, "longhaul_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
    let is_ready = u8::from(web.tasks.health().is_ok());
    single(out, "longhaul_ready", "gauge", "Whether new tasks are taken.", is_ready)
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

fn write_traffic(out: &mut impl Write, traffic: &Traffic, received: u64) -> fmt::Result {
    single(out, "longhaul_polls_total", "counter", "Looks at single tasks.", traffic.polls())?;
    let help = "Looks at single tasks that waited for a change.";
    single(out, "longhaul_long_polls_total", "counter", help, traffic.waits())?;
    let help = "Streams of events that were begun.";
    single(out, "longhaul_event_streams_total", "counter", help, traffic.streams())?;
    let help = "Bytes of files that were received, whatever became of them.";
    single(out, "longhaul_upload_bytes_total", "counter", help, received)
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
