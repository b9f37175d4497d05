use std::path::{Path, PathBuf};

use gix::{ObjectId, bstr::ByteSlice};

use crate::{Identity, RepositoryName, id, revision, unpublished::Unpublished};

/// One bare repository, open.
///
/// Only the repository's own configuration counts: no configuration of the user or the system, no include, no
/// environment variable such as `GIT_DIR`. Nothing is ever run on its behalf, no hook and no filter.
///
/// What is read from the configuration is what it said when the repository was opened; refs and objects are looked
/// up afresh each time. Cheap to clone, and usable from many threads.
#[derive(Clone)]
pub struct Repository {
    name: RepositoryName,
    id: String,
    git: gix::ThreadSafeRepository,
    unpublished: Unpublished,
}

/// Why something could not be read from a repository.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text is not the name of a commit.
    #[error("object not found '{0}'")]
    UnknownRevision(String),
    /// The text cannot be the name of a branch.
    #[error("'{0}' is not a name for a branch")]
    InvalidBranch(String),
    /// The value of a setting cannot be stored.
    #[error("the value of '{0}' is too long, or has control characters")]
    InvalidValue(String),
    /// There is nothing at this path.
    #[error("no layer or feature at '{0}'")]
    UnknownPath(String),
    /// The repository is damaged, or cannot be read.
    #[error("cannot {doing} of repository {repository}")]
    Git {
        /// What was being done: `read the commit 1234…`.
        doing: String,
        /// To which repository.
        repository: RepositoryName,
        /// What Git says; may name paths of this machine.
        #[source]
        source: gix::Error,
    },
}

impl Repository {
    /// Opens the bare repository at `folder`, which is served as `name`, and gives it an id if it has none.
    pub(crate) fn open(name: RepositoryName, folder: &Path, unpublished: Unpublished) -> gix::Result<Self> {
        let git = open_isolated(folder)?;
        let id = id::ensure(&git.to_thread_local())?;
        Ok(Self { name, id, git, unpublished })
    }

    /// The permanent id of the repository, which stays when it is renamed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that it had when it was opened.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// Its folder. Not for clients.
    pub fn path(&self) -> &Path {
        self.git.git_dir()
    }

    /// A handle of `gix` on the repository, for one thread.
    pub fn git(&self) -> gix::Repository {
        self.git.to_thread_local()
    }

    /// The branch that HEAD refers to, `master`, whether or not it has a commit; `None` if HEAD is detached.
    pub fn head_branch(&self) -> Result<Option<String>, ReadError> {
        let head = self.git().head_name().map_err(|source| self.unreadable("read HEAD", source))?;
        Ok(head.map(|name| name.shorten().to_str_lossy().into_owned()))
    }

    /// The commit that HEAD stands at; `None` in a repository without commits.
    pub fn head_commit(&self) -> Result<Option<ObjectId>, ReadError> {
        revision::head(&self.git()).map_err(|source| self.unreadable("read HEAD", source))
    }

    /// The commit that `branch` stands at, `None` if there is no such branch.
    ///
    /// `branch` is the plain name of a local branch, as in `master` or `surveys/2026`.
    pub fn branch_tip(&self, branch: &str) -> Result<Option<ObjectId>, ReadError> {
        let name = branch_ref(branch)?;
        let unreadable = |source| self.unreadable(&format!("read the branch {branch}"), source);
        let git = self.git();
        let Some(mut found) = git.try_find_reference(name.as_ref()).map_err(unreadable)? else {
            return Ok(None);
        };
        let commit = found.peel_to_commit().map_err(unreadable)?;
        Ok(Some(commit.id))
    }

    /// The branch that conflicts with a new one called `branch`: Git keeps `a/b` in a folder `a`, so there cannot be a branch `a`.
    pub(crate) fn branch_in_the_way(&self, branch: &str) -> gix::Result<Option<String>> {
        let git = self.git();
        for other in git.references()?.local_branches()?.flatten() {
            let other = other.name().shorten().to_str_lossy().into_owned();
            let is_above = |above: &str, below: &str| {
                below.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
            };
            if is_above(&other, branch) || is_above(branch, &other) {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// Whether a push may move a branch to a commit that does not contain the old one: only if the repository's configuration
    /// says `receive.denyNonFastForwards = false`.
    pub fn may_rewind_branches(&self) -> bool {
        self.git().config_snapshot().boolean("receive.denyNonFastForwards") == Some(false)
    }

    /// The default committer and author: `user.name` and `user.email` of the repository's configuration, or
    /// else [`Identity::fallback`].
    pub fn identity(&self) -> Identity {
        let git = self.git();
        let config = git.config_snapshot();
        let read = |key: &str| config.string(key).map(|value| value.to_str_lossy().into_owned());
        read("user.name")
            .and_then(|name| Identity::clean(&name, &read("user.email").unwrap_or_default()))
            .unwrap_or_else(Identity::fallback)
    }

    /// The publications that this process could not complete yet, in all repositories of the folder.
    pub(crate) fn unpublished(&self) -> &Unpublished {
        &self.unpublished
    }

    pub(crate) fn unreadable(&self, doing: &str, source: gix::Error) -> ReadError {
        ReadError::Git { doing: doing.to_owned(), repository: self.name.clone(), source }
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whether a local branch can have this name.
///
/// # Errors
/// [`ReadError::InvalidBranch`] if it cannot.
pub fn check_branch(branch: &str) -> Result<(), ReadError> {
    branch_ref(branch).map(drop)
}

/// The full name of a local branch.
pub(crate) fn branch_ref(branch: &str) -> Result<gix::refs::FullName, ReadError> {
    let invalid = || ReadError::InvalidBranch(branch.to_owned());
    let name: gix::refs::FullName = format!("refs/heads/{branch}").try_into().map_err(|_| invalid())?;
    // What `git branch` refuses too, because commands would read it as something else.
    let misleading = branch.starts_with('-') || branch == "HEAD" || branch.starts_with("refs/");
    if misleading { Err(invalid()) } else { Ok(name) }
}

/// The largest object that is read into memory, 256 MiB: a small pack can contain a huge object.
const LARGEST_OBJECT: &str = "gitoxide.objects.allocLimit=268435456";

/// Opens exactly `folder`, with no configuration but its own, and ignores the environment.
///
/// The files are trusted whoever owns them: what trust permits in Git (to run programs) is not compiled in, and a data folder
/// that belongs to another user is common in containers.
pub(crate) fn open_isolated(folder: &Path) -> gix::Result<gix::ThreadSafeRepository> {
    gix::open::Options::isolated()
        .open_path_as_is(true)
        .with(gix::sec::Trust::Full)
        .config_overrides([LARGEST_OBJECT])
        .open(PathBuf::from(folder))
}
