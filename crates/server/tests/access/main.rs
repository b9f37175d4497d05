//! Access with tokens.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod authentication;
mod permissions;
mod token_command;

use std::process::Stdio;

use harness::{Form, Request, Response, Server, geopackage, server::longhaul};

/// A server with tokens, and their secrets by name.
pub(crate) struct ServerWithTokens {
    pub(crate) server: Server,
    _tokens: tempfile::TempDir,
    pub(crate) secrets: Vec<(&'static str, String)>,
}

/// Runs `longhaul token new` and returns its output.
pub(crate) fn new_token(arguments: &[&str]) -> String {
    let output = longhaul().args(["token", "new"]).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) const TOKENS: [(&str, &[&str]); 5] = [
    ("root", &["--role", "admin"]),
    ("map", &["--role", "reader"]),
    ("ci", &["--role", "writer"]),
    ("city-map", &["--role", "reader", "--repository", "city"]),
    ("city-ci", &["--role", "writer", "--repository", "city", "--repository", "town"]),
];

impl ServerWithTokens {
    /// With the repositories `city` and `land`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        let file = file.to_str().unwrap();
        let secrets = TOKENS.map(|(name, rights)| {
            let secret = new_token(&[&[name, "--file", file], rights].concat());
            (name, secret.trim().to_owned())
        });
        let server = Server::start_with(&[&["--tokens", file], arguments].concat());
        let fixture = Self { server, _tokens: folder, secrets: secrets.into() };
        for name in ["city", "land"] {
            assert_eq!(fixture.send_as("root", "PUT", &format!("/repos/{name}/init")).status, 201);
        }
        fixture
    }

    pub(crate) fn secret(&self, user: &str) -> &str {
        &self.secrets.iter().find(|(name, _)| *name == user).unwrap().1
    }

    pub(crate) fn request(&self, user: &str, method: &str, target: &str) -> Request {
        Request::new(method, target).header("Authorization", &format!("Bearer {}", self.secret(user)))
    }

    pub(crate) fn send_as(&self, user: &str, method: &str, target: &str) -> Response {
        self.server.send(self.request(user, method, target))
    }

    pub(crate) fn get(&self, user: &str, target: &str) -> Response {
        self.send_as(user, "GET", target)
    }

    pub(crate) fn import(&self, user: &str, repository: &str) -> Response {
        let target = format!("/repos/{repository}/import.json?format=gpkg");
        let file = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &["a"]));
        self.server.send(self.request(user, "POST", &target).form(file))
    }

    /// Imports and waits for the end; the task's number.
    pub(crate) fn imported(&self, user: &str, repository: &str) -> u64 {
        let answer = self.import(user, repository);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.json()["task"]["id"].as_u64().unwrap();
        loop {
            let task = self.get("root", &format!("/tasks/{id}.json?wait=60")).json();
            if !matches!(task["task"]["status"].as_str(), Some("WAITING" | "RUNNING")) {
                return id;
            }
        }
    }

    pub(crate) fn tasks(&self, user: &str, query: &str) -> Vec<u64> {
        let list = self.get(user, &format!("/tasks.json?{query}")).json();
        list["tasks"].as_array().unwrap().iter().map(|one| one["task"]["id"].as_u64().unwrap()).collect()
    }

    pub(crate) fn names(&self, user: &str) -> Vec<String> {
        let list = self.get(user, "/repos.json").json();
        let repos = list["repos"]["repo"].as_array().unwrap();
        repos.iter().map(|repo| repo["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Stops it, and looks whether a token has got into the log.
    pub(crate) fn stop(self) {
        let (_folder, status, log) = self.server.stop_and_read_log();
        assert!(status.success(), "{log}");
        for (_, secret) in &self.secrets {
            assert!(!log.contains(secret.as_str()), "{log}");
        }
        assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    }
}
