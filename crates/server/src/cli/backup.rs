//! `longhaul backup` and `longhaul restore`, which work on the files of a data folder of this machine.

use std::{
    io::{Write, stdout},
    path::PathBuf,
    time::Instant,
};

use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;

use crate::{
    backup::{self, Summary, restore},
    settings::{DEFAULT_DATA, RawSettings},
};

/// Which data folder is used.
#[derive(Debug, Args)]
struct DataArgs {
    /// Data folder of the server [default: as in the file that --config names, or ./longhaul-data]
    #[arg(long, env = "LONGHAUL_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// Settings file of the server, which names its data folder
    #[arg(long, env = "LONGHAUL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Back up a data folder, also while its server runs and works
#[derive(Debug, Args)]
#[command(after_help = "\
Run it as the user of the server. The first backup copies everything; a later one into the same folder copies what is new.
The folder is at rest afterwards, so that restic, borg or rsync can take it from there:

  longhaul backup /var/backups/longhaul --data /srv/longhaul && restic backup /var/backups/longhaul")]
pub(super) struct BackupArgs {
    /// Folder of the backup; made if it is not there
    to: PathBuf,

    #[command(flatten)]
    data: DataArgs,

    /// Print the result as JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Make a new data folder of a backup
#[derive(Debug, Args)]
#[command(after_help = "\
Run it as the user of the server, which then owns the files:

  longhaul restore /var/backups/longhaul --data /srv/longhaul
  longhaul serve --data /srv/longhaul")]
pub(super) struct RestoreArgs {
    /// Folder of the backup
    from: PathBuf,

    #[command(flatten)]
    data: DataArgs,
}

impl DataArgs {
    fn folder(self) -> anyhow::Result<PathBuf> {
        if let Some(data) = self.data {
            return Ok(data);
        }
        let configured = self.config.as_deref().map(RawSettings::data_folder).transpose()?.flatten();
        Ok(configured.unwrap_or_else(|| DEFAULT_DATA.into()))
    }
}

/// Makes the backup, and says what was done.
pub(super) fn run(arguments: BackupArgs) -> anyhow::Result<()> {
    super::restrict_new_files();
    let begun = Instant::now();
    let summary = backup::run(&arguments.data.folder()?, &arguments.to)?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut out = stdout().lock();
    match arguments.json {
        true => writeln!(out, "{}", document(&summary, seconds))?,
        false => {
            for file in &summary.left_out {
                writeln!(std::io::stderr(), "left out: {file}")?;
            }
            writeln!(out, "{}", sentence(&summary, seconds))?;
        }
    }
    Ok(())
}

/// Restores the backup.
pub(super) fn restore(arguments: RestoreArgs) -> anyhow::Result<()> {
    super::restrict_new_files();
    let data = arguments.data.folder()?;
    restore::run(&arguments.from, &data)?;
    writeln!(stdout(), "Restored {} into {}", arguments.from.display(), data.display())?;
    Ok(())
}

fn document(summary: &Summary, seconds: f64) -> serde_json::Value {
    let counts = summary.counts;
    json!({
        "repositories": summary.repositories, "tasks": summary.tasks, "copied": counts.copied, "bytes": counts.bytes,
        "linked": counts.linked, "unchanged": counts.unchanged, "leftOut": summary.left_out, "seconds": seconds,
    })
}

fn sentence(summary: &Summary, seconds: f64) -> String {
    let counts = summary.counts;
    let count = |count: u64| HumanCount(count).to_string();
    format!(
        "{} repositories and {} tasks: {} files copied ({}), {} linked, {} unchanged, in {seconds:.1} s",
        summary.repositories,
        count(summary.tasks),
        count(counts.copied),
        HumanBytes(counts.bytes),
        count(counts.linked),
        count(counts.unchanged),
    )
}
