//! `longhaul demo`: starts a server and shows an import, step by step, over HTTP.

mod commit;
mod data_folder;
mod export;
mod next_steps;
mod output;
mod server;
mod steps;
mod stop_signals;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use crate::cli::{client::Client, tasks::INTERRUPTED};

use data_folder::DemoFolder;
use output::Output;
use server::DemoServer;
use steps::Steps;
use stop_signals::StopSignals;

/// Start a server in a temporary folder, import a map of the world and show each step
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul demo                      shows everything and removes its data
  longhaul demo --stay               keeps the server running, for your own requests
  longhaul demo --stay --data world  also keeps the data

The map is Natural Earth at 1:110m (public domain, https://www.naturalearthdata.com); it is part of this program.")]
pub struct DemoArgs {
    /// Keep the server running until Ctrl-C
    #[arg(long)]
    stay: bool,

    /// Data folder, which is kept [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The map of the world.
const MAP: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/natural-earth-110m.gpkg"));
const MAP_NAME: &str = "natural-earth-110m.gpkg";

/// Runs the demo.
///
/// # Errors
/// If a step fails, or the output cannot be written.
pub async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let mut signals = StopSignals::listen().context("listening for Ctrl-C")?;
    let stopped = Ok(ExitCode::from(if args.stay { 0 } else { INTERRUPTED }));
    let folder = DemoFolder::new(args.data)?;
    let server = tokio::select! {
        server = DemoServer::start(folder.path()) => server?,
        () = signals.wait() => return stopped,
    };
    let done = tokio::select! {
        done = show(&server, &folder, args.stay) => done.map(|()| ExitCode::SUCCESS),
        () = signals.wait() => stopped,
    };
    server.stop().await;
    folder.remove()?;
    done
}

async fn show(server: &DemoServer, folder: &DemoFolder, stay: bool) -> anyhow::Result<()> {
    let mut out = Output;
    out.title("Longhaul: a GeoPackage becomes a commit while you watch the task")?;
    out.heading("A server")?;
    out.command(&server.command)?;
    out.line(&format!("listening on {}", server.address))?;

    let client = Client::new(server.address.clone(), None)?;
    let steps = Steps::new(&client, folder);
    let repository = steps.create_repository(&mut out).await?;
    let task = steps.start_import(&mut out, &repository).await?;
    let task = steps.poll(&mut out, task).await?;
    steps.show_final_document(&mut out, &task)?;
    commit::show_from_server(&mut out, &client, &repository).await?;
    commit::show_from_git(&mut out, folder, &repository).await?;
    let task = export::show(&mut out, &client, folder, &repository).await?;
    match stay {
        false => next_steps::for_new_server(&mut out),
        true => {
            next_steps::for_running_server(&mut out, &client, folder, &task)?;
            std::future::pending().await
        }
    }
}
