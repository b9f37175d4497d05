//! Git as a client, without the configuration of the machine.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder for clones.
pub(crate) struct Client {
    folder: tempfile::TempDir,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")]);
        command.env("HOME", self.folder.path());
        command.envs([("GIT_AUTHOR_NAME", "Jo"), ("GIT_AUTHOR_EMAIL", "jo@example.org")]);
        command.envs([("GIT_COMMITTER_NAME", "Jo"), ("GIT_COMMITTER_EMAIL", "jo@example.org")]);
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `git`, and returns its standard output.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs `git`, which must fail, and returns its standard error.
    pub(crate) fn failing_git(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "git {arguments:?} succeeded: {errors}");
        errors
    }

    /// Commits files, given as path and content, on top of `parent` to the bare clone `clone`, and returns the commit. Without
    /// a content the file is removed.
    pub(crate) fn commit(&self, clone: &str, parent: &str, files: &[(&str, Option<&[u8]>)]) -> String {
        self.git(&["-C", clone, "read-tree", parent]);
        for (path, content) in files {
            match content {
                Some(content) => {
                    let scratch = tempfile::NamedTempFile::new().unwrap();
                    std::fs::write(scratch.path(), content).unwrap();
                    let name = scratch.path().to_str().unwrap();
                    let blob = self.git(&["-C", clone, "hash-object", "-w", name]);
                    let entry = format!("100644,{blob},{path}");
                    self.git(&["-C", clone, "update-index", "--add", "--cacheinfo", &entry]);
                }
                None => {
                    self.git(&["-C", clone, "update-index", "--force-remove", path]);
                }
            }
        }
        let tree = self.git(&["-C", clone, "write-tree"]);
        self.git(&["-C", clone, "commit-tree", &tree, "-p", parent, "-m", "a change"])
    }

    pub(crate) fn clone_bare(&self, address: &str, name: &str) {
        self.git(&["clone", "--quiet", "--bare", address, name]);
    }
}

/// The commit that a branch of a repository on the disk stands at.
pub(crate) fn tip(repository: &Path, branch: &str) -> String {
    crate::harness::git(repository, &["rev-parse", branch])
}
