//! `cargo xtask bench osm --download` and `--cancel`: downloads from a simulated Overpass server on this machine.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::cancel::cancel;
use super::files::{self, branches, empty_folder, packed_files};
use super::http::Client;
use super::longhaul::{self, Longhaul, status_of};
use super::machine;
use super::overpass::{Manner, Overpass};
use super::random::Random;
use super::stats::{median, percentile};
use super::table::Table;

const SEED: u64 = 11;
const POLL_EVERY: Duration = Duration::from_millis(1);

/// Longest time between the start of a step and the cancel.
const AT_MOST_INTO: Duration = Duration::from_millis(250);

/// The steps in which a download is cancelled: name, response of the server, first words of the progress.
const MOMENTS: [(&str, Manner, &str); 5] = [
    ("connecting", Manner::Silent, "Connecting"),
    ("backing off", Manner::Busy, "Waiting"),
    ("in mid-stream", Manner::Half, "Importing"),
    ("joining ways", Manner::Whole, "Staging"),
    ("committing", Manner::Whole, "Committing"),
];

/// Downloads the file repeatedly, each time into a new repository, and prints the rates.
pub fn speed(binary: &Path, folder: &Path, xml: PathBuf, rounds: u32) -> Result<()> {
    let megabytes = xml.metadata()?.len() as f64 / 1e6;
    let (server, _overpass) = start(binary, folder, xml)?;
    let mut client = server.client()?;
    let mut rates = Vec::new();
    for round in 0..rounds {
        let repository = format!("download-{round}");
        server.create(&repository)?;
        files::sync()?;
        let started = Instant::now();
        let task = download(&mut client, &repository)?;
        longhaul::expect_finished(&longhaul::wait_for(&mut client, task, POLL_EVERY)?)?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{megabytes:.0} MB of XML became a commit in {seconds:.2} s, {:.0} MB/s",
            megabytes / seconds
        );
        rates.push(megabytes / seconds);
    }
    println!("\nmedian {:.0} MB/s; {}", median(&rates), machine::describe(folder));
    Ok(())
}

/// Cancels downloads in each step, and prints the times until the cancels took effect.
pub fn cancels(binary: &Path, folder: &Path, xml: PathBuf, count: u32) -> Result<()> {
    let (server, overpass) = start(binary, folder, xml)?;
    let mut client = server.client()?;
    let mut random = Random::seeded(SEED);
    let mut table = Table::new(["cancelled while", "cancels", "p50 ms", "p99 ms", "max ms", "too late"]);
    let mut all = Vec::new();
    for (name, manner, step) in MOMENTS {
        overpass.respond_with(manner);
        let mut latencies = Vec::new();
        let mut too_late = 0;
        let mut repository = None;
        while latencies.len() < count as usize {
            ensure!(too_late <= 2 * count, "nearly every download ends before its cancel arrives");
            let (name, path) = match repository.take() {
                Some(known) => known,
                None => {
                    let name = format!("{}-{too_late}", step.to_lowercase());
                    let path = server.create(&name)?;
                    (name, path)
                }
            };
            match cancel_one(&mut client, &name, &path, step, AT_MOST_INTO.mul_f64(random.unit()))? {
                Some(after) => {
                    latencies.push(after);
                    repository = Some((name, path));
                }
                None => too_late += 1,
            }
        }
        let figures = [50.0, 99.0, 100.0].map(|percent| format!("{:.1}", percentile(&latencies, percent)));
        let [p50, p99, max] = figures;
        table.row(vec![name.to_owned(), count.to_string(), p50, p99, max, too_late.to_string()]);
        all.extend(latencies);
    }
    println!("\ndownloads, until CANCELLED; {}\n", machine::describe(folder));
    table.print();
    println!("\nall: p99 {:.1} ms; no branch moved and no file was left", percentile(&all, 99.0));
    Ok(())
}

fn start(binary: &Path, folder: &Path, xml: PathBuf) -> Result<(Longhaul, Overpass)> {
    let overpass = Overpass::start(xml)?;
    let flags = [format!("--overpass={}", overpass.url), "--user-agent=longhaul-bench/1.0".into()];
    let server = Longhaul::start_with(binary, empty_folder(folder.join("longhaul"))?, &flags)?;
    Ok((server, overpass))
}

fn download(client: &mut Client, repository: &str) -> Result<u64> {
    let document = client.get(&format!("/repos/{repository}/osm/download.json?bbox=-60,-120,60,120"))?;
    document["task"]["id"].as_u64().context("the download's response has no task id")
}

/// Cancels a download at a given time after the start of a step. Returns the milliseconds until it was CANCELLED; `None` if it had ended.
fn cancel_one(
    client: &mut Client,
    repository: &str,
    path: &Path,
    step: &str,
    into: Duration,
) -> Result<Option<f64>> {
    let (head, packs) = (branches(path)?, packed_files(path)?.len());
    let task = download(client, repository)?;
    loop {
        let document = client.get(&format!("/tasks/{task}.json"))?;
        let progress = document["task"]["progress"]["task"].as_str().unwrap_or_default();
        if progress.starts_with(step) || !matches!(status_of(&document), "WAITING" | "RUNNING") {
            break;
        }
        thread::sleep(POLL_EVERY);
    }
    thread::sleep(into);

    cancel(client, task, path, &head, packs)
}
