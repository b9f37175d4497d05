//! A task engine with the jobs and one repository.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longhaul_commands::{
    CommitListener, DownloadOsm, Environment, ExportLayers, ImportGeopackage, ImportOsm, ImportRoots,
    InputNames, Overpass, RepositoryLocks, RevertCommits,
};
use longhaul_repository::{Repositories, Repository};
use longhaul_tasks::{
    ErrorReport, Job, MemoryStore, Registry, Status, Submission, Task, Tasks, store::Store,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Runs jobs on the repository `r`.
pub struct Harness {
    pub runtime: Runtime,
    pub tasks: Tasks,
    pub repositories: Repositories,
    pub repository: Repository,
    pub folder: TempDir,
}

impl Harness {
    /// An empty repository, and two threads for each import.
    pub fn new() -> Self {
        Self::with_threads(2)
    }

    pub fn with_threads(threads: usize) -> Self {
        Self::with_folder(tempfile::tempdir().unwrap(), threads, MemoryStore::new())
    }

    pub fn with_store(store: impl Store) -> Self {
        Self::with_folder(tempfile::tempdir().unwrap(), 2, store)
    }

    /// Uses the repository at `folder/repos/r.git`, or makes it.
    pub fn with_folder(folder: TempDir, threads: usize, store: impl Store) -> Self {
        Self::build(folder, threads, 2 << 30, (unreachable_server(), 2), store)
    }

    /// Downloads come from `overpass`, and `workers` tasks run at the same time.
    pub fn with_overpass(overpass: Overpass, workers: usize, store: impl Store) -> Self {
        Self::build(tempfile::tempdir().unwrap(), 2, 2 << 30, (overpass, workers), store)
    }

    /// With this many bytes of memory for the positions of nodes.
    pub fn with_osm_node_memory(osm_node_memory: u64) -> Self {
        Self::build(
            tempfile::tempdir().unwrap(),
            2,
            osm_node_memory,
            (unreachable_server(), 2),
            MemoryStore::new(),
        )
    }

    fn build(
        folder: TempDir,
        threads: usize,
        osm_node_memory: u64,
        (overpass, workers): (Overpass, usize),
        store: impl Store,
    ) -> Self {
        let repositories = || Repositories::open(folder.path().join("repos")).unwrap();
        let ours = repositories();
        let name = "r".parse().unwrap();
        let repository = match ours.get(&name).unwrap() {
            Some(repository) => repository,
            None => ours.init(&name, "master", None).unwrap(),
        };
        let scratch = folder.path().to_owned();
        let environment = Environment {
            repositories: repositories(),
            threads,
            data: scratch.clone(),
            scratch,
            osm_node_memory,
            import_roots: ImportRoots::default(),
            overpass,
            repository_locks: RepositoryLocks::default(),
            commit_listener: CommitListener::default(),
            input_names: InputNames::default(),
            layer_indexes: None,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let tasks = {
            let _inside = runtime.enter();
            let registry = Registry::new(environment);
            let registry = registry.with::<ImportGeopackage>().with::<ImportOsm>().with::<DownloadOsm>();
            let registry = registry.with::<RevertCommits>().with::<ExportLayers>();
            let results = folder.path().join("results");
            Tasks::builder(registry).workers(workers).store(store).results(results).start()
        };
        Self { runtime, tasks, repositories: ours, repository, folder }
    }

    /// A folder for files of tests.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the repository.
    pub fn git_dir(&self) -> &Path {
        self.repository.path()
    }

    /// A job that imports all layers of the file at `upload`.
    pub fn job(&self, upload: &Path) -> ImportGeopackage {
        ImportGeopackage {
            repository: self.repository.id().to_owned(),
            upload: upload.to_owned(),
            file_name: upload.file_name().unwrap().to_str().unwrap().to_owned(),
            ..ImportGeopackage::default()
        }
    }

    /// Runs a job to its end.
    pub fn run(&self, job: impl Job) -> Task {
        let ended = self.runtime.block_on(async {
            let task = self.tasks.submit(job, Submission::default()).await.unwrap();
            self.tasks.wait(task.id).await.unwrap()
        });
        ended.expect("a task that has just ended is kept")
    }

    /// Runs a job that must succeed, and returns the id of its commit.
    #[track_caller]
    pub fn import(&self, job: ImportGeopackage) -> String {
        let branch = job.branch.clone().unwrap_or_else(|| "master".to_owned());
        let task = self.run(job);
        assert_eq!(task.status, Status::Finished, "{:?}", task.error);
        self.repository.branch_tip(&branch).unwrap().expect("the import made a commit").to_string()
    }

    /// Runs a job that must fail and leave no files, and returns its error with all causes in one line.
    #[track_caller]
    pub fn expect_failure(&self, job: impl Job) -> String {
        let before = self.repository_files();
        let task = self.run(job);
        assert_eq!(task.status, Status::Failed, "{:?}", task.result);
        assert_eq!(self.repository_files(), before, "a failed import leaves nothing");
        self.error_text(&task.error.expect("a failed task says why"))
    }

    /// The error with all causes in one line. Checks that it contains no paths of the server.
    #[track_caller]
    pub fn error_text(&self, error: &ErrorReport) -> String {
        let message = [std::slice::from_ref(&error.message), &error.causes[..]].concat().join(": ");
        let folder = self.scratch().to_str().unwrap();
        assert!(!message.contains(folder), "a path of the server left it: {message}");
        message
    }

    /// The files that an import could leave behind: packs, other objects, refs and locks.
    pub fn repository_files(&self) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut found = self.files();
        // A large temporary pack is removed in the background.
        while found.iter().any(|file| file.contains("tmp_")) && Instant::now() < deadline {
            std::thread::yield_now();
            found = self.files();
        }
        let refs = super::git::git(self.git_dir(), &["for-each-ref"]);
        found.sort();
        found.push(refs);
        found
    }

    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        for folder in ["objects", "refs"] {
            list(&self.git_dir().join(folder), &mut found);
        }
        found
    }
}

/// An address on which no server listens.
fn unreachable_server() -> Overpass {
    Overpass::new("http://127.0.0.1:1/api/interpreter", "longhaul-tests/1.0").unwrap()
}

/// Every file below `folder`.
fn list(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            list(&path, found);
        } else {
            found.push(path.display().to_string());
        }
    }
}
