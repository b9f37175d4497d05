//! `cargo xtask bench osm`: one extract, three ways.
//!
//! - Longhaul: from the first byte of the upload to the first poll that says FINISHED. All nodes and ways are committed.
//! - `ogr2ogr` writes points, lines and multipolygons to a GeoPackage; it leaves out nodes without tags.
//! - `osmium fileinfo -e` reads the file and writes nothing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::contender::{self, Contender, MIB, Run};
use super::files::{self, empty_folder, pack_bytes, stdout_of};
use super::longhaul::{self, Binary, Longhaul};
use super::{machine, osm_download, watched};
use crate::project;

const POLL_EVERY: Duration = Duration::from_millis(3);

/// The options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    binary: Binary,
    /// An extract, in a form that all contenders read: PBF
    #[arg(long, value_name = "PATH", default_value = "../shared/data/osm/patchwork10.osm.pbf")]
    file: PathBuf,
    /// Rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Run Longhaul alone
    #[arg(long)]
    only_longhaul: bool,
    /// Passed on to the flag of the same name of the server
    #[arg(long, value_name = "SIZE")]
    osm_node_memory: Option<String>,
    /// Measure only reading the extract, as PBF and as XML
    #[arg(long)]
    reader: bool,
    /// Measure downloads of the extract as XML, from a server on this machine
    #[arg(long, conflicts_with = "reader")]
    download: bool,
    /// Measure the time until a cancel of such downloads takes effect, this many times in each of their steps
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["reader", "download"],
        value_parser = clap::value_parser!(u32).range(1..))]
    cancel: Option<u32>,
}

/// Runs the rounds and prints the table.
pub fn run(args: &Args) -> Result<()> {
    ensure!(args.file.is_file(), "{} is not there; name another extract with --file", args.file.display());
    let folder = files::bench_folder()?;
    std::io::copy(&mut File::open(&args.file)?, &mut std::io::sink())?;
    if args.reader {
        return read(args, &folder);
    }
    let binary = args.binary.get()?;
    if args.download {
        return osm_download::speed(&binary, &folder, as_xml(args, &folder)?, args.rounds);
    }
    if let Some(times) = args.cancel {
        return osm_download::cancels(&binary, &folder, as_xml(args, &folder)?, times);
    }
    let [mut ours, mut ogr, mut osmium] =
        ["longhaul over HTTP", "ogr2ogr to GeoPackage", "osmium fileinfo -e"].map(Contender::new);
    let mut counts = Value::Null;
    for round in 0..args.rounds {
        let repository;
        (repository, counts) = ours.add(import(args, &binary, &folder)?);
        if round == 0 {
            verify(&repository, &counts, &args.file)?;
        }
        if !args.only_longhaul {
            ogr.add(convert_with_ogr2ogr(&folder, &args.file)?);
            osmium.add(look_with_osmium(&args.file)?);
        }
    }
    let contenders: Vec<_> =
        [ours, ogr, osmium].into_iter().filter(|contender| !contender.runs.is_empty()).collect();
    report(&contenders, &counts, &args.file, &folder)
}

/// The outcome of one import: the repository and the report of the task.
fn import(args: &Args, binary: &Path, folder: &Path) -> Result<(Run, (PathBuf, Value))> {
    let data = empty_folder(folder.join("longhaul"))?;
    files::sync()?;
    let memory = args.osm_node_memory.iter().map(|size| format!("--osm-node-memory={size}"));
    let server = Longhaul::start_with(binary, data, &memory.collect::<Vec<_>>())?;
    let repository = server.create("bench")?;
    let mut client = server.client()?;

    let before = server.usage();
    let started = Instant::now();
    let task = longhaul::import_osm(&mut client, "bench", &args.file)?;
    let uploaded = started.elapsed().as_secs_f64();
    let document = longhaul::wait_for(&mut client, task, POLL_EVERY)?;
    let seconds = started.elapsed().as_secs_f64();
    longhaul::expect_finished(&document)?;

    let mut usage = server.usage();
    usage.cpu -= before.cpu;
    let result = document["task"]["result"].clone();
    println!("longhaul: {seconds:.3} s, of which {uploaded:.3} s until the upload was answered");
    let nodes = result["OSMReport"]["nodeCount"].as_f64().unwrap_or(f64::NAN);
    let above = usage.peak.saturating_sub(before.resident) as f64;
    println!(
        "longhaul: at its peak {:.0} MiB, {:.0} bytes a node above the idle server",
        usage.peak as f64 / MIB,
        above / nodes
    );
    Ok((Run { seconds, usage, bytes: pack_bytes(&repository)? }, (repository, result)))
}

