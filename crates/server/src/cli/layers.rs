//! `longhaul layers`: lists the layers of a repository.

use std::{io::Write, process::ExitCode};

use clap::Args;
use indicatif::HumanCount;

use crate::cli::tasks::{ServerArg, printable};

/// List the layers of a server's repository
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul layers city
  longhaul layers city --ref v1.2")]
pub struct LayersArgs {
    /// Repository whose layers are listed
    repo: String,

    /// Branch, tag or commit [default: HEAD]
    #[arg(long = "ref", value_name = "REF")]
    revision: Option<String>,

    #[command(flatten)]
    server: ServerArg,
}

/// Prints a line for each layer: path, number of features, types of geometries, reference system.
///
/// # Errors
/// If the request fails or the output cannot be written.
pub async fn run(args: LayersArgs) -> anyhow::Result<ExitCode> {
    let client = args.server.client()?;
    let layers = client.layers(&args.repo, args.revision.as_deref()).await?;
    let width = layers.iter().map(|layer| printable(&layer.name).chars().count()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for layer in layers {
        let (name, count) = (printable(&layer.name), HumanCount(layer.count).to_string());
        let types = layer.geometry_types.join(", ");
        let crs = layer.crs.as_deref().map(printable).unwrap_or_default();
        let line = format!("{name:<width$}  {count:>11} features  {types}  {crs}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}
