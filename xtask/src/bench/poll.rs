//! `cargo xtask bench poll`: polls of a finished task, beside a bare axum route that sends the same bytes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::files::{self, empty_folder};
use super::http::Client;
use super::load::Load;
use super::longhaul::{self, Binary, Importing, Longhaul};
use super::stats::{median, percentile};
use super::table::Table;
use super::{bare_route, buildings, machine};

const FORMATS: [&str; 2] = ["json", "xml"];

/// The options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    binary: Binary,
    /// Rounds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds of each run
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Number of polls of the single poller
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    polls: u32,
    /// Measure while Longhaul repeatedly imports this many polygons
    #[arg(long, value_name = "FEATURES")]
    importing: Option<u64>,
}

/// One server and one format.
struct Contender {
    name: String,
    address: String,
    path: String,
    /// Bytes of a whole response, including headers.
    bytes: usize,
    rates: Vec<f64>,
    latencies: Vec<f64>,
}

/// Runs the rounds and prints the table.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    let server = Longhaul::start(&args.binary.get()?, empty_folder(folder.join("longhaul"))?)?;
    let task = finished_task(&server, &folder)?;
    let bodies = save_bodies(&server, task, &folder)?;
    let bare = bare_route::start(&bodies)?;
    let load_beside = args.importing.map(|features| {
        let file = buildings::geopackage(&folder, features)?;
        anyhow::Ok(Importing::start(&server, file))
    });
    let load_beside = load_beside.transpose()?;

    let load = Load::choose();
    let mut contenders = Vec::new();
    for format in FORMATS {
        contenders.push(Contender::new("longhaul", &server.address, &format!("/tasks/{task}.{format}"))?);
        contenders.push(Contender::new("bare axum", &bare.address, &format!("/tasks/1.{format}"))?);
    }
    for _ in 0..args.rounds {
        for contender in &mut contenders {
            contender.rates.push(load.requests_per_second(
                &contender.address,
                &contender.path,
                args.seconds,
            )?);
            contender.poll_alone(args.polls / args.rounds)?;
        }
    }
    println!("\n{}; {}\n", load.describe(args.seconds), machine::describe(&folder));
    report(&contenders);
    if let Some(importing) = load_beside {
        println!("\nmeanwhile Longhaul made {} imports", importing.stop()?);
    }
    Ok(())
}

fn finished_task(server: &Longhaul, folder: &Path) -> Result<u64> {
    server.create("bench")?;
    let mut client = server.client()?;
    let task = longhaul::import(&mut client, "bench", &buildings::geopackage(folder, 1000)?)?;
    longhaul::expect_finished(&longhaul::wait_for(&mut client, task, Duration::from_millis(3))?)?;
    Ok(task)
}

/// Stores the response of Longhaul for the bare route.
fn save_bodies(server: &Longhaul, task: u64, folder: &Path) -> Result<[std::path::PathBuf; 2]> {
    let mut client = server.client()?;
    let bodies = FORMATS.map(|format| folder.join(format!("poll.{format}")));
    for (format, file) in FORMATS.iter().zip(&bodies) {
        std::fs::write(file, client.send("GET", &format!("/tasks/{task}.{format}"))?.body)?;
    }
    Ok(bodies)
}

impl Contender {
    fn new(server: &str, address: &str, path: &str) -> Result<Self> {
        let answer = Client::connect(address)?.send("GET", path)?;
        let format = path.rsplit('.').next().unwrap_or_default().to_uppercase();
        Ok(Self {
            name: format!("{server}, {format}"),
            address: address.to_owned(),
            path: path.to_owned(),
            bytes: answer.bytes,
            rates: Vec::new(),
            latencies: Vec::new(),
        })
    }

    /// Polls with one client without pauses; returns latencies in microseconds.
    fn poll_alone(&mut self, polls: u32) -> Result<()> {
        let mut client = Client::connect(&self.address)?;
        for _ in 0..polls {
            let sent = Instant::now();
            client.send("GET", &self.path)?;
            self.latencies.push(sent.elapsed().as_secs_f64() * 1e6);
        }
        Ok(())
    }
}

fn report(contenders: &[Contender]) {
    let mut table =
        Table::new(["", "polls/s", "median", "of bare axum", "bytes", "single poller p50 µs", "p99 µs"]);
    for pair in contenders.chunks(2) {
        let bare = &pair[1].rates;
        for contender in pair {
            let each: Vec<String> = contender.rates.iter().map(|rate| format!("{rate:.0}")).collect();
            // Computed per round, because the speed of the machine may change between rounds.
            let parts: Vec<f64> = contender.rates.iter().zip(bare).map(|(rate, bare)| rate / bare).collect();
            table.row(vec![
                contender.name.clone(),
                each.join(" "),
                format!("{:.0}", median(&contender.rates)),
                format!("{:.1} %", 100.0 * median(&parts)),
                contender.bytes.to_string(),
                format!("{:.0}", percentile(&contender.latencies, 50.0)),
                format!("{:.0}", percentile(&contender.latencies, 99.0)),
            ]);
        }
    }
    table.print();
}