/// Checks the counts against those of osmium, the features of the commit, and the repository with `git fsck`.
fn verify(repository: &Path, counts: &Value, source: &Path) -> Result<()> {
    let mut osmium = Command::new("osmium");
    osmium.args(["fileinfo", "-e", "-j", "--no-progress"]).arg(source);
    let known: Value = serde_json::from_str(&stdout_of(&mut osmium)?)?;
    let known = &known["data"]["count"];
    let report = &counts["OSMReport"];
    for (ours, theirs) in [
        (&report["nodeCount"], "nodes"),
        (&report["wayCount"], "ways"),
        (&counts["relationCount"], "relations"),
    ] {
        ensure!(*ours == known[theirs], "{ours} {theirs} were read where osmium counts {}", known[theirs]);
    }
    let git = || {
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(repository);
        git
    };
    let paths = stdout_of(git().args(["ls-tree", "-r", "--name-only", "HEAD"]))?;
    let features = |layer: &str| {
        let folder = format!("{layer}/.table-dataset/feature/");
        paths.lines().filter(|path| path.starts_with(&folder)).count() as u64
    };
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let ways = number(&report["wayCount"]) - number(&report["unpprocessedCount"]);
    ensure!(features("node") == number(&report["nodeCount"]), "{} nodes are in the commit", features("node"));
    ensure!(features("way") == ways, "{} ways are in the commit", features("way"));
    files::run(git().args(["fsck", "--strict", "--full"]))?;
    println!("verified: all nodes and {ways} ways are in the commit, git fsck --strict --full is content");
    Ok(())
}

fn convert_with_ogr2ogr(folder: &Path, source: &Path) -> Result<(Run, ())> {
    let copy = empty_folder(folder.join("ogr2ogr"))?.join("osm.gpkg");
    files::sync()?;
    let mut command = Command::new("ogr2ogr");
    command.args(["-q", "-f", "GPKG"]).arg(&copy).arg(source).args(["points", "lines", "multipolygons"]);
    command.stdin(Stdio::null());
    let (seconds, usage) = watched::run(&mut command).context("ogr2ogr is Debian's package gdal-bin")?;
    println!("ogr2ogr: {seconds:.3} s");
    Ok((Run { seconds, usage, bytes: copy.metadata()?.len() }, ()))
}

fn look_with_osmium(source: &Path) -> Result<(Run, ())> {
    let mut command = Command::new("osmium");
    command.args(["fileinfo", "-e", "--no-progress"]).arg(source).stdin(Stdio::null()).stdout(Stdio::null());
    let (seconds, usage) = watched::run(&mut command).context("osmium is Debian's package osmium-tool")?;
    println!("osmium: {seconds:.3} s");
    Ok((Run { seconds, usage, bytes: 0 }, ()))
}

fn report(contenders: &[Contender], counts: &Value, source: &Path, folder: &Path) -> Result<()> {
    let known = &counts["OSMReport"];
    let entities = known["processedEntities"].as_u64().context("the report counts no entities")?;
    let size = source.metadata()?.len() as f64 / 1e6;
    println!(
        "\n{entities} entities ({} nodes), {size:.0} MB; {}\n",
        known["nodeCount"],
        machine::describe(folder)
    );
    contender::table(contenders, entities, "entities/s").print();
    Ok(())
}

/// Measures the example program that only reads the extract, as PBF and as XML.
fn read(args: &Args, folder: &Path) -> Result<()> {
    let mut build = project::cargo();
    build.args(["build", "--release", "--package", "longhaul-osm", "--example", "read"]);
    ensure!(build.stdin(Stdio::null()).status()?.success(), "building the reader failed");
    let reader =
        folder.parent().context("the benchmarks' folder lies in target")?.join("release/examples/read");
    let xml = as_xml(args, folder)?;
    println!("{}\n", machine::describe(folder));
    for _ in 0..args.rounds {
        for file in [&args.file, &xml] {
            print!("{}", stdout_of(Command::new(&reader).arg(file))?);
        }
    }
    Ok(())
}

/// The extract as XML, as an Overpass server sends it.
fn as_xml(args: &Args, folder: &Path) -> Result<PathBuf> {
    let xml = folder.join("extract.osm");
    let mut convert = Command::new("osmium");
    convert.args(["cat", "--overwrite", "--no-progress", "-o"]).arg(&xml).arg(&args.file);
    files::run(&mut convert).context("osmium is Debian's package osmium-tool")?;
    Ok(xml)
}
