//! Shows the commit, from the server and from Git.

use std::{collections::BTreeMap, io, path::Path, process::Stdio};

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::{DemoFolder, Output, next_steps::quoted};
use crate::cli::{
    client::Client,
    tasks::{printable, write_commit},
};

/// Prints the newest commit and the number of features in each of its layers.
pub(super) async fn show_from_server(
    out: &mut Output,
    client: &Client,
    repository: &str,
) -> anyhow::Result<()> {
    out.heading("The commit, from the server")?;
    let base = format!("{}/repos/{repository}", client.server());
    out.command(&format!("curl '{base}/log.json?limit=1'"))?;
    let commits = client.log(repository, &[("limit", "1")]).await?;
    let commit = commits.first().context("the history is empty")?;
    out.write(|out| write_commit(out, commit, None))?;
    out.line("")?;
    out.command(&format!("curl '{base}/ls-tree.json?recursive=true'"))?;
    let features = client.ls_tree(repository, &[("recursive", "true")]).await?;
    for (layer, count) in counted(features.iter().map(|feature| layer_of(&feature.path))) {
        out.line(&format!("{:<12} {count:>5} features", printable(layer)))?;
    }
    Ok(())
}

/// Prints the output of `git log --stat`, with one line per folder instead of one per file.
pub(super) async fn show_from_git(
    out: &mut Output,
    folder: &DemoFolder,
    repository: &str,
) -> anyhow::Result<()> {
    let repository = folder.repository(repository);
    out.heading("The same commit, from Git")?;
    match git_log(&repository).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => out.line("(Git is not installed here.)")?,
        Err(error) => return Err(error).context("running git"),
        Ok(log) => {
            out.command(&format!("git -C {} log --stat", quoted(&repository.to_string_lossy())))?;
            print_log(out, &log?)?;
        }
    }
    Ok(())
}

async fn git_log(repository: &Path) -> io::Result<anyhow::Result<String>> {
    let mut git = Command::new("git");
    git.args(["--no-pager", "-c", "core.quotePath=false", "-c", "log.showSignature=false", "-C"])
        .arg(repository);
    git.args(["log", "-1", "--no-color", "--no-renames", "--no-decorate", "--numstat"]);
    let done = git.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    Ok(match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => Err(anyhow::anyhow!("git failed: {}", String::from_utf8_lossy(&done.stderr).trim())),
    })
}

fn print_log(out: &mut Output, log: &str) -> anyhow::Result<()> {
    let (files, head): (Vec<&str>, Vec<&str>) = log.lines().partition(|line| line.contains('\t'));
    for line in head.join("\n").trim_end().lines() {
        out.line(&printable(line))?;
    }
    out.line("")?;
    let paths: Vec<&str> = files.iter().filter_map(|line| line.rsplit('\t').next()).collect();
    for (folder, count) in counted(paths.iter().map(|path| folder_of(path))) {
        out.line(&format!(" {:<36} | {count:>5} {}", printable(folder), unit(count)))?;
    }
    ensure!(!paths.is_empty(), "the commit changes no files");
    out.line(&format!(" {} files changed", paths.len()))?;
    Ok(())
}

/// `roads` of `roads/17`.
fn layer_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(layer, _)| layer)
}

/// `roads/.table-dataset/feature/` of `roads/.table-dataset/feature/A/A/A/A/kQ4=`.
fn folder_of(path: &str) -> &str {
    let inner = "/.table-dataset/";
    let Some(at) = path.find(inner).map(|at| at + inner.len()) else { return path };
    let end = path[at..].find('/').map_or(at, |slash| at + slash + 1);
    &path[..end]
}

fn unit(count: usize) -> &'static str {
    if count == 1 { "file" } else { "files" }
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_by_folder() {
        assert_eq!(folder_of("a/roads/.table-dataset/feature/A/A/kQ4="), "a/roads/.table-dataset/feature/");
        assert_eq!(folder_of("roads/.table-dataset/meta/schema.json"), "roads/.table-dataset/meta/");
        assert_eq!(folder_of(".kart.repostructure.version"), ".kart.repostructure.version");
        assert_eq!(layer_of("a/roads/17"), "a/roads");
    }
}
