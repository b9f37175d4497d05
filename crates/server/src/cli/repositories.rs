//! `longhaul repos`, `log`, `rename` and `delete`: the repositories of a server.

use std::{
    io::{Write, stdout},
    process::ExitCode,
};

use clap::Args;

use super::{
    client::ApiResponse,
    exit_status::UsageError,
    tasks::{ServerArg, printable, write_commit},
};

/// List the repositories of a server
#[derive(Debug, Args)]
pub(super) struct ReposArgs {
    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long)]
    json: bool,
}

/// Show the commits of a repository, newest first
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Name of the repository
    repo: String,

    /// Most commits to show
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    max_count: usize,

    /// Branch, tag or commit to begin at [default: the branch of HEAD]
    #[arg(long, value_name = "REF")]
    branch: Option<String>,

    /// Only commits that change this layer
    #[arg(long, value_name = "PATH")]
    layer: Option<String>,

    /// Count the features that each commit added, changed and deleted
    #[arg(long)]
    stat: bool,

    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long)]
    json: bool,
}

/// Rename a repository
#[derive(Debug, Args)]
pub(super) struct RenameArgs {
    /// Name of the repository
    repo: String,

    /// Its new name
    new_name: String,

    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long)]
    json: bool,
}

/// Delete a repository with all its commits
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// Name of the repository
    repo: String,

    /// Delete it; without this nothing is done
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(args: ReposArgs) -> anyhow::Result<ExitCode> {
    let (names, response) = args.server.client()?.repositories().await?;
    print(args.json, &response, |out| names.iter().try_for_each(|name| writeln!(out, "{}", printable(name))))
}

pub(super) async fn log(args: LogArgs) -> anyhow::Result<ExitCode> {
    let limit = args.max_count.to_string();
    let texts = [("until", args.branch.as_deref()), ("path", args.layer.as_deref())];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let counts = args.stat.then_some(("countChanges", "true"));
    let query: Vec<_> = texts.chain([("limit", limit.as_str()), ("show", &limit)]).chain(counts).collect();
    let (commits, response) = args.server.client()?.log_and_document(&args.repo, &query).await?;
    print(args.json, &response, |out| {
        for (at, commit) in commits.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            write_commit(out, commit, None)?;
            if let (Some(adds), Some(modifies), Some(removes)) =
                (commit.adds, commit.modifies, commit.removes)
            {
                writeln!(out, "\n    {adds} added, {modifies} changed, {removes} deleted")?;
            }
        }
        Ok(())
    })
}

pub(super) async fn rename(args: RenameArgs) -> anyhow::Result<ExitCode> {
    let response = args.server.client()?.rename_repository(&args.repo, &args.new_name).await?;
    print(args.json, &response, |out| writeln!(out, "Renamed {} to {}", args.repo, args.new_name))
}

pub(super) async fn delete(args: DeleteArgs) -> anyhow::Result<ExitCode> {
    if !args.yes {
        let text = format!("this deletes {} with all its commits; add --yes if that is wanted", args.repo);
        return Err(UsageError(text).into());
    }
    let response = args.server.client()?.delete_repository(&args.repo).await?;
    print(args.json, &response, |out| writeln!(out, "Deleted {}", args.repo))
}

/// Prints the document of the response, or a text for people.
fn print(
    json: bool,
    response: &ApiResponse,
    text: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<ExitCode> {
    let mut out = stdout().lock();
    match json {
        true => writeln!(out, "{}", response.text)?,
        false => text(&mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}
