//! Restarts of the binary after a graceful stop or a crash.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{fs, net::TcpListener, path::Path, process::Stdio};

use harness::{Form, Request, Server, geopackage, git, names_in, server::longhaul};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

/// Enough rows for an import to take its time.
const MANY: usize = 60_000;

fn file(names: &[&str]) -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", names))
}

fn large_file() -> Form {
    file(&vec!["a point of which there are many"; MANY])
}

fn status(server: &Server, id: u64) -> String {
    server.get(&format!("/tasks/{id}.json")).json()["task"]["status"].as_str().unwrap_or("gone").to_owned()
}

fn wait_until_running(server: &Server, id: u64) {
    while status(server, id) == "WAITING" {
        std::thread::yield_now();
    }
}

/// A server with an empty repository `r`, whose only worker is occupied by a download from a server that never responds.
fn held() -> (Server, u64, TcpListener) {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("http://{}/api/interpreter", mute.local_addr().unwrap());
    let server = Server::start_with(&[
        "--workers",
        "1",
        "--overpass",
        &overpass,
        "--user-agent",
        "longhaul-tests/1.0",
    ]);
    server.init("r");
    let download = server.get("/repos/r/osm/download.json?bbox=1,2,3,4").json();
    let download = download["task"]["id"].as_u64().unwrap();
    wait_until_running(&server, download);
    (server, download, mute)
}

/// Submits imports, with their numbers as commit messages.
fn import_small_files(server: &Server) -> Vec<u64> {
    let import = |number: usize| {
        let layer = file(&["a"]).text("dest", &format!("layer{number}"));
        server.import("r", layer.text("message", &number.to_string()))
    };
    (0..3).map(import).collect()
}

/// A server that has started to import a large file into the empty repository `r`, with small imports waiting.
fn busy() -> (Server, Vec<u64>) {
    let (server, download, _mute) = held();
    let large = server.import("r", large_file().text("message", "large"));
    let mut ids = vec![large];
    ids.extend(import_small_files(&server));
    server.get(&format!("/tasks/{download}?cancel=true"));
    wait_until_running(&server, large);
    (server, ids)
}

fn restarted(folder: TempDir) -> Server {
    Server::start_in(folder, &[], |_| {})
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("longhaul.sqlite")).unwrap()
}

/// Files are removed in the background after the response.
fn wait_until_no_upload_is_left(server: &Server) {
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
}

/// Checks that every import made one commit, in the order of submission, and that no files are left.
fn assert_all_were_imported_once(server: &Server, ids: &[u64]) {
    for id in ids {
        assert_eq!(server.ended(*id)["status"], "FINISHED");
    }
    let repository = server.data("repos/r.git");
    let log = git(&repository, &["log", "--reverse", "--format=%s", "master"]);
    assert_eq!(log.lines().collect::<Vec<_>>(), ["large", "0", "1", "2"]);
    assert_eq!(git(&repository, &["fsck", "--strict", "--full"]), "");
    wait_until_no_upload_is_left(server);
    let packs = names_in(&repository.join("objects/pack"));
    assert!(packs.iter().all(|name| !name.starts_with("tmp_") && !name.ends_with(".keep")), "{packs:?}");
}

#[test]
fn after_a_crash_running_tasks_run_again_and_waiting_ones_wait() {
    let (server, ids) = busy();
    let folder = server.kill();
    let server = restarted(folder);
    assert_all_were_imported_once(&server, &ids);
    server.stop();
}

#[test]
fn after_a_graceful_stop_the_next_server_resumes_running_tasks() {
    let (server, ids) = busy();
    let folder = server.stop();
    let uploads = names_in(&folder.path().join("uploads"));
    let interruptions: i64 = database(folder.path())
        .query_row("SELECT sum(interruptions) FROM task", [], |row| row.get(0))
        .unwrap();
    assert_eq!(interruptions, 0, "a graceful stop does not count as an interruption");
    let server = restarted(folder);
    assert!(!uploads.is_empty(), "unfinished imports need their files");
    assert_all_were_imported_once(&server, &ids);
    server.stop();
}

#[test]
fn waiting_tasks_go_on_in_a_data_folder_that_was_moved() {
    let (server, ids) = busy();
    let folder = server.kill();
    let moved = tempfile::tempdir().unwrap();
    fs::rename(folder.path(), moved.path()).unwrap();
    let server = restarted(moved);
    assert_all_were_imported_once(&server, &ids);
    server.stop();
}

