//! Clients that revert commits, try deliveries by dry runs and push, all to one repository; and what is checked of it.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
    sync::{Condvar, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    checks::{check_files, commits},
    clients::{Client, file, task},
    exporting::is_export,
    harness::{Request, Server, git, names_in},
    observations::Observations,
};

/// The repository of these clients.
pub const REPOSITORY: &str = "d";

/// The beginnings of the errors with which their tasks may fail.
const FAILURES: [&str; 7] = [
    "Nothing to commit after ",
    "the branch has no commits",
    "object not found",
    "nothing was undone, because of ",
    "the branch stands at ",
    "branch master was moved by somebody else in the meantime",
    "layer 'points' was changed by somebody else in the meantime",
];

/// Branches and commits whose pushes were answered with success.
static PUSHED: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());
/// How many pushes were answered, whatever the answer was.
static ANSWERED: Mutex<u64> = Mutex::new(0);
static IS_ANSWERED: Condvar = Condvar::new();
/// The repository from which files are pushed.
static CLONE: OnceLock<TempDir> = OnceLock::new();

/// Whether a task of these clients may fail with this error.
pub fn may_fail(message: &str) -> bool {
    FAILURES.iter().any(|failure| message.starts_with(failure))
        || message.starts_with("could not move branch master")
}

/// Whether the result is that of a dry run.
pub fn is_dry_run(task: &Value) -> bool {
    task["result"]["dryRun"] == true
}

impl Client {
    /// Imports, reverts, or tries a delivery and commits what was tried.
    pub fn change(&mut self) -> Option<()> {
        match self.random.below(4) {
            0 => self.submit("import.json?format=gpkg", true).map(drop),
            1 => {
                let back = self.random.below(2);
                self.submit(&format!("revert.json?commit=HEAD~{back}"), false).map(drop)
            }
            2 => self.submit("import.json?format=gpkg&dryRun=true", true).map(drop),
            _ => self.commit_dry_run(),
        }
    }

    /// Commits what one of the dry runs has shown.
    fn commit_dry_run(&mut self) -> Option<()> {
        let dry_runs = self.observed.tasks().into_iter().filter_map(|(id, seen)| {
            let end = seen.end.filter(is_dry_run)?;
            Some((id, end["result"]["head"].as_str()?.to_owned()))
        });
        let dry_runs: Vec<_> = dry_runs.collect();
        let at = self.random.below(dry_runs.len().max(1) as u64) as usize;
        let Some((id, head)) = dry_runs.get(at) else { return self.poll() };
        self.submit(&format!("import.json?format=gpkg&upload={id}&ifHead={head}"), false).map(drop)
    }

    fn submit(&mut self, target: &str, has_file: bool) -> Option<()> {
        if self.is_busy() {
            return self.poll();
        }
        let rows = [3, 30, 300][self.random.below(3) as usize];
        let (mark, highest) = self.observed.begin_submit();
        let request = Request::new("POST", &format!("/repos/{REPOSITORY}/{target}&message=mark-{mark}"));
        let request = if has_file { request.form(file(mark, rows)) } else { request };
        let answer = self.send(request)?;
        match answer.status {
            200 => self.observed.submitted(mark, highest, Some(REPOSITORY), &task(&answer)),
            503 | 429 => self.observed.refused(),
            // The dry run was pruned.
            400 if answer.error().contains("is not kept any more") => self.observed.refused(),
            status => panic!("{target} was answered with {status}: {}", answer.text()),
        }
        Some(())
    }

    /// Pushes a file: to a new branch, or to the branch of the imports, which may have moved.
    pub fn push(&mut self) -> Option<()> {
        let clone = CLONE.get_or_init(new_clone).path();
        let url = format!("http://{}/repos/{REPOSITORY}.git", self.server);
        let (name, to_master) = (self.random.below(1 << 60), self.random.below(2) == 0);
        let is_new = client_git(clone, &["rev-parse", "--verify", "FETCH_HEAD"], "").is_none();
        if (is_new || to_master) && client_git(clone, &["fetch", "--quiet", &url, "master"], "").is_none() {
            return self.poll();
        }
        let local_git = |arguments: &[&str], input: &str| client_git(clone, arguments, input).unwrap();
        let blob = local_git(&["hash-object", "-w", "--stdin"], &format!("{name}"));
        let mut tree = local_git(&["ls-tree", "FETCH_HEAD"], "");
        tree.extend((!tree.is_empty()).then_some('\n'));
        let tree = local_git(&["mktree"], &format!("{tree}100644 blob {blob}\t{name:x}.md\n"));
        let commit = ["commit-tree", &tree, "-p", "FETCH_HEAD", "-m", &format!("push-{name:x}")];
        let commit = local_git(&commit, "");
        let branch = if to_master { "master".to_owned() } else { format!("push-{name:x}") };
        let what = format!("{commit}:refs/heads/{branch}");
        if client_git(clone, &["push", "--quiet", &url, &what], "").is_some() {
            PUSHED.lock().unwrap_or_else(PoisonError::into_inner).insert((branch, commit));
        }
        *ANSWERED.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        IS_ANSWERED.notify_all();
        self.poll()
    }
}

