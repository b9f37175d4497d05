//! Files that are being made.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    caching::cached,
    harness::{Request, Server},
    setup::{commit, import_many, metric, server},
};

/// Enough that making the file takes some hundred milliseconds.
const MANY: usize = 50_000;

/// Begins to read a file, and returns when the server has begun to make it.
fn begin(server: &Server, target: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.address).unwrap();
    connection.write_all(&Request::new("GET", target).head(server.address)).unwrap();
    while cached(server) == 0 {
        thread::yield_now();
    }
    connection
}

#[test]
fn a_thousand_readers_of_a_missing_file_make_it_once() {
    let server = server(&[]);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let (left, length) = (AtomicUsize::new(1000), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let answer = server.get(&target);
                    assert_eq!(answer.status, 200);
                    let _ =
                        length.compare_exchange(0, answer.body.len(), Ordering::Relaxed, Ordering::Relaxed);
                    assert_eq!(answer.body.len(), length.load(Ordering::Relaxed));
                }
            });
        }
    });
    assert_eq!(metric(&server, "longhaul_files_made_total"), 1);
    assert_eq!(cached(&server), 1);
    server.stop();
}

#[test]
fn a_file_that_nobody_waits_for_any_more_is_not_made() {
    let server = server(&[]);
    import_many(&server, MANY);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let first = begin(&server, &target);
    let second = TcpStream::connect(server.address).unwrap();
    (&second).write_all(&Request::new("GET", &target).head(server.address)).unwrap();
    drop(first);
    drop(second);
    while metric(&server, "longhaul_files_abandoned_total") == 0 {
        thread::yield_now();
    }
    assert_eq!((metric(&server, "longhaul_files_made_total"), cached(&server)), (0, 0));
    assert_eq!(server.get(&target).status, 200);
    server.stop();
}

#[test]
fn a_server_that_is_killed_leaves_no_half_of_a_file() {
    let server = server(&[]);
    import_many(&server, MANY);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let reader = begin(&server, &target);
    let folder = server.kill();
    drop(reader);
    let server = Server::start_in(folder, &[], |_| {});
    assert_eq!(cached(&server), 0);
    let answer = server.get(&target);
    assert_eq!(answer.header("etag"), Some(crate::setup::tag(&answer.body).as_str()));
    server.stop();
}

#[test]
fn a_file_of_a_repository_that_is_deleted_meanwhile_is_not_found() {
    let server = server(&[]);
    import_many(&server, MANY);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let mut reader = begin(&server, &target);
    // As the deletion of a repository does; the trees that were not read yet are gone.
    std::fs::remove_dir_all(server.data("repos/r.git")).unwrap();
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    // What was in memory may have been enough.
    let status = answer.split(' ').nth(1);
    assert!(matches!(status, Some("404" | "200")), "{answer}");
    assert_eq!(server.get(&target).status, 404);
    server.stop();
}

#[test]
fn a_server_that_stops_does_not_complete_files() {
    let server = server(&[]);
    import_many(&server, MANY);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let reader = begin(&server, &target);
    let folder = server.stop();
    drop(reader);
    assert_eq!(crate::harness::names_in(&folder.path().join("cache/files")), [""; 0]);
}
