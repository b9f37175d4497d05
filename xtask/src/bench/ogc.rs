//! `cargo xtask bench ogc`: the index of a layer, and pages of features in a window, through the web API.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::files::{self, empty_folder};
use super::http::Client;
use super::longhaul::{self, Binary, Longhaul};
use super::random::Random;
use super::stats::{median, percentile};
use super::table::Table;
use super::{buildings, machine};

const ITEMS: &str = "/repos/bench/collections/buildings/items";
/// A window's sides, as a share of the extent's: one feature of a hundred lies in it.
const SIDE: f64 = 0.1;

/// The options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    binary: Binary,
    /// Number of polygons in the layer
    #[arg(long, default_value_t = 500_000)]
    features: u64,
    /// Rounds: in each, the index is made and pages are read
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Pages in a round
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pages: u32,
}

/// Runs the rounds and prints the table.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    // Before a client connects: the server closes connections that idle.
    let file = buildings::geopackage(&folder, args.features)?;
    let data = empty_folder(folder.join("longhaul"))?;
    let server = Longhaul::start(&args.binary.get()?, data.clone())?;
    server.create("bench")?;
    let mut client = server.client()?;
    let task = longhaul::import(&mut client, "bench", &file)?;
    longhaul::expect_finished(&longhaul::wait_for(&mut client, task, Duration::from_millis(3))?)?;

    let (mut builds, mut pages, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let mut random = Random::seeded(7);
    for _ in 0..args.rounds {
        builds.push(make_index(&mut client, &data, args.features)?);
        let extent = extent(&mut client)?;
        for _ in 0..args.pages {
            let (seconds, bytes) = read_page(&mut client, &mut random, extent)?;
            pages.push(seconds * 1e3);
            sizes.push(bytes as f64 / 1e3);
        }
    }
    println!("\n{} polygons; {}\n", args.features, machine::describe(&folder));
    let mut table = Table::new(["", "median", "95 %", "slowest"]);
    let cells = |values: &[f64], unit: &str| {
        let shown = [median(values), percentile(values, 95.0), percentile(values, 100.0)];
        shown.map(|value| format!("{value:.2} {unit}")).to_vec()
    };
    let mut row = |what: &str, cells| table.row([vec![what.to_owned()], cells].concat());
    row("the index is made, and one feature sent", cells(&builds, "s"));
    row("a page of 1,000 features in a window of 1 %", cells(&pages, "ms"));
    table.print();
    println!("\na page has {:.0} kB; peak memory of the server {:.0} MiB", median(&sizes), peak(&server));
    Ok(())
}

fn peak(server: &Longhaul) -> f64 {
    server.usage().peak as f64 / super::contender::MIB
}

/// Removes the index and asks for a feature; returns the seconds until it came.
fn make_index(client: &mut Client, data: &Path, features: u64) -> Result<f64> {
    empty_folder(data.join("cache/index"))?;
    let started = Instant::now();
    let page = client.get(&format!("{ITEMS}?limit=1"))?;
    let seconds = started.elapsed().as_secs_f64();
    ensure!(page["numberMatched"] == features, "{} features are in the index", page["numberMatched"]);
    println!("index: {seconds:.3} s");
    Ok(seconds)
}

fn extent(client: &mut Client) -> Result<[f64; 4]> {
    let collection: Value = client.get("/repos/bench/collections/buildings")?;
    let bbox = collection["extent"]["spatial"]["bbox"][0].clone();
    serde_json::from_value(bbox).context("the collection has no extent")
}

/// Reads a page of a random window; its seconds and bytes.
fn read_page(
    client: &mut Client,
    random: &mut Random,
    [min_x, min_y, max_x, max_y]: [f64; 4],
) -> Result<(f64, usize)> {
    let (width, height) = (max_x - min_x, max_y - min_y);
    let x = min_x + random.unit() * (1.0 - SIDE) * width;
    let y = min_y + random.unit() * (1.0 - SIDE) * height;
    let target = format!("{ITEMS}?limit=1000&bbox={x},{y},{},{}", x + SIDE * width, y + SIDE * height);
    let started = Instant::now();
    let answer = client.send("GET", &target)?;
    let seconds = started.elapsed().as_secs_f64();
    let page: Value = serde_json::from_slice(&answer.body)?;
    ensure!(page["numberReturned"] == 1000, "{target}: {} features", page["numberReturned"]);
    Ok((seconds, answer.bytes))
}
