//! The time from a change to the clients that wait for it, by long poll and by events.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::super::clients::length_of;
use super::super::files::empty_folder;
use super::super::http::Client;
use super::super::stats::percentile;
use super::NoopServer;

/// The pause between two changes.
const PACE: Duration = Duration::from_millis(5);

/// The paths of the requests; `$` stands for the id of the task.
const WAYS: [(&str, &str); 2] = [("long poll", "/tasks/$.json?wait=60"), ("events", "/tasks/$/events")];

/// Measures both ways and prints.
pub fn run(clients: usize, folder: &Path) -> Result<()> {
    let server = NoopServer::start(&empty_folder(folder.join("noop"))?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("\n{clients} clients, from the request that cancels a waiting task until they read CANCELLED:");
    for (way, path) in WAYS {
        let each = runtime.block_on(each_its_own(&server.address, path, clients))?;
        println!(
            "{way}, each its own task: p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms",
            percentile(&each, 50.0),
            percentile(&each, 95.0),
            percentile(&each, 100.0)
        );
        let one = runtime.block_on(all_the_same(&server.address, path, clients))?;
        println!("{way}, all the same task: the last after {:.2} ms", percentile(&one, 100.0));
    }
    Ok(())
}

/// Milliseconds from each change to the client that waited for it.
async fn each_its_own(address: &str, path: &str, clients: usize) -> Result<Vec<f64>> {
    let first = waiting_tasks(address, clients)?;
    let (seen, mut changes) = mpsc::unbounded_channel();
    for number in 0..clients as u64 {
        wait(address, path, first + number, seen.clone()).await?;
    }
    let mut took = Vec::new();
    let mut canceller = TcpStream::connect(address).await?;
    for number in 0..clients as u64 {
        let task = first + number;
        let sent = Instant::now();
        cancel(&mut canceller, address, task).await?;
        let (of, at) = changes.recv().await.context("all clients are gone")??;
        ensure!(of == task, "task {of} changed instead of task {task}");
        took.push(at.duration_since(sent).as_secs_f64() * 1000.0);
        tokio::time::sleep(PACE).await;
    }
    Ok(took)
}

/// Milliseconds from one change to each of the clients.
async fn all_the_same(address: &str, path: &str, clients: usize) -> Result<Vec<f64>> {
    let task = waiting_tasks(address, 1)?;
    let (seen, mut changes) = mpsc::unbounded_channel();
    for _ in 0..clients {
        wait(address, path, task, seen.clone()).await?;
    }
    let sent = Instant::now();
    cancel(&mut TcpStream::connect(address).await?, address, task).await?;
    let mut took = Vec::new();
    for _ in 0..clients {
        let (_, at) = changes.recv().await.context("all clients are gone")??;
        took.push(at.duration_since(sent).as_secs_f64() * 1000.0);
    }
    Ok(took)
}

/// Submits waiting tasks and returns the id of the first.
fn waiting_tasks(address: &str, count: usize) -> Result<u64> {
    let answer = Client::connect(address)?.send("POST", &format!("/waiting/{count}"))?;
    let text = String::from_utf8(answer.success()?.body)?;
    text.trim().parse().with_context(|| format!("not a number: {text}"))
}

type Seen = mpsc::UnboundedSender<Result<(u64, Instant)>>;

/// Sends the request, and reports when the task is CANCELLED.
async fn wait(address: &str, path: &str, task: u64, seen: Seen) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let path = path.replace('$', &task.to_string());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    tokio::spawn(async move {
        let at = until_cancelled(&mut stream).await;
        let _ = seen.send(at.map(|at| (task, at)));
    });
    Ok(())
}

async fn until_cancelled(stream: &mut TcpStream) -> Result<Instant> {
    let mut text = Vec::new();
    while !text.windows(9).any(|nine| nine == b"CANCELLED") {
        let read = stream.read_buf(&mut text).await?;
        ensure!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(&text));
    }
    Ok(Instant::now())
}

async fn cancel(stream: &mut TcpStream, address: &str, task: u64) -> Result<()> {
    let request = format!("DELETE /tasks/{task}.json HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = vec![0; 64 * 1024];
    read_answer(stream, &mut buffer).await?;
    Ok(())
}

/// Reads one response into `buffer`. Returns an error unless it is a success.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    loop {
        let more = stream.read(&mut buffer[filled..]).await?;
        ensure!(more > 0, "the server closed the connection, or its answer is too long");
        filled += more;
        if length_of(&buffer[..filled])? == Some(filled) {
            return Ok(());
        }
    }
}
