//! The binary opens the data folder of version 0.1.0 in `database_0_1_0/`; the README there describes its tasks.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;
#[path = "../../osm/tests/mock_server/mod.rs"]
mod mock_server;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use harness::{Form, Request, Response, Server, git, names_in, server::longhaul};
use mock_server::{MockServer, Reply, data};
use rusqlite::Connection;
use serde_json::Value;

const NODE: &str = "<node id=\"1\" lat=\"1.5\" lon=\"2.5\" version=\"1\" timestamp=\"2016-03-18T08:20:37Z\" \
    changeset=\"17\" uid=\"7\" user=\"Jo\"><tag k=\"shop\" v=\"yes\"/></node>";
const OTHER_NODE: &str = "<node id=\"2\" lat=\"5.5\" lon=\"6.5\" version=\"1\" timestamp=\"2016-03-18T08:20:37Z\" \
    changeset=\"17\" uid=\"7\" user=\"Jo\"><tag k=\"shop\" v=\"no\"/></node>";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/database_0_1_0")
}

/// A copy of the data folder, as the old server left it; its tasks say that it is at `path`, if that is not where the copy is.
fn data_folder(path: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture().join("uploads"), &folder.path().join("uploads"));
    copy(&fixture().join("repos"), &folder.path().join("repos"));
    for repository in names_in(&folder.path().join("repos")) {
        for empty in ["refs/heads", "refs/tags", "objects/info", "objects/pack", "info"] {
            fs::create_dir_all(folder.path().join("repos").join(&repository).join(empty)).unwrap();
        }
    }
    let sql = fs::read_to_string(fixture().join("tasks.sql")).unwrap();
    let here = folder.path().canonicalize().unwrap();
    let sql = sql.replace("DATA_FOLDER", path.unwrap_or(here.to_str().unwrap()));
    Connection::open(folder.path().join("longhaul.sqlite")).unwrap().execute_batch(&sql).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// The server on the old data folder, with tokens for its owners.
struct Reopened {
    server: Server,
    jo: String,
    ann: String,
}

impl Reopened {
    fn start(overpass: &MockServer) -> Self {
        Self::start_in(data_folder(None), overpass)
    }

    fn start_in(folder: tempfile::TempDir, overpass: &MockServer) -> Self {
        let tokens = folder.path().join("tokens.toml");
        let new_token = |name, role| {
            let new = longhaul()
                .args(["token", "new", name, "--role", role, "--file"])
                .arg(&tokens)
                .output()
                .unwrap();
            String::from_utf8(new.stdout).unwrap().trim().to_owned()
        };
        let (jo, ann) = (new_token("jo", "writer"), new_token("ann", "admin"));
        let url = overpass.url();
        // The tasks ended long ago.
        let arguments =
            ["--keep", "876000h", "--overpass", &url, "--user-agent", "longhaul-tests/1.0", "--tokens"];
        let arguments = [&arguments[..], &[tokens.to_str().unwrap()]].concat();
        Self { server: Server::start_in(folder, &arguments, |_| {}), jo, ann }
    }

    fn get(&self, target: &str) -> Response {
        self.send(Request::new("GET", target), &self.ann)
    }

    fn send(&self, request: Request, token: &str) -> Response {
        self.server.send(request.header("Authorization", &format!("Bearer {token}")))
    }

    fn ended(&self, id: u64) -> Value {
        loop {
            let task = self.get(&format!("/tasks/{id}.json?wait=60")).json()["task"].clone();
            if !matches!(task["status"].as_str(), Some("WAITING" | "RUNNING")) {
                return task;
            }
        }
    }

    /// The commits of a branch `master`, by subject, newest first.
    fn log(&self, repository: &str) -> Vec<String> {
        let path = self.server.data(&format!("repos/{repository}.git"));
        assert_eq!(git(&path, &["fsck", "--strict", "--full"]), "");
        git(&path, &["log", "--format=%s", "master"]).lines().map(ToOwned::to_owned).collect()
    }
}

