//! `cargo xtask bench import --cancel`: the time until a cancel of a running import takes effect.
//!
//! Each cancel is sent at a random moment of the import, and the clock runs from sending it to the first poll that says CANCELLED.
//! A cancel after the seal changes nothing; its task is FINISHED and another import is tried.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::files::{self, branches, empty_folder, packed_files};
use super::http::Client;
use super::import::Args;
use super::longhaul::{self, Longhaul, status_of};
use super::random::Random;
use super::stats::percentile;
use super::{buildings, machine};

const SEED: u64 = 7;
const POLL_EVERY: Duration = Duration::from_millis(1);

/// Number of features of the first version of the branch; the cancelled imports would replace them.
const FEATURES_BEFORE: u64 = 1000;

/// Cancels imports until enough cancels took effect, and prints their times.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    let binary = args.binary.get()?;
    let source = buildings::geopackage(&folder, args.features)?;
    let before = buildings::geopackage(&folder, FEATURES_BEFORE)?;
    let server = Longhaul::start(&binary, empty_folder(folder.join("longhaul"))?)?;
    let mut client = server.client()?;
    let whole = time_of_a_whole_import(&server, &mut client, &source)?;
    println!("an import that is left alone runs {:.3} s after its upload was answered", whole.as_secs_f64());

    let mut random = Random::seeded(SEED);
    let mut latencies = Vec::new();
    let mut too_late = 0;
    let mut repository = String::new();
    while latencies.len() < args.cancels as usize {
        if repository.is_empty() {
            repository = format!("cancel-{too_late}");
            prepare(&server, &mut client, &repository, &before)?;
        }
        match cancel_one(&mut client, &folder, &repository, &source, whole.mul_f64(random.unit()))? {
            Some(after) => latencies.push(after),
            None => {
                too_late += 1;
                ensure!(too_late <= 2 * args.cancels, "nearly every import ends before its cancel arrives");
                repository.clear();
            }
        }
    }
    report(&latencies, too_late, args.features, &folder);
    Ok(())
}

fn time_of_a_whole_import(server: &Longhaul, client: &mut Client, source: &Path) -> Result<Duration> {
    server.create("whole")?;
    let task = longhaul::import(client, "whole", source)?;
    let started = Instant::now();
    longhaul::expect_finished(&longhaul::wait_for(client, task, POLL_EVERY)?)?;
    Ok(started.elapsed())
}

/// A repository with one commit.
fn prepare(server: &Longhaul, client: &mut Client, repository: &str, first: &Path) -> Result<()> {
    server.create(repository)?;
    let task = longhaul::import(client, repository, first)?;
    longhaul::expect_finished(&longhaul::wait_for(client, task, POLL_EVERY)?)
}

fn cancel_one(
    client: &mut Client,
    folder: &Path,
    repository: &str,
    source: &Path,
    moment: Duration,
) -> Result<Option<f64>> {
    let git = folder.join(format!("longhaul/repos/{repository}.git"));
    let (head, packs) = (branches(&git)?, packed_files(&git)?.len());
    let task = longhaul::import(client, repository, source)?;
    thread::sleep(moment);

    cancel(client, task, &git, &head, packs)
}

/// Cancels a task and waits for its end. Returns the milliseconds until it was CANCELLED, after checking that branches and
/// packs have not changed; `None` if it was already sealed.
pub fn cancel(
    client: &mut Client,
    task: u64,
    repository: &Path,
    head: &str,
    packs: usize,
) -> Result<Option<f64>> {
    let sent = Instant::now();
    client.get(&format!("/tasks/{task}.json?cancel=true"))?;
    let document = longhaul::wait_for(client, task, POLL_EVERY)?;
    let after = sent.elapsed().as_secs_f64() * 1000.0;
    match status_of(&document) {
        "CANCELLED" => {
            ensure!(branches(repository)? == head, "task {task} is CANCELLED, and yet a branch moved");
            files::wait_for_packs(repository, packs)?;
            Ok(Some(after))
        }
        "FINISHED" => Ok(None),
        _ => bail!("a cancelled task ended otherwise: {document}"),
    }
}

fn report(latencies: &[f64], too_late: u32, features: u64, folder: &Path) {
    let [median, tail, worst] = [50.0, 99.0, 100.0].map(|percent| percentile(latencies, percent));
    println!("\nimports of {features} polygons; {}\n", machine::describe(folder));
    println!(
        "{} cancels: p50 {median:.1} ms, p99 {tail:.1} ms, max {worst:.1} ms until CANCELLED",
        latencies.len()
    );
    println!(
        "no branch moved and no file was left; {too_late} more cancels came after the point of no return"
    );
}
