//! `cargo xtask bench export`: one layer, into a GeoPackage and into a FlatGeobuf, beside ogr2ogr.
//!
//! - Longhaul: from the request to the first poll that says FINISHED; the file is whole and on the disk then. A new server each round,
//!   on a repository that was filled once.
//! - `ogr2ogr` copies the GeoPackage that was imported.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::contender::{self, Contender, Run};
use super::files::{self, empty_folder};
use super::longhaul::{self, Binary, Longhaul};
use super::{buildings, machine, watched};

const POLL_EVERY: Duration = Duration::from_millis(3);

/// The formats, by Longhaul's name and by GDAL's.
const FORMATS: [(&str, &str); 2] = [("gpkg", "GPKG"), ("fgb", "FlatGeobuf")];

/// The options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub binary: Binary,
    /// Number of polygons in the layer
    #[arg(long, default_value_t = 500_000)]
    pub features: u64,
    /// Rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Run Longhaul alone
    #[arg(long)]
    pub only_longhaul: bool,
}

/// Runs the rounds and prints a table for each format.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    let binary = args.binary.get()?;
    let source = buildings::geopackage(&folder, args.features)?;
    let data = fill(&binary, &folder, &source)?;
    let contenders = || ["longhaul over HTTP", "ogr2ogr"].map(Contender::new);
    let mut of_formats = FORMATS.map(|_| contenders());
    for _ in 0..args.rounds {
        for (format, [ours, ogr]) in FORMATS.iter().zip(&mut of_formats) {
            ours.add((export(&binary, &data, format.0, args.features)?, ()));
            if !args.only_longhaul {
                ogr.add((copy(&folder, &source, *format)?, ()));
            }
        }
    }
    println!("\n{} polygons; {}", args.features, machine::describe(&folder));
    for ((format, _), contenders) in FORMATS.iter().zip(of_formats) {
        let contenders: Vec<_> = contenders.into_iter().filter(|one| !one.runs.is_empty()).collect();
        println!("\n{format}:\n");
        contender::table(&contenders, args.features, "features/s").print();
    }
    Ok(())
}

/// Imports the file, and returns the data folder of the server that was stopped.
fn fill(binary: &Path, folder: &Path, source: &Path) -> Result<PathBuf> {
    let data = empty_folder(folder.join("longhaul-export"))?;
    let server = Longhaul::start(binary, data.clone())?;
    server.create("bench")?;
    let mut client = server.client()?;
    let task = longhaul::import(&mut client, "bench", source)?;
    longhaul::expect_finished(&longhaul::wait_for(&mut client, task, POLL_EVERY)?)?;
    Ok(data)
}

fn export(binary: &Path, data: &Path, format: &str, features: u64) -> Result<Run> {
    files::sync()?;
    let server = Longhaul::start(binary, data.to_owned())?;
    let mut client = server.client()?;
    let before = server.usage();
    let started = Instant::now();
    let document = client.get(&format!("/repos/bench/export.json?format={format}"))?;
    let task = document["task"]["id"].as_u64().context("the export's answer has no task id")?;
    let document = longhaul::wait_for(&mut client, task, POLL_EVERY)?;
    let seconds = started.elapsed().as_secs_f64();
    longhaul::expect_finished(&document)?;
    let exported = document["task"]["result"]["features"].as_u64();
    ensure!(exported == Some(features), "{exported:?} features were exported instead of {features}");
    let mut usage = server.usage();
    usage.cpu -= before.cpu;
    println!("longhaul {format}: {seconds:.3} s");
    let bytes = folder_bytes(&data.join("results").join(task.to_string()))?;
    Ok(Run { seconds, usage, bytes })
}

fn folder_bytes(folder: &Path) -> Result<u64> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

fn copy(folder: &Path, source: &Path, (ending, driver): (&str, &str)) -> Result<Run> {
    let copy = empty_folder(folder.join("ogr2ogr"))?.join(format!("copy.{ending}"));
    files::sync()?;
    let mut command = Command::new("ogr2ogr");
    command.args(["-f", driver]).arg(&copy).arg(source).stdin(Stdio::null());
    let (seconds, usage) = watched::run(&mut command).context("ogr2ogr is Debian's package gdal-bin")?;
    println!("ogr2ogr {driver}: {seconds:.3} s");
    Ok(Run { seconds, usage, bytes: copy.metadata()?.len() })
}