fn overpass() -> MockServer {
    MockServer::start([Reply::Send(data(NODE)), Reply::Send(data(OTHER_NODE))])
}

#[test]
fn a_database_of_0_1_0_with_a_task_in_every_state_opens_and_finishes() {
    let overpass = overpass();
    let reopened = Reopened::start(&overpass);
    for id in [6, 7, 8, 9, 10, 11] {
        let task = reopened.ended(id);
        assert_eq!(task["status"], "FINISHED", "{task}");
    }
    assert_eq!(reopened.ended(12)["status"], "CANCELLED");
    let of_jo = reopened.get("/tasks.json?owner=jo").json();
    assert_eq!(of_jo["tasks"].as_array().unwrap().len(), 11);

    // The sealed commits, each once.
    assert_eq!(reopened.log("published"), ["Import from points.gpkg:points to points/"; 2]);
    assert_eq!(reopened.log("unpublished"), ["Import from points.gpkg:points to points/"; 2]);
    for (id, repository) in [(8, "published"), (9, "unpublished")] {
        let commit = reopened.ended(id)["result"]["commit"]["id"].as_str().unwrap().to_owned();
        let path = reopened.server.data(&format!("repos/{repository}.git"));
        assert_eq!(git(&path, &["rev-parse", "master"]), commit);
    }
    let roads = reopened.log("roads");
    assert!(roads.contains(&"Waited".to_owned()) && roads.len() >= 4, "{roads:?}");
    assert_eq!(
        reopened.get("/repos/published.json").status,
        200,
        "it is not deleted for a client that has gone"
    );
    let (_folder, status, log) = reopened.server.stop_and_read_log();
    assert!(status.success() && !log.contains("ERROR") && !log.contains("panicked"), "{status}\n{log}");
}

#[test]
fn a_data_folder_of_0_1_0_that_was_moved_finds_its_uploads() {
    let overpass = overpass();
    let reopened = Reopened::start_in(data_folder(Some("/moved/away")), &overpass);
    for id in [6, 7, 8, 9, 10, 11] {
        let task = reopened.ended(id);
        assert_eq!(task["status"], "FINISHED", "{task}");
    }
    reopened.server.kill();
}

#[test]
fn ended_tasks_of_a_database_of_0_1_0_read_as_before() {
    let overpass = overpass();
    let reopened = Reopened::start(&overpass);
    let before = fs::read_to_string(fixture().join("responses.json")).unwrap();
    let before: BTreeMap<String, String> = serde_json::from_str(&before).unwrap();
    assert_eq!(before.len(), 10);
    for (path, text) in before {
        let now = reopened.get(&path).text().replace(&reopened.server.address.to_string(), "ADDRESS");
        assert_eq!(now, text, "{path}");
    }
}

#[test]
fn an_idempotency_key_of_a_database_of_0_1_0_still_finds_its_task() {
    let overpass = overpass();
    let reopened = Reopened::start(&overpass);
    let import = |key: &str, query: &str, file: &str| {
        let content = fs::read(fixture().join("uploads").join(file)).unwrap();
        let form = Form::default().file("fileUpload", "more.gpkg", &content);
        let request = Request::new("POST", &format!("/repos/roads/import.json?format=gpkg{query}"))
            .header("Idempotency-Key", &format!("\"{key}\""));
        reopened.send(request.form(form), &reopened.jo)
    };
    let file = waiting_upload();
    let again = import("waiting-import", "&dest=more&message=Waited", &file);
    assert_eq!((again.status, again.json()["task"]["id"].as_u64()), (200, Some(10)), "{}", again.text());
    let other = import("first-import", "", &file);
    assert_eq!(other.status, 422, "another request with a used key: {}", other.text());
}

/// The file name of the upload of task 10.
fn waiting_upload() -> String {
    let sql = fs::read_to_string(fixture().join("tasks.sql")).unwrap();
    let row = sql.lines().find(|line| line.starts_with("INSERT INTO \"task\" VALUES(10,")).unwrap();
    row.split_once("DATA_FOLDER/uploads/").unwrap().1[..36].to_owned()
}
