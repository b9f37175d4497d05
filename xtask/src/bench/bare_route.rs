//! A bare axum server that sends two files from memory, as the baseline for HTTP.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use tokio::net::TcpListener;

use super::served::Served;

/// What to serve.
#[derive(clap::Args)]
pub struct Args {
    /// The body of `/tasks/1.json`
    json: PathBuf,
    /// The body of `/tasks/1.xml`
    xml: PathBuf,
}

/// Starts this program as a server of two files.
pub fn start(bodies: &[PathBuf; 2]) -> Result<Served> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "bare-route"]).args(bodies);
    Served::start(command)
}

/// Serves until killed. Prints `listening on http://ADDRESS` first, as Longhaul does.
pub fn run(args: &Args) -> Result<()> {
    let routes = Router::new()
        .route("/tasks/1.json", file("application/json", std::fs::read(&args.json)?))
        .route("/tasks/1.xml", file("application/xml", std::fs::read(&args.xml)?));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, routes).await?;
        Ok(())
    })
}

fn file(content_type: &'static str, body: Vec<u8>) -> MethodRouter {
    let body = Arc::new(Bytes::from(body));
    get(move || async move { ([(CONTENT_TYPE, content_type)], Bytes::clone(&body)) })
}
