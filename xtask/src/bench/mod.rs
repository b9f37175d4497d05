//! `cargo xtask bench`: Longhaul beside its neighbours, from one run on one machine.
//!
//! Contenders take turns, round by round, so that whatever else the machine does hits all of them; what is told is the median.

mod bare_route;
mod buildings;
mod cancel;
mod clients;
mod contender;
mod files;
mod http;
mod import;
mod load;
mod longhaul;
mod machine;
mod osm;
mod osm_download;
mod overpass;
mod poll;
mod random;
mod served;
mod stats;
mod table;
mod tasks;
mod watched;

use anyhow::Result;
use clap::Subcommand;

/// Measures Longhaul beside its neighbours on this machine.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A GeoPackage through the web API, beside ogr2ogr and git fast-import; with --cancel, how soon a cancel is obeyed
    Import(import::Args),
    /// OpenStreetMap data through the web API, beside ogr2ogr and osmium; with --reader, how fast a file is read
    /// alone; with --download and --cancel, how fast and how obedient downloads are
    Osm(osm::Args),
    /// Polls of a finished task, beside a bare axum route that answers the same bytes
    Poll(poll::Args),
    /// No-op tasks with the durable store, beside BullMQ on Redis and graphile-worker on PostgreSQL; waiting, keeping, starting again
    Tasks(tasks::Args),
    /// Serves two files, as the poll benchmark's yardstick
    #[command(hide = true)]
    BareRoute(bare_route::Args),
    /// Offers tasks that do nothing
    #[command(hide = true)]
    NoopServer(tasks::NoopServer),
}

/// Runs the chosen benchmark and prints its figures.
pub fn run(args: Args) -> Result<()> {
    match args.what {
        What::Import(args) if args.cancel => cancel::run(&args),
        What::Import(args) => import::run(&args),
        What::Osm(args) => osm::run(&args),
        What::Poll(args) => poll::run(&args),
        What::Tasks(args) => tasks::run(&args),
        What::BareRoute(args) => bare_route::run(&args),
        What::NoopServer(args) => args.run(),
    }
}
