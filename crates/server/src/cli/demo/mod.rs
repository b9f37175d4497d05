//! `longhaul demo`: everything once, in a few seconds, through real HTTP.

mod by_hand;
mod folder;
mod page;
mod proof;
mod server;
mod story;
mod told_to_stop;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use crate::cli::{client::Client, tasks::INTERRUPTED};

use folder::Folder;
use page::Page;
use server::Server;
use story::Story;
use told_to_stop::ToldToStop;

/// Start a server on a scratch folder, import a map of the world, and show each step
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul demo                      shows everything and leaves nothing behind
  longhaul demo --stay               leaves the server up, to try it by hand
  longhaul demo --stay --data world  and keeps what it makes

The map is Natural Earth at 1:110m (public domain, https://www.naturalearthdata.com); it is part of this program.")]
pub struct DemoArgs {
    /// Leave the server up until Ctrl-C
    #[arg(long)]
    stay: bool,

    /// Keep everything in this folder [default: a scratch folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The map of the world.
const MAP: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/natural-earth-110m.gpkg"));
const MAP_NAME: &str = "natural-earth-110m.gpkg";

/// Shows the demo.
///
/// # Errors
/// If a step fails, or the output cannot be written.
pub async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let mut told_to_stop = ToldToStop::listen().context("listening for Ctrl-C")?;
    let stopped = Ok(ExitCode::from(if args.stay { 0 } else { INTERRUPTED }));
    let folder = Folder::new(args.data)?;
    let server = tokio::select! {
        server = Server::start(folder.path()) => server?,
        () = told_to_stop.wait() => return stopped,
    };
    let done = tokio::select! {
        done = show(&server, &folder, args.stay) => done.map(|()| ExitCode::SUCCESS),
        () = told_to_stop.wait() => stopped,
    };
    server.stop().await;
    folder.remove()?;
    done
}

async fn show(server: &Server, folder: &Folder, stay: bool) -> anyhow::Result<()> {
    let mut page = Page;
    page.title("Longhaul: a GeoPackage becomes a commit while you watch the task")?;
    page.heading("A server")?;
    page.command(&server.command)?;
    page.line(&format!("listening on {}", server.address))?;

    let client = Client::new(server.address.clone(), None)?;
    let story = Story::new(&client, folder);
    let repository = story.make_repository(&mut page).await?;
    let task = story.start_import(&mut page, &repository).await?;
    let task = story.poll(&mut page, task).await?;
    story.show_end(&mut page, &task)?;
    proof::of_server(&mut page, &client, &repository).await?;
    proof::of_git(&mut page, folder, &repository).await?;
    match stay {
        false => by_hand::elsewhere(&mut page),
        true => {
            by_hand::here(&mut page, &client, folder, &task)?;
            std::future::pending().await
        }
    }
}
