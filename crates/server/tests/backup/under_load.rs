//! Backups while imports and `git repack` run.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use rusqlite::Connection;

use super::*;
use crate::harness::git;

/// Backups that are made, each into a folder of its own and all into one.
const BACKUPS: usize = 4;

/// Imports into `a` one after another, and into `b` with many waiting.
fn import(server: &Server, is_over: &AtomicBool) {
    let mut number = 0;
    while !is_over.load(Relaxed) {
        number += 1;
        let name = format!("a point {number}");
        let waiting = server.import("b", file(&[&name]));
        server.import_to_the_end("a", file(&[&name]));
        if number % 8 == 0 {
            server.ended(waiting);
        }
    }
}

/// Makes loose objects and refs, packs them, and packs the packs.
fn repack(server: &Server, is_over: &AtomicBool) {
    let repository = server.data("repos/a.git");
    let mut number = 0;
    while !is_over.load(Relaxed) {
        number += 1;
        git(&repository, &["tag", "-f", "-a", "-m", "a tag", &format!("t{}", number % 5), "master"]);
        git(&repository, &["repack", "-adq"]);
        git(&repository, &["pack-refs", "--all"]);
    }
}

/// Every object that a ref needs is there, and every commit that a task of the copy has made; as are the files of tasks that
/// have not ended.
fn check(copy: &Path, left_out: &serde_json::Value) {
    for name in ["a", "b"] {
        let repository = copy.join("repos").join(format!("{name}.git"));
        git(&repository, &["fsck", "--full", "--strict"]);
        git(&repository, &["rev-parse", "--verify", "master"]);
    }
    let database = Connection::open(copy.join("longhaul.sqlite")).unwrap();
    let mut select = database.prepare("SELECT status, subject, result, files FROM task").unwrap();
    let mut rows = select.query([]).unwrap();
    let (mut finished, mut unfinished) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        let (status, subject): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        if status == "FINISHED" {
            let result: String = row.get(2).unwrap();
            let at = result.find(r#""id",{"Text":""#).unwrap_or_else(|| panic!("no commit in {result}")) + 14;
            let repository = copy.join("repos").join(format!("{subject}.git"));
            git(&repository, &["merge-base", "--is-ancestor", &result[at..at + 40], "master"]);
            finished += 1;
        } else if let Some(files) = row.get::<_, Option<String>>(3).unwrap() {
            for file in serde_json::from_str::<Vec<String>>(&files).unwrap() {
                assert!(
                    copy.join(&file).exists() || left_out.to_string().contains(&file),
                    "{file} of a {status} task"
                );
            }
            unfinished += 1;
        }
    }
    println!("{finished} finished and {unfinished} unfinished tasks");
    assert!(finished > 0);
}

#[test]
fn a_backup_during_imports_and_repacks_is_whole() {
    let (server, all) = start();
    for name in ["a", "b"] {
        server.init(name);
        server.import_to_the_end(name, file(&["the first"]));
    }
    let is_over = AtomicBool::new(false);
    let last = thread::scope(|scope| {
        scope.spawn(|| import(&server, &is_over));
        scope.spawn(|| repack(&server, &is_over));
        let mut last = None;
        for _ in 0..BACKUPS {
            let one = tempfile::tempdir().unwrap();
            for to in [one.path(), all.path()] {
                let said = back_up(&server, to);
                check(to, &said["leftOut"]);
            }
            last = Some(one);
        }
        is_over.store(true, Relaxed);
        last.unwrap()
    });
    server.kill();

    let server = restored(last.path());
    while server.get("/tasks.json").text().contains("ING\"") {
        thread::yield_now();
    }
    server.import_to_the_end("a", file(&["after the restore"]));
    assert!(fs::read_dir(server.data("uploads")).unwrap().count() <= 1);
    server.stop_and_read_log();
}
