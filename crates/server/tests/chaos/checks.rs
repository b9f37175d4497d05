//! Checks while no client is active.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    changes,
    clients::REPOSITORIES,
    harness::{Request, Server, git, names_in},
    observations::Observations,
};

/// Every accepted task is listed, and no task that no client submitted.
pub fn nothing_is_lost(server: &Server, observed: &Observations) {
    let before = observed.tasks();
    let list = server.get("/tasks.json").json();
    let tasks = list["tasks"].as_array().unwrap();
    let tasks: Vec<Value> = tasks.iter().map(|task| task["task"].clone()).collect();
    assert!(tasks.is_sorted_by_key(|task| task["id"].as_u64()), "oldest first: {list}");
    observed.listed(&before, &tasks);
}

pub fn make_repositories(server: &Server) {
    for name in REPOSITORIES {
        let made = server.send(Request::new("PUT", &format!("/repos/{name}/init")));
        assert!(matches!(made.status, 201 | 409), "{}", made.text());
    }
}

/// Waits until every task has ended.
pub fn everything_ends(server: &Server, observed: &Observations) {
    for id in observed.ids(false) {
        let answer = server.get(&format!("/tasks/{id}.json"));
        if answer.status == 404 {
            observed.missed(id);
            continue;
        }
        observed.saw(&observed.seen(id), &server.ended(id));
    }
    // Tasks whose prune may have succeeded without a response.
    for id in observed.ids(true) {
        let answer = server.get(&format!("/tasks/{id}.json"));
        match answer.status {
            404 => observed.missed(id),
            _ => observed.saw(&observed.seen(id), &answer.json()["task"]),
        }
    }
}

/// The commit of a FINISHED task is in the branch exactly once and in order; that of any other task is not.
pub fn repositories_agree(server: &Server, observed: &Observations) {
    let seen = observed.tasks();
    for name in REPOSITORIES {
        let folder = server.data(&format!("repos/{name}.git"));
        if !folder.exists() {
            continue;
        }
        let commits = commits(&folder);
        let mut expected = Vec::new();
        for (id, seen) in seen.iter().filter(|(_, seen)| seen.repository.as_deref() == Some(name)) {
            let mark = format!("mark-{}", seen.mark.unwrap());
            let times = commits.iter().filter(|(_, message)| *message == mark).count();
            let commit = seen.end.as_ref().and_then(|task| task["result"]["commit"]["id"].as_str());
            match seen.end_status() {
                Some("FINISHED") => {
                    assert_eq!(times, 1, "the commit of task {id} is {times} times in {name}");
                    let (found, _) = commits.iter().find(|(_, message)| *message == mark).unwrap();
                    assert_eq!(Some(found.as_str()), commit, "task {id} names its commit");
                    expected.push(mark);
                }
                Some(other) => assert_eq!(times, 0, "task {id} is {other} and its commit is in {name}"),
                // It was pruned before a client saw its end.
                None => assert!(times <= 1, "the commit of task {id} is {times} times in {name}"),
            }
        }
        let order: Vec<_> =
            commits.iter().map(|(_, message)| message).filter(|mark| expected.contains(mark)).collect();
        assert_eq!(order, expected.iter().collect::<Vec<_>>(), "first come, first served in {name}");
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        commits.iter().for_each(|(_, message)| *times.entry(message).or_default() += 1);
        assert!(times.values().all(|times| *times == 1), "nothing is committed twice: {times:?}");
        check_files(&folder, &[".pack", ".idx"]);
    }
}

/// Id and message of each commit, oldest first.
pub fn commits(repository: &Path) -> Vec<(String, String)> {
    if git(repository, &["branch", "--list", "master"]).is_empty() {
        return Vec::new();
    }
    let log = git(repository, &["log", "--reverse", "--format=%H %s", "master"]);
    log.lines().map(|line| line.split_once(' ').unwrap()).map(|(id, text)| (id.into(), text.into())).collect()
}

/// `git fsck` succeeds, and no temporary files or locks are left: files of packs have one of these endings.
pub fn check_files(repository: &Path, endings: &[&str]) {
    // A kill between the pack and the branch leaves an unreachable commit, which git gc removes.
    assert_eq!(git(repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    let packs = repository.join("objects/pack");
    // Files of a cancelled import are removed in the background.
    let deadline = Instant::now() + Duration::from_secs(10);
    while names_in(&packs).iter().any(|name| name.starts_with("tmp_")) && Instant::now() < deadline {
        std::thread::yield_now();
    }
    for name in names_in(&packs) {
        let belongs = name.starts_with("pack-") && endings.iter().any(|ending| name.ends_with(ending));
        assert!(belongs, "{name} was left in {}", repository.display());
    }
    let locks = locks_in(repository);
    assert!(locks.is_empty(), "{locks:?}");
}

fn locks_in(folder: &Path) -> Vec<String> {
    let mut locks = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            locks.extend(locks_in(&entry.path()));
        } else if entry.path().extension().is_some_and(|extension| extension == "lock") {
            locks.push(entry.path().display().to_string());
        }
    }
    locks
}

/// Every task has ended, so no upload has an owner, and no result but those of dry runs and exports.
pub fn no_file_is_left(server: &Server) {
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
    changes::only_some_tasks_keep_files(server);
}

/// The server has nothing to complain of but its own death.
pub fn log_is_clean(log: &str) {
    for level in ["ERROR", "panicked"] {
        assert!(!log.contains(level), "{log}");
    }
}