#[test]
fn an_ended_task_reads_the_same_after_a_crash_and_its_id_is_not_used_again() {
    let server = Server::start();
    server.init("r");
    let finished = server.import_to_the_end("r", file(&["a"]))["id"].as_u64().unwrap();
    let failed = server.import("r", file(&["a"]));
    assert_eq!(server.ended(failed)["status"], "FAILED", "there is nothing to commit");
    let documents = |server: &Server| {
        [finished, failed].map(|id| {
            ["json", "xml"].map(|format| {
                let text = server.get(&format!("/tasks/{id}.{format}")).text();
                text.replace(&server.address.to_string(), "ADDRESS")
            })
        })
    };
    let before = documents(&server);
    let server = restarted(server.kill());
    assert_eq!(documents(&server), before);
    for id in [finished, failed] {
        assert_eq!(server.get(&format!("/tasks/{id}?prune=true")).status, 200);
    }
    let server = restarted(server.kill());
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    assert!(server.import("r", file(&["b"])) > failed);
    server.stop();
}

#[test]
fn a_cancel_before_a_crash_takes_effect() {
    let (server, download, _mute) = held();
    let mut ids = import_small_files(&server);
    ids.push(download);
    for id in &ids {
        assert_eq!(server.get(&format!("/tasks/{id}?cancel=true")).status, 200);
    }
    let server = restarted(server.kill());
    for id in &ids {
        assert_eq!(server.ended(*id)["status"], "CANCELLED");
    }
    assert_eq!(names_in(&server.data("repos/r.git/refs/heads")), [""; 0]);
    wait_until_no_upload_is_left(&server);
    server.stop();
}

/// The data folder of a stopped server, edited as if it had been killed while its only task was sealed.
fn interrupted_after_the_seal(interruptions: u32) -> (TempDir, u64, Value, String) {
    let server = Server::start();
    server.init("r");
    let task = server.import_to_the_end("r", file(&["a"]));
    let id = task["id"].as_u64().unwrap();
    let commit = task["result"]["commit"]["id"].as_str().unwrap().to_owned();
    let folder = server.stop();
    let config = folder.path().join("repos/r.git/config");
    let config = fs::read_to_string(config).unwrap();
    let repository = config.lines().find_map(|line| line.trim().strip_prefix("id = ")).unwrap().to_owned();
    let intent = serde_json::json!({
        "repository": repository, "branch": "master", "old": null, "new": commit,
    });
    let job = serde_json::json!({
        "repository": repository, "branch": null, "upload": folder.path().join("uploads/gone"),
        "file_name": "points.gpkg", "layer": null, "dest": null, "add": false, "fid_attribute": null,
        "message": null, "author": null,
    });
    database(folder.path())
        .execute(
            "UPDATE task SET status = 'RUNNING', finished = NULL, is_sealed = 1, intent = ?, job = ?, lanes = '[]',
                files = '[]', interruptions = ?",
            (intent.to_string(), job.to_string(), interruptions),
        )
        .unwrap();
    (folder, id, task, commit)
}

#[test]
fn an_import_interrupted_after_its_commit_finishes_with_the_stored_report() {
    let (folder, id, before, commit) = interrupted_after_the_seal(0);
    let server = restarted(folder);
    assert_eq!(server.ended(id)["result"], before["result"]);
    assert_eq!(
        git(&server.data("repos/r.git"), &["rev-list", "master"]),
        commit,
        "there is no second commit"
    );
    server.stop();
}

#[test]
fn an_import_interrupted_too_often_fails() {
    let (folder, id, _, _) = interrupted_after_the_seal(2);
    let unsealed = "UPDATE task SET is_sealed = 0, intent = NULL, result = NULL";
    database(folder.path()).execute(unsealed, []).unwrap();
    let server = restarted(folder);
    let task = server.ended(id);
    assert_eq!(task["status"], "FAILED");
    assert!(task["error"]["message"].as_str().unwrap().starts_with("interrupted 3 times"), "{task}");
    server.stop();
}

