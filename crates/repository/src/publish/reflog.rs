//! The log of a branch, which tells an operator who moved it and when.

use std::{
    fs::{self, File},
    io::{self, Write},
};

use gix::{ObjectId, refs::store::WriteReflog};

use crate::{Commit, Repository};

/// Appends the line of this move, in the form of git-reflog, unless it is the last line already.
///
/// Nothing is written where the repository's configuration wants no log. Not synced: Git does not rely on it.
pub(super) fn append(
    repository: &Repository,
    branch: &str,
    old: Option<ObjectId>,
    commit: &Commit,
) -> io::Result<()> {
    let path = repository.path().join("logs/refs/heads").join(branch);
    if !path.is_file() {
        if repository.git().refs.write_reflog == WriteReflog::Disable {
            return Ok(());
        }
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
    }
    let line = line(old, commit);
    let is_there = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        log => log?.ends_with(line.as_bytes()),
    };
    if is_there {
        return Ok(());
    }
    File::options().append(true).create(true).open(&path)?.write_all(line.as_bytes())
}

fn line(old: Option<ObjectId>, commit: &Commit) -> String {
    let old = old.unwrap_or_else(|| ObjectId::null(commit.id.kind()));
    let who = &commit.committer;
    let (seconds, minutes) = (who.timestamp / 1000, who.time_zone_offset / 60_000);
    let sign = if minutes < 0 { '-' } else { '+' };
    let zone = format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60);
    let subject = commit.message.lines().next().unwrap_or_default();
    format!(
        "{old} {} {} <{}> {seconds} {zone}\timport: {subject}\n",
        commit.id, who.identity.name, who.identity.email
    )
}
