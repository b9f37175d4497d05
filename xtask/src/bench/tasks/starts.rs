//! The time from the submit to the start of a task on an idle server.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::files::empty_folder;
use super::super::http::Client;
use super::super::longhaul::{expect_finished, wait_for};
use super::super::stats::percentile;
use super::NoopServer;

/// Number of tasks, submitted one after the end of the other.
const TASKS: usize = 3000;

/// Submits and prints.
pub fn run(folder: &Path) -> Result<()> {
    let server = NoopServer::start(&empty_folder(folder.join("noop"))?)?;
    let mut client = Client::connect(&server.address)?;
    for _ in 0..TASKS {
        let document = client.send("POST", "/noop.json")?.json()?;
        let id = document["task"]["id"].as_u64().context("no id")?;
        expect_finished(&wait_for(&mut client, id, std::time::Duration::ZERO)?)?;
    }
    let micros: Vec<f64> = serde_json::from_slice(&client.send("GET", "/starts")?.body)?;
    let at = |percent| percentile(&micros, percent) / 1000.0;
    println!(
        "\nsubmit to start on an idle pool, {} tasks: p50 {:.3} ms, p95 {:.3} ms, p99 {:.3} ms",
        micros.len(),
        at(50.0),
        at(95.0),
        at(99.0)
    );
    Ok(())
}
