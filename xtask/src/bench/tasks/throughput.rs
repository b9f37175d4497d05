//! Tasks submitted, run and seen FINISHED per second, beside the peers.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::super::files::{self, emptied};
use super::super::load::CONNECTIONS;
use super::super::machine;
use super::super::served::Served;
use super::super::stats::{median, percentile};
use super::super::table::Table;
use super::submits::{Outcome, submit_and_see};
use super::{Args, NoopServer, peers};

/// One system that runs tasks.
struct Contender {
    name: &'static str,
    address: String,
    runs: Vec<Outcome>,
}

/// Runs the rounds and prints the table.
pub fn run(args: &Args, folder: &Path) -> Result<()> {
    let server = NoopServer::start(&emptied(folder.join("noop"))?)?;
    let mut contenders = vec![Contender::of("longhaul's engine", &server)];
    let peers = if args.only_longhaul { Vec::new() } else { peers::start(folder)? };
    contenders.extend(peers.iter().map(|peer| Contender::of(peer.name, &peer.front)));

    for _ in 0..args.rounds {
        for contender in &mut contenders {
            files::sync()?;
            let outcome = submit_and_see(&contender.address, Duration::from_secs(args.seconds))?;
            println!("{}: {:.0} tasks/s", contender.name, outcome.rate());
            contender.runs.push(outcome);
        }
    }
    println!(
        "\nno-op tasks over HTTP, {CONNECTIONS} connections, {} s a run, the load generator on the same machine; {}\n",
        args.seconds,
        machine::describe(folder)
    );
    report(&contenders);
    Ok(())
}

impl Contender {
    fn of(name: &'static str, server: &Served) -> Self {
        Self { name, address: server.address.clone(), runs: Vec::new() }
    }
}

fn report(contenders: &[Contender]) {
    let mut table = Table::new(["", "tasks/s", "median", "submit p50 ms", "submit p99 ms", "polls per task"]);
    for contender in contenders {
        let rates: Vec<f64> = contender.runs.iter().map(Outcome::rate).collect();
        let submits: Vec<f64> = contender.runs.iter().flat_map(|run| run.submits.iter().copied()).collect();
        let polls: u64 = contender.runs.iter().map(|run| run.polls).sum();
        let seen: u64 = contender.runs.iter().map(|run| run.seen).sum();
        table.row(vec![
            contender.name.to_owned(),
            rates.iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(" "),
            format!("{:.0}", median(&rates)),
            format!("{:.2}", percentile(&submits, 50.0)),
            format!("{:.2}", percentile(&submits, 99.0)),
            format!("{:.2}", polls as f64 / seen as f64),
        ]);
    }
    table.print();
}
