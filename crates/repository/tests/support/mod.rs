//! Repositories that `git` itself makes.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests may")]

pub mod layers;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use longhaul_repository::{Repositories, Repository};

/// Runs `git` with nothing but the given configuration, and gives what it prints.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    git_at(folder, 1_767_225_600, arguments)
}

/// As [`git`], with the time of commits given.
pub fn git_at(folder: &Path, seconds: i64, arguments: &[&str]) -> String {
    let date = format!("@{seconds} +0100");
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "Jo"), ("GIT_AUTHOR_EMAIL", "jo@example.org")])
        .envs([("GIT_COMMITTER_NAME", "Kim"), ("GIT_COMMITTER_EMAIL", "kim@example.org")])
        .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
        .stdin(Stdio::null())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git prints UTF-8").trim().to_owned()
}

/// A fresh folder of repositories.
pub fn repositories() -> (tempfile::TempDir, Repositories) {
    let folder = tempfile::tempdir().unwrap();
    let repositories = Repositories::open(folder.path().join("repos")).unwrap();
    (folder, repositories)
}

/// An empty repository `r` in a fresh folder.
pub fn repository() -> (tempfile::TempDir, Repository) {
    let (folder, repositories) = repositories();
    let repository = repositories.init(&"r".parse().unwrap(), "master", None).unwrap();
    (folder, repository)
}

/// Commits files, given as path and content, on top of `parents`, and moves `branch` there.
pub fn commit(
    git_dir: &Path,
    branch: &str,
    seconds: i64,
    parents: &[&str],
    files: &[(&str, &str)],
) -> String {
    let scratch = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = scratch.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    commit_folder(git_dir, branch, seconds, parents, scratch.path())
}

/// As [`commit`], of the files in a folder.
pub fn commit_folder(git_dir: &Path, branch: &str, seconds: i64, parents: &[&str], folder: &Path) -> String {
    let work_tree = format!("--work-tree={}", folder.display());
    git(git_dir, &["--git-dir=.", "read-tree", "--empty"]);
    git(git_dir, &["--git-dir=.", &work_tree, "add", "--all", "--force", folder.to_str().unwrap()]);
    let tree = git(git_dir, &["write-tree"]);
    let mut arguments = vec!["commit-tree", &tree, "-m", "a change"];
    parents.iter().for_each(|parent| arguments.extend(["-p", parent]));
    let commit = git_at(git_dir, seconds, &arguments);
    git(git_dir, &["update-ref", &format!("refs/heads/{branch}"), &commit]);
    commit
}

/// A folder of the shared test data; says so where it is absent.
pub fn shared_data(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if !folder.exists() {
        eprintln!("left out: {path} is not there");
        return None;
    }
    Some(folder)
}
