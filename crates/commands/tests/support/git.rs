//! What `git` itself says of a repository.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Runs `git` with nothing but the given configuration, and gives what it prints.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    String::from_utf8(output(folder, arguments, &[])).expect("git prints UTF-8").trim_end().to_owned()
}

/// As [`git`], byte for byte, with something to read on its standard input.
pub fn output(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = run(folder, arguments, input);
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Whether `git` finds nothing at all to complain about.
#[track_caller]
pub fn assert_clean(folder: &Path) {
    let output = run(folder, &["fsck", "--strict", "--full", "--no-dangling", "--no-progress"], &[]);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // A repository without commits, or without one on its first branch, is remarked upon.
    let complaints = said.lines().any(|line| !line.starts_with("notice: "));
    assert!(output.status.success() && !complaints, "git fsck: {said}");
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
    let mut stdin = child.stdin.take().expect("it was asked for");
    std::thread::scope(|scope| {
        // From a thread of its own, since git may print before it has read everything.
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

/// The bytes of blobs, in the order in which they are asked for.
pub fn blobs<'a>(folder: &Path, ids: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let asked: String = ids.into_iter().map(|id| format!("{id}\n")).collect();
    let answer = output(folder, &["cat-file", "--batch"], asked.as_bytes());
    let mut rest = &answer[..];
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
