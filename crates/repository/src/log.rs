//! The history of a repository, page by page.

use std::ops::RangeInclusive;

use gix::{ObjectId, bstr::ByteSlice};

use crate::{Commit, ReadError, Repository, layer_path::git_path, revision, walk::Walk};

/// Which commits are asked for. The default is the first 30 of HEAD.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// The commit to begin with; HEAD if none is given.
    pub until: Option<String>,
    /// Where to stop, without this one: the walk ends when it comes to this commit, in order of time. That is not
    /// Git's `since..until`.
    pub since: Option<String>,
    /// Only commits that change one of these layers, features or folders. All commits if there is none.
    pub paths: Vec<String>,
    /// Only commits recorded within this time, in milliseconds since 1970.
    pub committed: Option<RangeInclusive<i64>>,
    /// Of a merge, follow only the branch that was merged into.
    pub first_parent_only: bool,
    /// How many to skip before the first page.
    pub offset: usize,
    /// How many to show on all pages together.
    pub limit: Option<usize>,
    /// The page, from 0.
    pub page: usize,
    /// Commits on a page.
    pub show: usize,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            until: None,
            since: None,
            paths: Vec::new(),
            committed: None,
            first_parent_only: false,
            offset: 0,
            limit: None,
            page: 0,
            show: 30,
        }
    }
}

/// One page of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// The commits, newest first.
    pub commits: Vec<Commit>,
    /// Whether another page follows.
    pub has_next: bool,
}

/// The ends of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRange {
    /// The newest commit.
    pub until: Commit,
    /// The oldest.
    pub since: Commit,
    /// How many there are, both included.
    pub count: usize,
}

impl Repository {
    /// Reads one page of the history. A repository without commits has an empty one.
    ///
    /// Takes time by the commits up to that page; where paths are given, by the commits looked at.
    pub fn log(&self, query: &LogQuery) -> Result<LogPage, ReadError> {
        let git = self.git();
        let mut found = self.matching(&git, query)?;
        let skipped = query.page.saturating_mul(query.show);
        let mut commits = Vec::new();
        for id in found.by_ref().skip(skipped).take(query.show) {
            commits.push(self.read_commit(&git, id?)?);
        }
        let has_next = found.next().transpose()?.is_some();
        Ok(LogPage { commits, has_next })
    }

    /// The newest and the oldest of all commits asked for, on all pages. `None` if there is no commit.
    pub fn log_range(&self, query: &LogQuery) -> Result<Option<LogRange>, ReadError> {
        let git = self.git();
        let mut ends: Option<(ObjectId, ObjectId)> = None;
        let mut count = 0;
        for id in self.matching(&git, query)? {
            let id = id?;
            ends = Some((ends.map_or(id, |(first, _)| first), id));
            count += 1;
        }
        let Some((until, since)) = ends else { return Ok(None) };
        Ok(Some(LogRange {
            until: self.read_commit(&git, until)?,
            since: self.read_commit(&git, since)?,
            count,
        }))
    }

    /// One commit.
    pub fn commit(&self, id: ObjectId) -> Result<Commit, ReadError> {
        self.read_commit(&self.git(), id)
    }

    fn read_commit(&self, git: &gix::Repository, id: ObjectId) -> Result<Commit, ReadError> {
        Commit::read(git, id).map_err(|source| self.unreadable(&format!("read the commit {id}"), source))
    }

    /// The commits that are asked for, before they are cut into pages.
    fn matching<'a>(
        &'a self,
        git: &'a gix::Repository,
        query: &'a LogQuery,
    ) -> Result<MatchingCommits<'a>, ReadError> {
        let unreadable = |source| self.unreadable("read the history", source);
        let tip = match &query.until {
            Some(until) => Some(named(git, until)?),
            None => revision::head(git).map_err(unreadable)?,
        };
        let since = query.since.as_deref().map(|since| named(git, since)).transpose()?;
        let Some(tip) = tip else { return Ok(Box::new(std::iter::empty())) };
        let walk = Walk::new(git, tip, query.first_parent_only).map_err(unreadable)?;
        let found = walk
            .take_while(move |id| id.as_ref().map_or(true, |id| Some(*id) != since))
            .filter_map(move |id| id.and_then(|id| Ok(matches(git, id, query)?.then_some(id))).transpose())
            .map(move |id| id.map_err(unreadable))
            .skip(query.offset)
            .take(query.limit.unwrap_or(usize::MAX));
        Ok(Box::new(found))
    }
}

type MatchingCommits<'a> = Box<dyn Iterator<Item = Result<ObjectId, ReadError>> + 'a>;

fn named(git: &gix::Repository, revision: &str) -> Result<ObjectId, ReadError> {
    revision::resolve(git, revision).ok_or_else(|| ReadError::UnknownRevision(revision.to_owned()))
}

fn matches(git: &gix::Repository, id: ObjectId, query: &LogQuery) -> gix::Result<bool> {
    let commit = git.find_commit(id)?;
    if let Some(within) = &query.committed
        && !within.contains(&commit.time()?.seconds.saturating_mul(1000))
    {
        return Ok(false);
    }
    if query.paths.is_empty() {
        return Ok(true);
    }
    changes_one_of(git, &commit, &query.paths)
}

/// Whether the commit has, at one of the paths, something that none of its parents has there.
pub(crate) fn changes_one_of(
    git: &gix::Repository,
    commit: &gix::Commit<'_>,
    paths: &[String],
) -> gix::Result<bool> {
    let tree = commit.tree()?;
    let parents = commit.parent_ids().filter(|parent| git.has_object(*parent));
    let parents = parents.map(|parent| git.find_commit(parent)?.tree()).collect::<gix::Result<Vec<_>>>()?;
    for path in paths {
        // The layout may differ between a commit and its parents, and with it the place of a feature.
        let here = at(&tree, path)?;
        let mut before = parents.iter().map(|parent| at(parent, path));
        let changed = match parents.is_empty() {
            true => here.is_some(),
            false => before.all(|there| there.map_or(true, |there| there != here)),
        };
        if changed {
            return Ok(true);
        }
    }
    Ok(false)
}

fn at(tree: &gix::Tree<'_>, path: &str) -> gix::Result<Option<ObjectId>> {
    let Some(path) = git_path(tree, path)? else { return Ok(None) };
    let entry = tree.lookup_entry(path.split_str("/"))?;
    Ok(entry.map(|entry| entry.object_id()))
}
