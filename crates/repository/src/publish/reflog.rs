//! The log of a branch, which tells an operator who moved it and when.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
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
    let mut log = File::options().read(true).append(true).create(true).open(&path)?;
    if ends_with(&log, line.as_bytes())? { Ok(()) } else { log.write_all(line.as_bytes()) }
}

fn ends_with(file: &File, end: &[u8]) -> io::Result<bool> {
    let Some(start) = file.metadata()?.len().checked_sub(end.len() as u64) else { return Ok(false) };
    let mut bytes = vec![0; end.len()];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes == end)
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
