//! The server, with a temporary data folder and a free port.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
};

use super::{Form, Request, Response};

pub struct Server {
    pub address: SocketAddr,
    folder: Option<tempfile::TempDir>,
    process: Child,
    log: Option<JoinHandle<String>>,
    rest: Option<JoinHandle<String>>,
}

/// The binary, without `LONGHAUL_*` variables of the environment.
pub fn longhaul() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longhaul"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LONGHAUL_")) {
        command.env_remove(name);
    }
    command
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments, |_| {})
    }

    /// Starts it with the data folder `folder`, after `set_up` has modified the command.
    pub fn start_in(
        folder: tempfile::TempDir,
        arguments: &[&str],
        set_up: impl FnOnce(&mut Command),
    ) -> Self {
        Self::start_command(longhaul(), folder, arguments, set_up)
    }

    /// Starts it with the data folder `folder` by a wrapper command, which gets the command line as arguments.
    #[allow(dead_code, reason = "few tests do")]
    pub fn start_under(folder: tempfile::TempDir, wrapper: &[&str]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_longhaul"));
        for name in longhaul().get_envs().map(|(name, _)| name) {
            command.env_remove(name);
        }
        Self::start_command(command, folder, &[], |_| {})
    }

    fn start_command(
        mut command: Command,
        folder: tempfile::TempDir,
        arguments: &[&str],
        set_up: impl FnOnce(&mut Command),
    ) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        set_up(&mut command);
        let mut process = command.spawn().unwrap();
        let log = read_all(process.stderr.take().unwrap());
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let Some(address) = line.strip_prefix("listening on http://") else {
            panic!("it did not start: {line:?}\n{}", log.join().unwrap());
        };
        let address = address.trim_end().parse().unwrap();
        Self { address, folder: Some(folder), process, log: Some(log), rest: Some(read_all(out)) }
    }

    /// A path in the data folder.
    pub fn data(&self, path: &str) -> PathBuf {
        self.folder.as_ref().unwrap().path().join(path)
    }

    pub fn send(&self, request: Request) -> Response {
        request.send(self.address)
    }

    pub fn get(&self, target: &str) -> Response {
        self.send(Request::new("GET", target))
    }

    pub fn init(&self, name: &str) {
        let made = self.send(Request::new("PUT", &format!("/repos/{name}/init")));
        assert_eq!(made.status, 201, "{}", made.text());
    }

    /// Submits an import and returns the id of its task.
    pub fn import(&self, name: &str, form: Form) -> u64 {
        let target = format!("/repos/{name}/import.json?format=gpkg");
        let answer = self.send(Request::new("POST", &target).form(form));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["task"]["id"].as_u64().unwrap()
    }

    /// Polls the task until it has ended.
    pub fn ended(&self, id: u64) -> serde_json::Value {
        loop {
            let task = self.get(&format!("/tasks/{id}.json")).json()["task"].clone();
            if !matches!(task["status"].as_str(), Some("WAITING" | "RUNNING")) {
                return task;
            }
        }
    }

    /// Imports and waits until the task is FINISHED.
    pub fn import_to_the_end(&self, name: &str, form: Form) -> serde_json::Value {
        let task = self.ended(self.import(name, form));
        assert_eq!(task["status"], "FINISHED", "{task}");
        task
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Stops it with SIGTERM, and checks that it succeeded and logged no warnings.
    pub fn stop(self) -> tempfile::TempDir {
        self.signal("-TERM");
        self.wait()
    }

    /// Kills it, like a crash.
    pub fn kill(self) -> tempfile::TempDir {
        self.kill_and_read_log().0
    }

    /// Kills it and the process that it has started, if it was started by a wrapper that stays.
    #[allow(dead_code, reason = "few tests do")]
    pub fn kill_with_children(self) -> tempfile::TempDir {
        self.signal_child("-KILL");
        self.kill()
    }

    /// Sends a signal to the process that it has started, if it was started by a wrapper that stays.
    #[allow(dead_code, reason = "few tests do")]
    pub fn signal_child(&self, signal: &str) {
        let id = self.process.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let _ = Command::new("kill").args([signal, child]).status();
        }
    }

    /// As [`kill`](Self::kill); also returns the log.
    pub fn kill_and_read_log(mut self) -> (tempfile::TempDir, String) {
        self.process.kill().unwrap();
        let (folder, _, log) = self.wait_and_read_log();
        (folder, log)
    }

    /// Waits for its end, and checks that it succeeded and logged no warnings.
    pub fn wait(self) -> tempfile::TempDir {
        let (folder, status, log) = self.wait_and_read_log();
        assert!(status.success(), "{status}\n{log}");
        for level in ["WARN", "ERROR", "panicked"] {
            assert!(!log.contains(level), "{log}");
        }
        folder
    }

    /// As [`stop`](Self::stop), without checking status and log.
    pub fn stop_and_read_log(self) -> (tempfile::TempDir, ExitStatus, String) {
        self.signal("-TERM");
        self.wait_and_read_log()
    }

    fn wait_and_read_log(mut self) -> (tempfile::TempDir, ExitStatus, String) {
        let status = self.process.wait().unwrap();
        let log = self.log.take().unwrap().join().unwrap();
        assert_eq!(self.rest.take().unwrap().join().unwrap(), "", "one line on standard output");
        (self.folder.take().unwrap(), status, log)
    }
}

/// Starts a server; its address, as it says it, and its process.
#[allow(dead_code, reason = "few tests do")]
pub fn started(mut command: Command) -> (SocketAddr, Child) {
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.strip_prefix("listening on http://").unwrap_or_else(|| panic!("it did not start: {line:?}"));
    (address.trim_end().parse().unwrap(), process)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = from.read_to_string(&mut text);
        text
    })
}
