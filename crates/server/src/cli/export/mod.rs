//! `longhaul export`: has a server write layers into a file, and downloads it.

mod download;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::bail;
use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use longhaul_commands::ExportFormat;
use longhaul_tasks::Status;

use crate::cli::{
    client::{Client, Task},
    exit_status::UsageError,
    tasks::{
        INTERRUPTED, Interrupts, ProgressDisplay, ServerArg, cancel_interrupted, print_outcome, printable,
    },
};
use download::Downloaded;
pub(super) use download::download;

/// How long polls may fail, for example while the server restarts.
pub(super) const RETRY_TIMEOUT: Duration = Duration::from_secs(30);

/// Write layers of a server's repository into a file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul export city roads -o roads.gpkg                 one layer as a GeoPackage
  longhaul export city -o city.gpkg                        all layers; only a GeoPackage holds more than one
  longhaul export city roads -o roads.fgb --crs EPSG:3857  FlatGeobuf, in another reference system
  longhaul export city roads -o roads.geojson              GeoJSON, always in WGS 84; also .geojsonl, .csv
  longhaul export city roads -o old.gpkg --ref v1.2        the layer of a tag, branch or commit
  longhaul export city roads -o part.gpkg --bbox 7.1,50.7,7.2,50.8,EPSG:4326

The file appears under its name once it is whole; one that is there is replaced. Ctrl-C cancels the export and leaves nothing. The exit
status is 0 if the file was written, 1 if not, 130 after Ctrl-C.")]
pub struct ExportArgs {
    /// Repository to export from
    repo: String,

    /// Layer to export [default: all layers]
    layer: Option<String>,

    /// File to write; its ending says the format: .gpkg, .fgb, .geojson, .geojsonl, .csv
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// Branch, tag or commit to export [default: HEAD]
    #[arg(long = "ref", value_name = "REF")]
    revision: Option<String>,

    /// Reference system of the file, such as EPSG:3857 [default: that of the layer]
    #[arg(long, value_name = "CRS")]
    crs: Option<String>,

    /// Only features that meet this box, easting or longitude first: MINX,MINY,MAXX,MAXY, and ,EPSG:n where it is not the layer's own system
    #[arg(long, value_name = "BOX", allow_hyphen_values = true)]
    bbox: Option<String>,

    #[command(flatten)]
    server: ServerArg,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

impl ExportArgs {
    fn format(&self) -> anyhow::Result<ExportFormat> {
        let ending = self.output.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let known = || ExportFormat::all().map(|format| format!(".{}", format.name())).collect::<Vec<_>>();
        let wrong =
            || format!("the ending of {} must be one of {}", self.output.display(), known().join(", "));
        Ok(ExportFormat::of_name(ending).ok_or_else(|| UsageError(wrong()))?)
    }

    fn parameters<'a>(&'a self, format: &'a str) -> Vec<(&'a str, &'a str)> {
        let texts =
            [("path", &self.layer), ("root", &self.revision), ("crs", &self.crs), ("bbox", &self.bbox)];
        let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        std::iter::once(("format", format)).chain(texts).collect()
    }
}

/// Exports the layers.
///
/// # Errors
/// If the file cannot be written or a request fails. A task that fails is not an error here: it is printed, and the exit status
/// tells of it.
pub async fn run(args: ExportArgs) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen();
    let format = args.format()?;
    check_folder(&args.output)?;
    let client = args.server.client()?;
    let mut display = ProgressDisplay::new(args.quiet);
    let task = client.export(&args.repo, &args.parameters(format.name())).await?;
    let followed = tokio::select! {
        ended = client.follow(task.clone(), RETRY_TIMEOUT, |task| display.task(task)) => Some(ended),
        () = interrupts.next() => None,
    };
    display.clear();
    let Some(task) = followed.transpose()? else {
        return cancel(&client, &task, &display, &mut interrupts).await;
    };
    if task.status != Status::Finished {
        return print_outcome(&task, None, false, args.quiet);
    }
    fetch(&client, &args, &task, &display, &mut interrupts).await
}

/// Downloads the file of the task.
async fn fetch(
    client: &Client,
    args: &ExportArgs,
    task: &Task,
    display: &ProgressDisplay,
    interrupts: &mut Interrupts,
) -> anyhow::Result<ExitCode> {
    let downloaded = tokio::select! {
        downloaded = download(client, task.id, &args.output) => downloaded?,
        () = interrupts.next() => {
            display.message("The download was interrupted; no file was written.");
            return Ok(INTERRUPTED.into());
        }
    };
    if !args.quiet {
        print_summary(task, &args.output, &downloaded)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn cancel(
    client: &Client,
    task: &Task,
    display: &ProgressDisplay,
    interrupts: &mut Interrupts,
) -> anyhow::Result<ExitCode> {
    if let Some(ended) = cancel_interrupted(client, task, display, interrupts).await? {
        display.message(&format!("Task {}: {}; no file was written.", ended.id, ended.status));
    }
    Ok(INTERRUPTED.into())
}

fn print_summary(task: &Task, output: &Path, downloaded: &Downloaded) -> anyhow::Result<()> {
    let exported = task.exported();
    for warning in task.warnings() {
        writeln!(std::io::stderr(), "Warning: {}", printable(&warning))?;
    }
    for shift in &exported.shifts {
        writeln!(std::io::stderr(), "Datum shift: {}", printable(shift))?;
    }
    let (features, size) = (HumanCount(exported.features), HumanBytes(downloaded.bytes));
    let commit = exported.commit.get(..7).unwrap_or_default();
    writeln!(std::io::stdout(), "{}: {features} features of commit {commit} ({size})", output.display())?;
    Ok(())
}

/// Checks before a long export that its file can be written.
fn check_folder(output: &Path) -> anyhow::Result<()> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("there is no folder {}", folder.display());
    }
    if output.is_dir() {
        bail!("{} is a folder", output.display());
    }
    Ok(())
}
