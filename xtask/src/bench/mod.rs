//! `cargo xtask bench`: measures Longhaul and comparable programs in one run on one machine.
//!
//! The programs alternate, round by round, so that other load on the machine affects all of them; the tables show the median.

mod bare_route;
mod buildings;
mod cancel;
mod changes;
mod clients;
mod contender;
mod export;
mod files;
mod http;
mod import;
mod load;
mod longhaul;
mod machine;
mod ogc;
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

/// Measure Longhaul and comparable programs on this machine
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Import of a GeoPackage through the web API, beside ogr2ogr and git fast-import; with --cancel, the time until a cancel
    /// takes effect
    Import(import::Args),
    /// What differs between two versions of a layer, and the log of many commits with its counts
    Changes(changes::Args),
    /// Export of a layer as a GeoPackage and as a FlatGeobuf, beside ogr2ogr
    Export(export::Args),
    /// Import of OpenStreetMap data through the web API, beside ogr2ogr and osmium; with --reader, reading a file only; with
    /// --download and --cancel, downloads and their cancel
    Osm(osm::Args),
    /// The index of a layer, and pages of features in a window, through OGC API – Features
    Ogc(ogc::Args),
    /// Polls of a finished task, beside a bare axum route that sends the same bytes
    Poll(poll::Args),
    /// No-op tasks with the durable store, beside graphile-worker on PostgreSQL; long polls, events, many ended tasks, restart
    Tasks(tasks::Args),
    /// Serve two files, for the poll benchmark
    #[command(hide = true)]
    BareRoute(bare_route::Args),
    /// Serve no-op tasks
    #[command(hide = true)]
    NoopServer(tasks::NoopServer),
}

/// Runs the chosen benchmark and prints its figures.
pub fn run(args: Args) -> Result<()> {
    match args.what {
        What::Import(args) if args.cancel => cancel::run(&args),
        What::Import(args) => import::run(&args),
        What::Changes(args) => changes::run(&args),
        What::Export(args) => export::run(&args),
        What::Osm(args) => osm::run(&args),
        What::Ogc(args) => ogc::run(&args),
        What::Poll(args) => poll::run(&args),
        What::Tasks(args) => tasks::run(&args),
        What::BareRoute(args) => bare_route::run(&args),
        What::NoopServer(args) => args.run(),
    }
}
