//! `longhaul revert`: undoes commits.

use std::{process::ExitCode, time::Duration};

use clap::Args;

use crate::cli::tasks::{ProgressDisplay, ServerArg, print_outcome};

/// How long polls are repeated while the server is away.
const RETRY_FOR: Duration = Duration::from_secs(30);

/// Undo a commit of a repository, or all since one, by a new commit
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul revert city HEAD                undo the newest commit
  longhaul revert city f7650a1             undo an older one; what was changed again since is a conflict
  longhaul revert city --down-to HEAD~3    undo the last three commits

If there is a conflict, nothing is undone, and the exit status is 1.")]
pub struct RevertArgs {
    /// The repository
    repo: String,

    /// The commit to undo
    #[arg(required_unless_present = "down_to", conflicts_with = "down_to")]
    commit: Option<String>,

    /// Undo all commits since this one, instead of a single one
    #[arg(long, value_name = "COMMIT")]
    down_to: Option<String>,

    /// Message of the new commit
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Branch to commit to [default: the branch of HEAD]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,

    #[command(flatten)]
    server: ServerArg,

    /// Print only the final JSON document of the task, for programs
    #[arg(long)]
    json: bool,
}

/// Undoes the commits and prints the outcome.
///
/// # Errors
/// If a request fails. A task that fails is not an error here: it is printed, and the exit status tells of it.
pub async fn run(args: RevertArgs) -> anyhow::Result<ExitCode> {
    let parameters = [
        ("commit", &args.commit),
        ("downTo", &args.down_to),
        ("message", &args.message),
        ("root", &args.branch),
    ];
    let query: Vec<_> =
        parameters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    let client = args.server.client()?;
    let task = client.submit(&["repos", &args.repo, "revert.json"], &query).await?;
    let mut display = ProgressDisplay::new(args.json);
    let ended = client.follow(task, RETRY_FOR, |task| display.task(task)).await;
    display.clear();
    print_outcome(&ended?, args.branch.as_deref(), args.json, false)
}
