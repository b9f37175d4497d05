//! `cargo xtask bench import`: one GeoPackage, three ways.
//!
//! - Longhaul: from the first byte of the upload to the first poll that says FINISHED. A new server and repository each round.
//! - `ogr2ogr` copies the file into another GeoPackage.
//! - `git fast-import --depth=0` of the same blobs, paths and commit as Longhaul made, which is how Kart imports.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::contender::{self, Contender, MIB, Run};
use super::files::{self, empty_folder, pack_bytes, run as run_command, stdout_of};
use super::longhaul::{self, Binary, Longhaul};
use super::{buildings, machine, watched};

const POLL_EVERY: Duration = Duration::from_millis(3);

/// The options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub binary: Binary,
    /// Number of polygons in the GeoPackage
    #[arg(long, default_value_t = 500_000)]
    pub features: u64,
    /// Rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Run Longhaul alone
    #[arg(long)]
    pub only_longhaul: bool,
    /// Measure the time until a cancel takes effect
    #[arg(long)]
    pub cancel: bool,
    /// Number of cancels to measure
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub cancels: u32,
}

/// Runs the rounds and prints the table.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    let binary = args.binary.get()?;
    let source = buildings::geopackage(&folder, args.features)?;
    let stream = folder.join(format!("buildings-{}.stream", args.features));
    let [mut ours, mut ogr, mut fast] =
        ["longhaul over HTTP", "ogr2ogr copy", "git fast-import"].map(Contender::new);

    warm(&source)?;
    for round in 0..args.rounds {
        let repository = ours.add(import_with_longhaul(&binary, &folder, &source)?);
        if round == 0 {
            verify(&repository, args.features)?;
        }
        if args.only_longhaul {
            continue;
        }
        if round == 0 {
            export(&repository, &stream)?;
        }
        ogr.add(copy_with_ogr2ogr(&folder, &source)?);
        fast.add(import_with_git(&folder, &stream)?);
    }

    let contenders: Vec<Contender> =
        [ours, ogr, fast].into_iter().filter(|contender| !contender.runs.is_empty()).collect();
    report(&contenders, args.features, &source, &folder)
}

/// Reads the file once, so that the first contender finds it in the page cache.
fn warm(source: &Path) -> Result<()> {
    std::io::copy(&mut File::open(source)?, &mut std::io::sink())?;
    Ok(())
}

fn import_with_longhaul(binary: &Path, folder: &Path, source: &Path) -> Result<(Run, PathBuf)> {
    let data = empty_folder(folder.join("longhaul"))?;
    files::sync()?;
    let server = Longhaul::start(binary, data)?;
    let repository = server.create("bench")?;
    let mut client = server.client()?;

    let before = server.usage();
    let started = Instant::now();
    let task = longhaul::import(&mut client, "bench", source)?;
    let uploaded = started.elapsed().as_secs_f64();
    let document = longhaul::wait_for(&mut client, task, POLL_EVERY)?;
    let seconds = started.elapsed().as_secs_f64();
    longhaul::expect_finished(&document)?;

    let mut usage = server.usage();
    usage.cpu -= before.cpu;
    let resident = usage.resident as f64 / MIB;
    println!(
        "longhaul: {seconds:.3} s, of which {uploaded:.3} s until the upload was answered; {resident:.0} MiB resident afterwards"
    );
    Ok((Run { seconds, usage, bytes: pack_bytes(&repository)? }, repository))
}

/// Checks the number of features, and the repository with `git fsck`.
fn verify(repository: &Path, features: u64) -> Result<()> {
    let paths = stdout_of(git(repository).args(["ls-tree", "-r", "--name-only", "HEAD"]))?;
    let found = paths.lines().filter(|path| path.contains("/.table-dataset/feature/")).count() as u64;
    ensure!(found == features, "{found} features in the commit instead of {features}");
    run_command(git(repository).args(["fsck", "--strict", "--full"]))?;
    println!("verified: {found} features in the commit, git fsck --strict --full is content");
    Ok(())
}

/// The repository's branch as a stream for git fast-import.
fn export(repository: &Path, stream: &Path) -> Result<()> {
    let status = git(repository).args(["fast-export", "--all"]).stdout(File::create(stream)?).status()?;
    ensure!(status.success(), "git fast-export: {status}");
    warm(stream)
}

fn copy_with_ogr2ogr(folder: &Path, source: &Path) -> Result<(Run, ())> {
    let copy = empty_folder(folder.join("ogr2ogr"))?.join("copy.gpkg");
    files::sync()?;
    let mut command = Command::new("ogr2ogr");
    command.args(["-f", "GPKG"]).arg(&copy).arg(source).stdin(Stdio::null());
    let (seconds, usage) = watched::run(&mut command).context("ogr2ogr is Debian's package gdal-bin")?;
    println!("ogr2ogr: {seconds:.3} s");
    Ok((Run { seconds, usage, bytes: copy.metadata()?.len() }, ()))
}

fn import_with_git(folder: &Path, stream: &Path) -> Result<(Run, ())> {
    let repository = empty_folder(folder.join("fast-import.git"))?;
    run_command(git(&repository).args(["init", "--quiet", "--bare"]))?;
    files::sync()?;
    let mut command = git(&repository);
    command.args(["fast-import", "--depth=0", "--quiet"]).stdin(File::open(stream)?);
    let (seconds, usage) = watched::run(&mut command)?;
    println!("git fast-import: {seconds:.3} s");
    Ok((Run { seconds, usage, bytes: pack_bytes(&repository)? }, ()))
}

fn git(repository: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(repository);
    git
}

fn report(contenders: &[Contender], features: u64, source: &Path, folder: &Path) -> Result<()> {
    let size = source.metadata()?.len() as f64 / 1e6;
    println!("\n{features} polygons, {size:.0} MB GeoPackage; {}\n", machine::describe(folder));
    contender::table(contenders, features, "features/s").print();
    if let [ours, _, fast] = contenders {
        let [ours, fast] = [ours, fast].map(|contender| contender.median(|run| run.bytes as f64));
        println!("\nLonghaul's pack is {:.3} × the size of git fast-import's.", ours / fast);
    }
    Ok(())
}
