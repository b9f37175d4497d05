use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use uuid::Uuid;

use crate::{
    Identity, InvalidName, Publication, Repository, RepositoryName, id, init, leftovers, repository,
    self_contained, sync::sync_folder, unpublished::Unpublished,
};

/// The folders of repositories that are being made or removed begin so. No repository's name does.
const NEW: &str = ".new-";
const GONE: &str = ".gone-";

/// The folder of the repositories: bare ones, `NAME.git` each.
///
/// A bare repository that was put there by hand is served as well, and may lack the ending `.git`. Ignored are other
/// folders, names that are not valid, and symbolic links, so that requests read, write and delete nothing outside this
/// folder.
///
/// A clone is the same folder.
#[derive(Clone, Debug)]
pub struct Repositories {
    folder: PathBuf,
    /// The folder in which each id was last seen. Checked before it is used.
    seen: Arc<Mutex<HashMap<String, String>>>,
    unpublished: Unpublished,
}

/// Why a repository could not be found, made, renamed or removed.
#[derive(Debug, thiserror::Error)]
pub enum RepositoriesError {
    /// There is none of this name.
    #[error("there is no repository {0}")]
    NotFound(RepositoryName),
    /// There is one of this name already.
    #[error("there is a repository {0} already")]
    Taken(RepositoryName),
    /// A rename to the name that it has.
    #[error("repository {0} has that name already")]
    SameName(RepositoryName),
    /// The text is no name.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// The first branch cannot have this name.
    #[error("'{0}' is not a name for a branch")]
    InvalidBranch(String),
    /// An I/O error.
    #[error("cannot {doing}")]
    Io {
        /// What was being done, to what: `make the repository roads`.
        doing: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Somebody put it there, and it needs what is elsewhere.
    #[error("repository {name} is not served: {reason}")]
    NotSelfContained {
        /// Which one.
        name: RepositoryName,
        /// Why not.
        reason: &'static str,
    },
    /// The repository is damaged, or cannot be read.
    #[error("cannot open repository {name}")]
    Git {
        /// Which one.
        name: RepositoryName,
        /// What Git says; may name paths of this machine.
        #[source]
        source: gix::Error,
    },
}

type Result<T> = std::result::Result<T, RepositoriesError>;

impl Repositories {
    /// The repositories in `folder`, which is made if it is not there.
    ///
    /// Looks at each once, so that copies made with `cp -r` get an id of their own. One that cannot be read does not
    /// stop the others; it fails when it is asked for.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(io_error(|| "make the folder of the repositories".into()))?;
        let repositories = Self { folder, seen: Arc::default(), unpublished: Unpublished::default() };
        for name in repositories.list()? {
            let _ = repositories.get(&name);
        }
        Ok(repositories)
    }

