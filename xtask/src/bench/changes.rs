//! `cargo xtask bench changes`: what differs between two versions of a large layer, and the log of many commits with its counts.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

use super::files::{self, empty_folder};
use super::http::Client;
use super::longhaul::{self, Binary, Longhaul};
use super::stats::{median, percentile};
use super::table::Table;
use super::{buildings, machine};

/// The features in which the two versions differ.
const CHANGED: u64 = 100;
const POLL_EVERY: Duration = Duration::from_millis(3);

/// The options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    binary: Binary,
    /// Number of polygons in the layer
    #[arg(long, default_value_t = 500_000)]
    features: u64,
    /// Number of commits in the log
    #[arg(long, default_value_t = 10_000)]
    commits: u64,
    /// How often each request is sent
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
}

/// Measures and prints the table.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    let versions = [buildings::geopackage(&folder, args.features)?, changed_file(&folder, args.features)?];
    let server = Longhaul::start(&args.binary.get()?, empty_folder(folder.join("longhaul"))?)?;
    let mut client = server.client()?;
    let layer = server.create("layer")?;
    for version in &versions {
        import(&mut client, version)?;
    }
    let log = server.create("log")?;
    make_log(&layer, &log, args.commits)?;

    println!("\n{} polygons, {} commits; {}\n", args.features, args.commits, machine::describe(&folder));
    let mut table = Table::new(["", "first", "median", "95 %", "slowest"]);
    let mut row = |what: &str, target: &str, accept: &str, has: (&str, usize)| -> Result<()> {
        // An idle connection may have been closed meanwhile.
        let times = measure(&mut server.client()?, target, accept, has, args.requests)?;
        let (first, others) = times.split_first().context("no requests")?;
        let cells = [*first, median(others), percentile(others, 95.0), percentile(others, 100.0)];
        let cells = cells.map(|time| format!("{time:.2} ms"));
        table.row([vec![what.to_owned()], cells.to_vec()].concat());
        Ok(())
    };
    let changed = CHANGED as usize;
    let diff = "/repos/layer/diff.json?oldRefSpec=HEAD~1&show=1000";
    row("100 features that differ, listed", diff, "*/*", ("changeType", changed))?;
    row(
        "the same with geometries",
        &format!("{diff}&showGeometryChanges=true"),
        "*/*",
        ("POLYGON", changed),
    )?;
    let lines = "/repos/layer/diff?oldRefSpec=HEAD~1";
    row("the same as JSON Lines, with all values", lines, "application/x-ndjson", ("\"+\"", changed))?;
    let log = "/repos/log/log.json?countChanges=true";
    row("the first page of the log with counts", log, "*/*", ("\"modifies\":1,", 30))?;
    table.print();
    Ok(())
}

fn import(client: &mut Client, file: &Path) -> Result<()> {
    let task = longhaul::import(client, "layer", file)?;
    longhaul::expect_finished(&longhaul::wait_for(client, task, POLL_EVERY)?)
}

/// The file with other values in some features all over the layer.
fn changed_file(folder: &Path, features: u64) -> Result<PathBuf> {
    let path = folder.join("buildings-changed.gpkg");
    std::fs::copy(buildings::geopackage(folder, features)?, &path)?;
    let step = (features / CHANGED) as i64;
    let database = Connection::open(&path)?;
    let changed = database.execute("UPDATE buildings SET name = 'changed' WHERE fid % ?1 = 0", [step])?;
    ensure!(changed as u64 == CHANGED, "{changed} features were changed");
    Ok(path)
}

/// Commits to the repository `log` many times, on top of the last commit of `layer`: each changes one feature.
fn make_log(layer: &Path, log: &Path, commits: u64) -> Result<()> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output =
            Command::new("git").arg("-C").arg(log).args(arguments).output().context("running git")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    git(&["fetch", "--quiet", &layer.to_string_lossy(), "master:master"])?;
    let listed = git(&["ls-tree", "-r", "--name-only", "master", "buildings/.table-dataset/feature/"])?;
    let features: Vec<&str> = listed.lines().collect();
    let mut importer = Command::new("git");
    importer.arg("-C").arg(log).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut importer = importer.spawn().context("running git fast-import")?;
    let mut input = importer.stdin.take().context("no standard input")?;
    let mut stream = String::new();
    for number in 0..commits {
        let message = format!("change {number}");
        let content = format!("version {number}");
        let feature = features[(number as usize * 7919) % features.len()];
        write!(
            stream,
            "commit refs/heads/master\ncommitter bench <bench@example.org> {} +0000\ndata {}\n{message}\n",
            2_000_000_000 + number,
            message.len(),
        )?;
        if number == 0 {
            stream += "from refs/heads/master^0\n";
        }
        write!(stream, "M 100644 inline {feature}\ndata {}\n{content}\n", content.len())?;
    }
    input.write_all(stream.as_bytes())?;
    drop(input);
    ensure!(importer.wait()?.success(), "git fast-import failed");
    Ok(())
}

/// The milliseconds of each request. A response must have a text so many times.
fn measure(
    client: &mut Client,
    target: &str,
    accept: &str,
    (text, times): (&str, usize),
    requests: u32,
) -> Result<Vec<f64>> {
    let mut measured = Vec::new();
    for _ in 0..=requests {
        let started = Instant::now();
        let answer = client.send_accepting("GET", target, accept)?;
        measured.push(started.elapsed().as_secs_f64() * 1e3);
        let found = String::from_utf8_lossy(&answer.body).matches(text).count();
        ensure!(answer.status == 200 && found == times, "{target}: {found} × {text}");
    }
    Ok(measured)
}
