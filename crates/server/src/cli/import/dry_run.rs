//! What follows a dry run: it is shown, and committed if the user agrees.

use std::{
    io::{IsTerminal, Write, stderr, stdin, stdout},
    process::ExitCode,
};

use super::ImportArgs;
use crate::cli::{
    client::{Client, DryRun, Task, mapping_text},
    tasks::{ProgressDisplay, print_outcome, printable},
};

/// Shows what the dry run would have committed, and commits it without a second upload if `--yes` or the answer to a question
/// says so.
pub(super) async fn conclude(
    client: &Client,
    args: &ImportArgs,
    task: Task,
    display: &mut ProgressDisplay,
) -> anyhow::Result<ExitCode> {
    let Some(dry_run) = task.dry_run() else {
        return print_outcome(&task, args.branch.as_deref(), args.json, args.quiet);
    };
    if args.json {
        writeln!(stdout(), "{}", task.text)?;
    } else {
        show(&task, &dry_run)?;
    }
    if !(args.yes || confirm(args).await?) {
        if !args.quiet && !args.json {
            writeln!(stderr(), "Nothing was committed. With --yes, what was shown is committed.")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let task = commit(client, args, task.id, &dry_run).await?;
    let ended = client.follow(task, args.retry_for.0, |task| display.task(task)).await;
    display.clear();
    print_outcome(&ended?, args.branch.as_deref(), args.json, args.quiet)
}

/// Submits the import of what the dry run has kept.
async fn commit(client: &Client, args: &ImportArgs, id: u64, dry_run: &DryRun) -> anyhow::Result<Task> {
    let id = id.to_string();
    let mut parameters = vec![("upload", id.as_str()), ("ifHead", dry_run.head.as_str())];
    parameters.extend(args.parameters().into_iter().filter(|(name, _)| *name != "dryRun"));
    if !args.is_osm() {
        parameters.push(("format", "gpkg"));
        return Ok(client.import_kept(&["repos", &args.repo, "import.json"], &parameters, None).await?);
    }
    let mapping = match &args.mapping {
        Some(path) => Some(mapping_text(path).await?),
        None => None,
    };
    Ok(client.import_kept(&["repos", &args.repo, "osm", "import.json"], &parameters, mapping).await?)
}

fn show(task: &Task, dry_run: &DryRun) -> std::io::Result<()> {
    for warning in task.warnings() {
        writeln!(stderr(), "Warning: {}", printable(&warning))?;
    }
    let mut out = stdout().lock();
    for layer in &dry_run.layer {
        writeln!(
            out,
            "{}: {} added, {} changed, {} deleted, {} unchanged",
            printable(&layer.path),
            layer.added,
            layer.changed,
            layer.deleted,
            layer.unchanged
        )?;
        for change in &layer.schema_change {
            writeln!(out, "  {}", printable(change))?;
        }
    }
    Ok(())
}

/// Asks whether to commit, if there is somebody to ask.
async fn confirm(args: &ImportArgs) -> anyhow::Result<bool> {
    if args.quiet || args.json || !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(false);
    }
    write!(stderr(), "Commit this? [y/N] ")?;
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        stdin().read_line(&mut answer).map(|_| answer)
    });
    Ok(matches!(answer.await??.trim(), "y" | "Y" | "yes"))
}