    /// Removes what inits, deletes and imports left behind that were interrupted, ref locks among it. Only for the one server
    /// that owns the folder, before it changes anything there; other programs may be at work.
    ///
    /// The ref locks and packs that the publications of the `sealed` tasks need stay.
    pub fn sweep(&self, sealed: &[Publication]) -> Result<()> {
        let sweeping = || "clear away unfinished repositories".to_owned();
        for entry in fs::read_dir(&self.folder).map_err(io_error(sweeping))? {
            let entry = entry.map_err(io_error(sweeping))?;
            let ours = entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(NEW) || name.starts_with(GONE));
            if ours {
                fs::remove_dir_all(entry.path()).map_err(io_error(sweeping))?;
            }
        }
        let names = self.list()?;
        let folders: Vec<_> = names.iter().filter_map(|name| self.folder_of(name)).collect();
        let clearing = || "clear away what unfinished imports left".to_owned();
        leftovers::remove(&folders, sealed).map_err(io_error(clearing))
    }

    /// The names of all, sorted.
    pub fn list(&self) -> Result<Vec<RepositoryName>> {
        let listing = || "list the repositories".to_owned();
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(io_error(listing))? {
            let entry = entry.map_err(io_error(listing))?;
            let name = entry.file_name().to_str().and_then(RepositoryName::of_folder);
            names.extend(name.filter(|_| is_bare_repository(&entry.path())));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The repository of this name, if there is one.
    pub fn get(&self, name: &RepositoryName) -> Result<Option<Repository>> {
        self.folder_of(name).map(|folder| self.open_repository(name, &folder)).transpose()
    }

    /// The repository with this id, whatever its name is now.
    pub fn by_id(&self, id: &str) -> Result<Option<Repository>> {
        if let Some(repository) = self.where_last_seen(id)? {
            return Ok(Some(repository));
        }
        for name in self.list()? {
            // A repository that cannot be opened is not known to have this id.
            if let Ok(Some(repository)) = self.get(&name)
                && repository.id() == id
            {
                return Ok(Some(repository));
            }
        }
        Ok(None)
    }

    /// Makes an empty repository whose HEAD refers to `branch`; `identity` goes into its configuration.
    ///
    /// The repository appears in one step, or not at all.
    pub fn init(
        &self,
        name: &RepositoryName,
        branch: &str,
        identity: Option<&Identity>,
    ) -> Result<Repository> {
        let head = repository::branch_ref(branch)
            .map_err(|_| RepositoriesError::InvalidBranch(branch.to_owned()))?;
        if self.folder_of(name).is_some() {
            return Err(RepositoriesError::Taken(name.clone()));
        }
        let making = || format!("make the repository {name}");
        let beside = self.folder.join(format!("{NEW}{}", Uuid::new_v4()));
        let made = fs::create_dir(&beside)
            .and_then(|()| init::write(&beside, &head, identity))
            .map_err(io_error(making))
            .and_then(|()| self.move_into_place(&beside, name, making));
        if made.is_err() {
            let _ = fs::remove_dir_all(&beside);
        }
        made?;
        self.open_repository(name, &self.folder.join(name.folder()))
    }

    /// Gives the repository `from` the name `to`. Its id stays.
    ///
    /// An open [`Repository`] then refers to a path that is gone. The caller makes sure that nobody writes.
    pub fn rename(&self, from: &RepositoryName, to: &RepositoryName) -> Result<()> {
        let folder = self.folder_of(from).ok_or_else(|| RepositoriesError::NotFound(from.clone()))?;
        if from == to {
            return Err(RepositoriesError::SameName(to.clone()));
        }
        if self.folder_of(to).is_some() {
            return Err(RepositoriesError::Taken(to.clone()));
        }
        self.move_into_place(&folder, to, || format!("rename the repository {from} to {to}"))
    }

    /// Removes the repository and all its history. It is gone from all views at once, and from the disk on return.
    ///
    /// The caller makes sure that nobody writes.
    pub fn delete(&self, name: &RepositoryName) -> Result<()> {
        let folder = self.folder_of(name).ok_or_else(|| RepositoriesError::NotFound(name.clone()))?;
        let deleting = || format!("delete the repository {name}");
        let aside = self.folder.join(format!("{GONE}{}", Uuid::new_v4()));
        fs::rename(&folder, &aside)
            .and_then(|()| sync_folder(&self.folder))
            .and_then(|()| fs::remove_dir_all(&aside))
            .map_err(io_error(deleting))
    }

    /// Where the repository of this name is: in `NAME.git`, or else in a bare repository called `NAME`.
    fn folder_of(&self, name: &RepositoryName) -> Option<PathBuf> {
        [name.folder(), name.as_str().to_owned()]
            .into_iter()
            .map(|folder| self.folder.join(folder))
            .find(|folder| is_bare_repository(folder))
    }

    fn open_repository(&self, name: &RepositoryName, folder: &Path) -> Result<Repository> {
        let unreadable = |source| RepositoriesError::Git { name: name.clone(), source };
        let repository = self.open_folder(name, folder)?;
        if !self.is_copy(&repository, folder) {
            self.remember(repository.id(), folder);
            return Ok(repository);
        }
        id::replace(&repository.git(), repository.id()).map_err(unreadable)?;
        let repository = self.open_folder(name, folder)?;
        self.remember(repository.id(), folder);
        Ok(repository)
    }

    fn open_folder(&self, name: &RepositoryName, folder: &Path) -> Result<Repository> {
        let fault = self_contained::fault(folder, &self.folder);
        if let Some(reason) = fault.map_err(io_error(|| format!("open the repository {name}")))? {
            return Err(RepositoriesError::NotSelfContained { name: name.clone(), reason });
        }
        Repository::open(name.clone(), folder, self.unpublished.clone())
            .map_err(|source| RepositoriesError::Git { name: name.clone(), source })
    }

    /// Whether another repository had this id first, and still has it: a job for one must not change the other.
    fn is_copy(&self, repository: &Repository, folder: &Path) -> bool {
        let Some(first) = self.last_seen(repository.id()).filter(|first| first != folder) else {
            return false;
        };
        let Some(name) =
            first.file_name().and_then(|folder| folder.to_str()).and_then(RepositoryName::of_folder)
        else {
            return false;
        };
        is_bare_repository(&first)
            && self.open_folder(&name, &first).is_ok_and(|other| other.id() == repository.id())
    }

    fn where_last_seen(&self, id: &str) -> Result<Option<Repository>> {
        let Some(folder) = self.last_seen(id).filter(|folder| is_bare_repository(folder)) else {
            return Ok(None);
        };
        let Some(name) =
            folder.file_name().and_then(|folder| folder.to_str()).and_then(RepositoryName::of_folder)
        else {
            return Ok(None);
        };
        let found = self.get(&name)?;
        Ok(found.filter(|repository| repository.id() == id))
    }

    fn last_seen(&self, id: &str) -> Option<PathBuf> {
        let seen = self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        seen.get(id).map(|folder| self.folder.join(folder))
    }

    fn remember(&self, id: &str, folder: &Path) {
        let Some(folder) = folder.file_name().and_then(|folder| folder.to_str()) else { return };
        let mut seen = self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if seen.get(id).is_none_or(|known| known != folder) {
            seen.insert(id.to_owned(), folder.to_owned());
        }
    }

    /// Moves a repository's folder to its name. The rename fails where there is a folder that is not empty, as that of a
    /// repository always is: of two concurrent callers with one name only the first succeeds.
    fn move_into_place(
        &self,
        folder: &Path,
        name: &RepositoryName,
        doing: impl Fn() -> String,
    ) -> Result<()> {
        let moved =
            fs::rename(folder, self.folder.join(name.folder())).and_then(|()| sync_folder(&self.folder));
        moved.map_err(|source| match source.kind() {
            io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory => RepositoriesError::Taken(name.clone()),
            _ => RepositoriesError::Io { doing: doing(), source },
        })
    }
}

/// Whether `folder` itself is a bare repository, and not a link to one or a parent of a `.git`.
fn is_bare_repository(folder: &Path) -> bool {
    let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    is_folder(folder)
        && is_folder(&folder.join("objects"))
        && is_folder(&folder.join("refs"))
        && folder.join("HEAD").is_file()
        && folder.join("config").is_file()
}

fn io_error(doing: impl Fn() -> String) -> impl Fn(io::Error) -> RepositoriesError {
    move |source| RepositoriesError::Io { doing: doing(), source }
}