#[test]
fn a_waiting_deletion_is_cancelled_after_a_crash() {
    let (server, _) = busy();
    let token = server.get("/repos/r/delete.json").json()["response"]["token"].as_str().unwrap().to_owned();
    let address = server.address;
    let deleting = std::thread::spawn(move || {
        let request = Request::new("DELETE", &format!("/repos/r?token={token}"));
        let _ = std::panic::catch_unwind(|| request.send(address));
    });
    let waiting = "SELECT count(*) FROM task WHERE kind = 'delete-repository'";
    let database = database(&server.data(""));
    while database.query_row(waiting, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        std::thread::yield_now();
    }
    drop(database);
    let server = restarted(server.kill());
    deleting.join().unwrap();
    assert_eq!(server.get("/repos/r.json").status, 200);
    while server.get("/tasks.json").text().contains("ING\"") {
        std::thread::yield_now();
    }
    assert_eq!(server.get("/repos/r.json").status, 200);
    server.stop();
}

#[test]
fn locks_and_files_left_by_a_crash_are_removed() {
    let server = Server::start();
    server.init("r");
    server.import_to_the_end("r", file(&["a"]));
    let folder = server.kill();
    let left =
        ["repos/r.git/HEAD.lock", "repos/r.git/packed-refs.lock", "repos/r.git/refs/heads/master.lock"];
    let files = ["uploads/of-a-crash", "results/77/of-no-task"];
    for path in left.iter().chain(&files).map(|path| folder.path().join(path)) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let server = restarted(folder);
    server.import_to_the_end("r", file(&["b"]));
    for gone in left.iter().chain(&files) {
        assert!(!server.data(gone).exists(), "{gone}");
    }
    server.stop();
}

#[test]
fn a_memory_store_leaves_nothing_for_the_next_server() {
    let server = Server::start_with(&["--store", "memory", "--workers", "1"]);
    server.init("r");
    for _ in 0..20 {
        server.import("r", file(&["a"]));
    }
    let folder = server.stop();
    assert_eq!(names_in(&folder.path().join("uploads")), [""; 0]);
    assert!(!folder.path().join("longhaul.sqlite").exists());
    let server = Server::start_in(folder, &["--store", "memory"], |_| {});
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    server.stop();
}

fn refusal(folder: &Path) -> String {
    let data = folder.to_str().unwrap();
    let output = longhaul()
        .args(["serve", "--listen", "127.0.0.1:0", "--data", data])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_unreadable_database_is_an_error_at_the_start() {
    let server = Server::start();
    server.init("r");
    server.import_to_the_end("r", file(&["a"]));
    let folder = server.stop();
    let path = folder.path().join("longhaul.sqlite");
    let whole = fs::read(&path).unwrap();

    database(folder.path()).pragma_update(None, "user_version", 99).unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("longhaul.sqlite") && said.contains("has version 99"), "{said}");

    fs::write(&path, "what was here is gone").unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("longhaul.sqlite") && said.contains("not a database"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "what was here is gone");

    fs::write(&path, whole).unwrap();
    let server = restarted(folder);
    assert_eq!(server.get("/tasks/1.json").json()["task"]["status"], "FINISHED");
    server.stop();
}

/// A server with a limit of the file size in units of `ulimit -f`, which behaves like a full disk.
#[cfg(unix)]
fn confined(folder: TempDir, blocks: u32) -> Server {
    Server::start_under(
        folder,
        &["sh", "-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")],
    )
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_new_tasks_are_refused_and_none_is_lost() {
    let server = Server::start();
    server.init("r");
    let server = confined(server.stop(), 4000);
    let mut answered = Vec::new();
    let long = "x".repeat(8000);
    let refused = loop {
        let target = format!("/repos/r/import.json?format=gpkg&message={long}");
        let answer = server.send(Request::new("POST", &target).form(Form::default().file(
            "fileUpload",
            "none.gpkg",
            b"no geopackage",
        )));
        match answer.status {
            200 => answered.push(answer.json()["task"]["id"].as_u64().unwrap()),
            _ => break answer,
        }
    };
    assert!(matches!(refused.status, 500 | 503), "{}", refused.text());
    assert!(!refused.text().contains(server.data("").to_str().unwrap()), "{}", refused.text());
    assert!(answered.len() > 3);
    assert_eq!(server.get(&format!("/tasks/{}.json", answered[0])).status, 200, "questions are answered");
    let server = restarted(server.kill());
    for id in answered {
        assert_eq!(server.ended(id)["status"], "FAILED", "it is no GeoPackage, and it is not forgotten");
    }
    server.import_to_the_end("r", file(&["a"]));
    server.stop();
}
