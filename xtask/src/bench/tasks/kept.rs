//! Many ended tasks: their memory, the time for lists, the time for a restart.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::super::files::empty_folder;
use super::super::http::Client;
use super::super::stats::percentile;
use super::super::table::Table;
use super::NoopServer;

/// Requests for each list.
const TIMES: usize = 30;

/// First pages, also of filters that match few or no tasks.
const LISTS: [&str; 9] = [
    "limit=100",
    "status=FINISHED&limit=100",
    "status=WAITING&limit=100",
    "status=FAILED&limit=100",
    "owner=owner-7&limit=100",
    "owner=nobody&limit=100",
    "kind=noop&limit=100",
    "kind=none&limit=100",
    "since=2100-01-01T00:00:00Z&limit=100",
];

/// Fills a store with tasks, measures and prints.
pub fn run(count: u64, folder: &Path) -> Result<()> {
    let store = empty_folder(folder.join("noop"))?;
    let server = NoopServer::start(&store)?;
    let mut client = Client::connect(&server.address)?;
    client.send("POST", "/fill/1000")?.success()?;
    let before = server.usage().resident;
    let filling = Instant::now();
    client.send("POST", &format!("/fill/{count}"))?.success()?;
    let took = filling.elapsed().as_secs_f64();
    let bytes = server.usage().resident.saturating_sub(before) as f64 / count as f64;
    println!("\n{count} kept tasks: {bytes:.0} bytes each in memory; run to their ends in {took:.1} s");
    lists(&mut client)?;

    drop((client, server));
    let starting = Instant::now();
    let server = NoopServer::start(&store)?;
    let mut client = Client::connect(&server.address)?;
    let last = client.send("GET", &format!("/tasks/{count}.json"))?;
    println!("after SIGKILL it answers again in {:.2} s", starting.elapsed().as_secs_f64());
    ensure!(last.status == 200, "task {count} is gone after the restart");
    let bytes = server.usage().resident as f64 / count as f64;
    println!("{bytes:.0} bytes each in memory then, with all else");
    lists(&mut client)
}

fn lists(client: &mut Client) -> Result<()> {
    let mut table = Table::new(["first page of", "tasks", "p50 ms", "max ms"]);
    for list in LISTS {
        let path = format!("/tasks.json?{list}");
        let mut times = Vec::new();
        let mut tasks = 0;
        for _ in 0..TIMES {
            let sent = Instant::now();
            let document = client.send("GET", &path)?;
            times.push(sent.elapsed().as_secs_f64() * 1000.0);
            tasks = document.json()?["tasks"].as_array().map_or(0, Vec::len);
        }
        let [median, worst] = [50.0, 100.0].map(|percent| format!("{:.2}", percentile(&times, percent)));
        table.row(vec![list.to_owned(), tasks.to_string(), median, worst]);
    }
    table.print();
    Ok(())
}
