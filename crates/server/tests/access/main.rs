//! Tokens: who is let in, and what they may do.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod roles;
mod token_file;
mod tokens;

use std::process::Stdio;

use support::{Form, Request, Response, Server, geopackage, server::longhaul};

/// A server with tokens, and what they are called.
struct Guarded {
    server: Server,
    _tokens: tempfile::TempDir,
    secrets: Vec<(&'static str, String)>,
}

/// Runs `longhaul token new`; what it prints.
fn new_token(arguments: &[&str]) -> String {
    let output = longhaul().args(["token", "new"]).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const TOKENS: [(&str, &[&str]); 5] = [
    ("root", &["--role", "admin"]),
    ("map", &["--role", "reader"]),
    ("ci", &["--role", "writer"]),
    ("city-map", &["--role", "reader", "--repository", "city"]),
    ("city-ci", &["--role", "writer", "--repository", "city", "--repository", "town"]),
];

impl Guarded {
    /// With the repositories `city` and `land`.
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        let file = file.to_str().unwrap();
        let secrets = TOKENS.map(|(name, rights)| {
            let secret = new_token(&[&[name, "--file", file], rights].concat());
            (name, secret.trim().to_owned())
        });
        let server = Server::start_with(&[&["--tokens", file], arguments].concat());
        let guarded = Self { server, _tokens: folder, secrets: secrets.into() };
        for name in ["city", "land"] {
            assert_eq!(guarded.as_who("root", "PUT", &format!("/repos/{name}/init")).status, 201);
        }
        guarded
    }

    fn secret(&self, who: &str) -> &str {
        &self.secrets.iter().find(|(name, _)| *name == who).unwrap().1
    }

    fn request(&self, who: &str, method: &str, target: &str) -> Request {
        Request::new(method, target).header("Authorization", &format!("Bearer {}", self.secret(who)))
    }

    fn as_who(&self, who: &str, method: &str, target: &str) -> Response {
        self.server.send(self.request(who, method, target))
    }

    fn get(&self, who: &str, target: &str) -> Response {
        self.as_who(who, "GET", target)
    }

    fn import(&self, who: &str, repository: &str) -> Response {
        let target = format!("/repos/{repository}/import.json?format=gpkg");
        let file = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &["a"]));
        self.server.send(self.request(who, "POST", &target).form(file))
    }

    /// Imports and waits for the end; the task's number.
    fn imported(&self, who: &str, repository: &str) -> u64 {
        let answer = self.import(who, repository);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.json()["task"]["id"].as_u64().unwrap();
        loop {
            let task = self.get("root", &format!("/tasks/{id}.json?wait=60")).json();
            if !matches!(task["task"]["status"].as_str(), Some("WAITING" | "RUNNING")) {
                return id;
            }
        }
    }

    fn tasks(&self, who: &str, query: &str) -> Vec<u64> {
        let list = self.get(who, &format!("/tasks.json?{query}")).json();
        list["tasks"].as_array().unwrap().iter().map(|one| one["task"]["id"].as_u64().unwrap()).collect()
    }

    fn names(&self, who: &str) -> Vec<String> {
        let list = self.get(who, "/repos.json").json();
        let repos = list["repos"]["repo"].as_array().unwrap();
        repos.iter().map(|repo| repo["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Stops it, and looks whether a token has got into the log.
    fn stop(self) {
        let (_folder, status, log) = self.server.stop_and_tell();
        assert!(status.success(), "{log}");
        for (_, secret) in &self.secrets {
            assert!(!log.contains(secret.as_str()), "{log}");
        }
        assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    }
}
