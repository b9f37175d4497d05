//! What a backup holds.

use std::{fs, os::unix::fs::MetadataExt as _};

use super::*;
use crate::harness::{Request, git, names_in};

/// All that a client can read, without the address of the server.
fn answers(server: &Server, tasks: &[u64]) -> Vec<String> {
    let mut targets: Vec<String> =
        ["repos", "tasks", "repos/a/log", "repos/b/layers", "repos/a/config", "repos/b/ls-tree"]
            .map(|path| format!("/{path}.json"))
            .into();
    targets.extend(tasks.iter().map(|id| format!("/tasks/{id}.json")));
    targets.extend(tasks.iter().map(|id| format!("/tasks/{id}/download")));
    let answer = |target: &String| {
        let response = server.get(target);
        let text = String::from_utf8_lossy(&response.body).replace(&server.address.to_string(), "ADDRESS");
        format!("{target}: {} {text}", response.status)
    };
    targets.iter().map(answer).collect()
}

#[test]
fn a_restored_server_answers_as_the_old_one_did() {
    let (server, to) = start();
    for name in ["a", "b"] {
        server.init(name);
    }
    let mut tasks: Vec<_> = ["a", "b"]
        .map(|name| server.import_to_the_end(name, file(&["x", "y"]))["id"].as_u64().unwrap())
        .into();
    tasks.push(server.import("a", file(&["x", "y"])));
    let export = server.get("/repos/b/export.json?format=gpkg").json()["task"]["id"].as_u64().unwrap();
    tasks.push(export);
    for id in &tasks {
        server.ended(*id);
    }
    let config = "/repos/a/config.json?name=user.name&value=Ann";
    assert_eq!(server.send(Request::new("POST", config)).status, 200);
    let repository = server.data("repos/a.git");
    git(&repository, &["tag", "-a", "-m", "a tag", "v1"]);
    git(&repository, &["branch", "other"]);
    git(&repository, &["symbolic-ref", "refs/heads/alias", "refs/heads/master"]);
    let refs = git(&repository, &["show-ref", "--dereference"]);
    back_up(&server, to.path());
    let before = answers(&server, &tasks);
    assert!(
        before.iter().any(|answer| answer.starts_with(&format!("/tasks/{export}/download: 200"))),
        "{before:#?}"
    );
    server.stop();

    let server = restored(to.path());
    assert_eq!(answers(&server, &tasks), before);
    assert_eq!(git(&server.data("repos/a.git"), &["show-ref", "--dereference"]), refs);
    assert_eq!(git(&server.data("repos/a.git"), &["symbolic-ref", "refs/heads/alias"]), "refs/heads/master");
    let next = server.import_to_the_end("a", file(&["z"]));
    assert!(next["id"].as_u64() > tasks.iter().max().copied(), "ids are not used again");
    server.stop();
}

#[test]
fn a_second_backup_copies_what_is_new_and_removes_what_is_gone() {
    let (server, to) = start();
    for name in ["a", "gone", "old"] {
        server.init(name);
        server.import_to_the_end(name, file(&["x"]));
    }
    let first = back_up(&server, to.path());
    assert_eq!((first["repositories"].as_u64(), first["tasks"].as_u64()), (Some(3), Some(3)));
    let again = back_up(&server, to.path());
    assert_eq!(again["linked"], 0, "{again}");
    assert!(again["bytes"].as_u64() < first["bytes"].as_u64(), "{again}");

    server.import_to_the_end("a", file(&["x", "y"]));
    let renamed = server.send(Request::new("POST", "/repos/old/rename.json?name=new"));
    assert_eq!(renamed.status, 301);
    let token =
        server.get("/repos/gone/delete.json").json()["response"]["token"].as_str().unwrap().to_owned();
    assert_eq!(server.send(Request::new("DELETE", &format!("/repos/gone?token={token}"))).status, 200);
    git(&server.data("repos/a.git"), &["repack", "-adq"]);
    back_up(&server, to.path());
    assert_eq!(names_in(&to.path().join("repos")), ["a.git", "new.git"]);
    let packs = |folder: &Path| names_in(&folder.join("repos/a.git/objects/pack"));
    assert_eq!(packs(to.path()), packs(&server.data("")), "the packs before git repack are gone");
    for pack in packs(to.path()) {
        let inode =
            |folder: &Path| fs::metadata(folder.join("repos/a.git/objects/pack").join(&pack)).unwrap().ino();
        assert_eq!(inode(to.path()), inode(&server.data("")), "{pack} is not copied on the same file system");
    }
    server.stop();
    let server = restored(to.path());
    assert_eq!(server.get("/repos/a/log.json").json()["response"]["commit"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/repos/gone.json").status, 404);
    server.stop();
}

#[test]
fn a_stopped_server_and_one_without_a_database_are_backed_up_too() {
    let (server, to) = start();
    server.init("a");
    server.import_to_the_end("a", file(&["x"]));
    let folder = server.stop();
    let output = run(&["backup"], [to.path(), folder.path()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("1 repositories and 1 tasks: "), "{said}");
    let server = Server::start_in(folder, &[], |_| {});
    server.stop();

    let memory = Server::start_with(&["--store", "memory"]);
    memory.init("b");
    let to = tempfile::tempdir().unwrap();
    assert_eq!(back_up(&memory, to.path())["tasks"], 0);
    assert_eq!(restored(to.path()).get("/repos/b.json").status, 200);
}
