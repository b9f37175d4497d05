//! Tasks submitted and finished per second, beside graphile-worker.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::super::files::{self, empty_folder};
use super::super::load::{CONNECTIONS, Load};
use super::super::served::Served;
use super::super::stats::{median, percentile};
use super::super::table::Table;
use super::super::{bare_route, machine};
use super::graphile_worker::GraphileWorker;
use super::submits::{Completion, Outcome, submit_and_complete};
use super::{Args, NoopServer};

/// One system that runs tasks.
struct Contender {
    name: &'static str,
    address: String,
    completion: Completion,
    runs: Vec<Outcome>,
}

/// Runs the rounds and prints the table.
pub fn run(args: &Args, folder: &Path) -> Result<()> {
    let server = NoopServer::start(&empty_folder(folder.join("noop"))?)?;
    let of_ours = |name, completion| Contender::new(name, completion, &server);
    let mut contenders = vec![
        of_ours("longhaul's engine", Completion::Poll),
        of_ours("longhaul's engine, Prefer: wait", Completion::PreferWait),
    ];
    let graphile = if args.only_longhaul { None } else { Some(GraphileWorker::start(folder)?) };
    // It has no way to wait for the end of a job.
    contenders.extend(
        graphile
            .iter()
            .map(|worker| Contender::new("graphile-worker on PostgreSQL", Completion::Poll, &worker.front)),
    );

    let bare = bare_route(folder)?;
    let load = Load::choose();
    let mut bare_rates = Vec::new();
    for _ in 0..args.rounds {
        bare_rates.push(load.requests_per_second(&bare.address, "/tasks/1.json", args.seconds)?);
        for contender in &mut contenders {
            files::sync()?;
            let outcome = submit_and_complete(
                &contender.address,
                contender.completion,
                Duration::from_secs(args.seconds),
            )?;
            println!("{}: {:.0} tasks/s", contender.name, outcome.rate());
            contender.runs.push(outcome);
        }
    }
    println!(
        "\nno-op tasks over HTTP, {CONNECTIONS} connections, {} s a run, the load generator on the same machine; {}\n",
        args.seconds,
        machine::describe(folder)
    );
    report(&contenders, &bare_rates);
    Ok(())
}

/// The rate of a bare axum route in the same run, as a measure of the machine.
fn bare_route(folder: &Path) -> Result<Served> {
    let bodies = ["json", "xml"].map(|format| folder.join(format!("finished.{format}")));
    for body in &bodies {
        std::fs::write(body, r#"{"task":{"id":1,"status":"FINISHED","description":"Doing nothing."}}"#)?;
    }
    bare_route::start(&bodies)
}

impl Contender {
    fn new(name: &'static str, completion: Completion, server: &Served) -> Self {
        Self { name, address: server.address.clone(), completion, runs: Vec::new() }
    }
}

fn report(contenders: &[Contender], bare_rates: &[f64]) {
    let mut table = Table::new([
        "",
        "tasks/s",
        "median",
        "of bare axum's requests/s",
        "submit p50 ms",
        "submit p99 ms",
        "polls per task",
    ]);
    for contender in contenders {
        let rates: Vec<f64> = contender.runs.iter().map(Outcome::rate).collect();
        let parts: Vec<f64> = rates.iter().zip(bare_rates).map(|(rate, bare)| rate / bare).collect();
        let submits: Vec<f64> = contender.runs.iter().flat_map(|run| run.submits.iter().copied()).collect();
        let polls: u64 = contender.runs.iter().map(|run| run.polls).sum();
        let seen: u64 = contender.runs.iter().map(|run| run.seen).sum();
        table.row(vec![
            contender.name.to_owned(),
            rates.iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(" "),
            format!("{:.0}", median(&rates)),
            format!("{:.3}", median(&parts)),
            format!("{:.2}", percentile(&submits, 50.0)),
            format!("{:.2}", percentile(&submits, 99.0)),
            format!("{:.2}", polls as f64 / seen as f64),
        ]);
    }
    table.print();
    let each: Vec<String> = bare_rates.iter().map(|rate| format!("{rate:.0}")).collect();
    println!("\nbare axum answered {:.0} requests/s ({})", median(bare_rates), each.join(" "));
}
