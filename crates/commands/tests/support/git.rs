//! Runs `git` on a repository.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Runs `git` without the configuration of the machine, and returns its output.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    String::from_utf8(output(folder, arguments, &[])).expect("git prints UTF-8").trim_end().to_owned()
}

/// As [`git`], with bytes as input and output.
pub fn output(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = run(folder, arguments, input);
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Checks that `git fsck` reports no problems.
#[track_caller]
pub fn assert_clean(folder: &Path) {
    let output = run(folder, &["fsck", "--strict", "--full", "--no-dangling", "--no-progress"], &[]);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    // git prints notices about a repository without commits or without a default branch.
    let has_problems = text.lines().any(|line| !line.starts_with("notice: "));
    assert!(output.status.success() && !has_problems, "git fsck: {text}");
}

fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> std::process::Output {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "Jo"), ("GIT_AUTHOR_EMAIL", "jo@example.org")])
        .envs([("GIT_COMMITTER_NAME", "Kim"), ("GIT_COMMITTER_EMAIL", "kim@example.org")])
        .envs([("GIT_AUTHOR_DATE", "@1767225600 +0100"), ("GIT_COMMITTER_DATE", "@1767225600 +0100")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    std::thread::scope(|scope| {
        // On another thread, because git may write output before it has read all input.
        scope.spawn(move || {
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().expect("git ends")
    })
}

/// One line of `git ls-tree -r -z`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub mode: String,
    pub id: String,
    pub path: String,
}

/// All blobs of a commit.
pub fn files(folder: &Path, commit: &str) -> Vec<File> {
    let listing = output(folder, &["ls-tree", "-r", "-z", commit], &[]);
    let listing = String::from_utf8(listing).expect("paths are UTF-8");
    listing.split_terminator('\0').map(file).collect()
}

fn file(line: &str) -> File {
    let (head, path) = line.split_once('\t').unwrap();
    let mut head = head.split(' ');
    let mut word = || head.next().unwrap().to_owned();
    let (mode, kind, id) = (word(), word(), word());
    assert_eq!(kind, "blob", "{path}");
    File { mode, id, path: path.to_owned() }
}

/// The contents of blobs, in the order of the ids.
pub fn blobs<'a>(folder: &Path, ids: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let input: String = ids.into_iter().map(|id| format!("{id}\n")).collect();
    let output = output(folder, &["cat-file", "--batch"], input.as_bytes());
    let mut rest = &output[..];
    let mut blobs = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let head = std::str::from_utf8(&rest[..end]).unwrap();
        let size: usize = head.rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{head}"));
        blobs.push(rest[end + 1..][..size].to_vec());
        rest = &rest[end + 2 + size..];
    }
    blobs
}
