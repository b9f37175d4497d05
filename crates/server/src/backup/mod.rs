//! Backups of a data folder, made while a server uses it, and their restore.
//!
//! ```text
//! TO/
//!   backup.json       what this folder is, and when a backup was last completed
//!   longhaul.sqlite   the tasks
//!   repos/            the repositories; all their refs are in packed-refs
//!   results/          the files that tasks offer for download
//!   uploads/          the files of tasks that had not ended
//! ```
//!
//! The tasks are copied before the repositories: every commit that a task of the copy names is in the copy. A backup that is
//! interrupted leaves the one before usable: what is new is added, the database is replaced last, and only then is removed what
//! is not needed any more.

mod copier;
mod folder;
mod objects;
mod other_files;
mod refs;
mod repositories;
pub(crate) mod restore;
mod task_files;

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use longhaul_tasks::SqliteStore;

pub(crate) use copier::Counts;
use copier::{Copier, sync};
use folder::BackupFolder;
use task_files::{HeldUploads, TaskFiles};

/// The name of the copied database until the repositories are copied, too.
const NEW_DATABASE: &str = "longhaul.sqlite.new";
/// How often the database is copied again because a task had ended whose file is needed.
const TRIES: usize = 5;

/// What was backed up.
pub(crate) struct Summary {
    pub(crate) repositories: usize,
    pub(crate) tasks: u64,
    pub(crate) counts: Counts,
    /// Files that were left out, and why.
    pub(crate) left_out: Vec<String>,
}

/// Brings the backup in the folder `to`, which is made if it is not there, up to date with the data folder.
///
/// # Errors
/// If a file cannot be read or written, `to` is something else, or another backup into it runs.
pub(crate) fn run(data: &Path, to: &Path) -> anyhow::Result<Summary> {
    ensure!(data.join("repos").is_dir(), "{} is not the data folder of a server", data.display());
    let folder = BackupFolder::open(to, data)?;
    let mut copier = Copier::default();
    let tasks = copy_tasks(data, folder.path(), &mut copier)?;
    let repositories = repositories::copy(&data.join("repos"), &folder.path().join("repos"), &mut copier)
        .context("copying the repositories")?;
    finish_tasks(folder.path(), &tasks)?;
    folder.complete()?;
    Ok(Summary { repositories, tasks: tasks.count, counts: copier.counts, left_out: copier.left_out })
}

/// The tasks that were copied; without a database, as of a server that keeps them in memory, there are none.
struct CopiedTasks {
    count: u64,
    has_database: bool,
    files: TaskFiles,
}

/// Copies the database under a temporary name, and the files that its tasks need.
fn copy_tasks(data: &Path, to: &Path, copier: &mut Copier) -> anyhow::Result<CopiedTasks> {
    let mut files = TaskFiles::new(data, to);
    let database = data.join("longhaul.sqlite");
    if !database.exists() {
        return Ok(CopiedTasks { count: 0, has_database: false, files });
    }
    files.copy_results(copier).context("copying the results of tasks")?;
    let mut uploads = HeldUploads::new(&data.join("uploads")).context("holding the uploads")?;
    let mut tries = 0;
    let (count, missing) = loop {
        tries += 1;
        uploads.hold().context("holding the uploads")?;
        let copy = SqliteStore::copy_database(&database, &to.join(NEW_DATABASE))?;
        uploads.hold().context("holding the uploads")?;
        let missing = files.copy_uploads(&uploads, &copy.files, copier).context("copying the uploads")?;
        if missing.is_empty() || tries == TRIES {
            break (copy.tasks, missing);
        }
    };
    copier.left_out.extend(
        missing.iter().map(|file| format!("uploads/{}, because its task has just ended", file.display())),
    );
    copier.counts.copied += 1;
    copier.counts.bytes += fs::metadata(to.join(NEW_DATABASE))?.len();
    files.copy_results(copier).context("copying the results of tasks")?;
    Ok(CopiedTasks { count, has_database: true, files })
}

/// Gives the database its name, and removes the files that its tasks do not need.
fn finish_tasks(to: &Path, tasks: &CopiedTasks) -> anyhow::Result<()> {
    let database = to.join("longhaul.sqlite");
    let replaced = match tasks.has_database {
        true => fs::rename(to.join(NEW_DATABASE), &database),
        false if database.exists() => fs::remove_file(&database),
        false => Ok(()),
    };
    replaced.and_then(|()| sync(to)).with_context(|| format!("writing {}", database.display()))?;
    tasks.files.remove_others().context("removing files of tasks that are gone")
}