/// Waits for the answer to a push: it takes longer than most rounds.
pub fn wait_for_push() {
    let answered = ANSWERED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = *answered;
    let waited = IS_ANSWERED.wait_timeout_while(answered, Duration::from_secs(60), |now| *now == before);
    assert!(waited.is_ok_and(|(_, waited)| !waited.timed_out()), "no push was answered");
}

fn new_clone() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    client_git(folder.path(), &["init", "--quiet", "--bare", "."], "").unwrap();
    folder
}

/// Runs Git as a client; `None` if it fails.
fn client_git(folder: &Path, arguments: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0"), ("HOME", "/nonexistent")]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Jo").env(format!("GIT_{who}_EMAIL"), "jo@example.org");
    }
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // A program that reads nothing may have ended.
    let _ = std::io::Write::write_all(&mut process.stdin.take().unwrap(), input.as_bytes());
    let output = process.wait_with_output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Everything that was answered with success is in the branch once, and nothing else; dry runs have committed nothing.
pub fn repository_agrees(server: &Server, observed: &Observations) {
    let folder = server.data(&format!("repos/{REPOSITORY}.git"));
    let commits = commits(&folder);
    for (id, seen) in observed.tasks() {
        let (Some(REPOSITORY), Some(mark)) = (seen.repository.as_deref(), seen.mark) else { continue };
        let found: Vec<_> = commits.iter().filter(|(_, text)| *text == format!("mark-{mark}")).collect();
        let commit = seen.end.as_ref().and_then(|task| task["result"]["commit"]["id"].as_str());
        match seen.end_status() {
            Some("FINISHED") => {
                let found: Vec<_> = found.iter().map(|(commit, _)| commit.as_str()).collect();
                assert_eq!(found, commit.into_iter().collect::<Vec<_>>(), "the commits of task {id}");
            }
            Some(other) => assert_eq!(found.len(), 0, "task {id} is {other} and its commit is there"),
            None => assert!(found.len() <= 1, "the commit of task {id} is there several times"),
        }
    }
    let pushed = PUSHED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (branch, commit) in &pushed {
        let is_there = match branch.as_str() {
            "master" => commits.iter().any(|(id, _)| id == commit),
            branch => git(&folder, &["rev-parse", branch]) == *commit,
        };
        assert!(is_there, "the push of {commit} to {branch} is lost");
    }
    println!("{} pushes were accepted", pushed.len());
    wait_for_git(&folder);
    check_files(&folder, &[".pack", ".idx", ".rev"]);
    let objects = names_in(&folder.join("objects"));
    assert!(!objects.iter().any(|name| name.contains("incoming")), "{objects:?}");
}

/// Processes of Git may outlive the server that was killed, but not long: their output goes nowhere.
fn wait_for_git(repository: &Path) {
    let repository = repository.canonicalize().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let is_there = |process: std::io::Result<std::fs::DirEntry>| {
        process.is_ok_and(|process| {
            std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&repository))
        })
    };
    while std::fs::read_dir("/proc").unwrap().any(is_there) {
        assert!(Instant::now() < deadline, "a process of Git is still at work in {}", repository.display());
        std::thread::yield_now();
    }
}

/// The folders of results are those of the dry runs and exports that the server knows.
pub fn only_some_tasks_keep_files(server: &Server) {
    let list = server.get("/tasks.json").json();
    let tasks = list["tasks"].as_array().unwrap().iter().map(|task| &task["task"]);
    let has_file = |task: &&Value| is_dry_run(task) || is_export(task) && task["status"] == "FINISHED";
    let mut expected: Vec<String> = tasks.filter(has_file).map(|task| task["id"].to_string()).collect();
    expected.sort();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut found = names_in(&server.data("results"));
        found.sort();
        if found == expected || Instant::now() >= deadline {
            assert_eq!(found, expected);
            return;
        }
        std::thread::yield_now();
    }
}

/// Every kind of change has succeeded.
pub fn something_happened(observed: &Observations) {
    let ends: Vec<Value> = observed.tasks().into_values().filter_map(|seen| seen.end).collect();
    let has_reverted = |task: &Value| {
        task["result"]["commit"].is_object() && task["description"].as_str().unwrap().starts_with("Undoing ")
    };
    assert!(ends.iter().any(is_dry_run) && ends.iter().any(has_reverted), "too few changes");
    assert!(!PUSHED.lock().unwrap_or_else(PoisonError::into_inner).is_empty(), "no push succeeded");
}

/// Makes the repository, and gives it a first commit so that there is something to push to.
pub fn make_repository(server: &Server) {
    let made = server.send(Request::new("PUT", &format!("/repos/{REPOSITORY}/init")));
    assert!(matches!(made.status, 201 | 409), "{}", made.text());
    let folder = server.data(&format!("repos/{REPOSITORY}.git"));
    if git(&folder, &["branch", "--list", "master"]).is_empty() {
        let tree = git(&folder, &["hash-object", "-t", "tree", "-w", "--stdin"]);
        let commit = git(&folder, &["commit-tree", &tree, "-m", "beginning"]);
        git(&folder, &["update-ref", "refs/heads/master", &commit]);
    }
}
