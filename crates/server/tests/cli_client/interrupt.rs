//! Ctrl-C in the client subcommands.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use rusqlite::Connection;

use crate::{
    harness::{Server, geopackage, git},
    program::{Running, client_at, client_of, file, file_of_points, run},
};

/// A layer that takes long to import.
fn large_file() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, path) = file("roads.gpkg", &geopackage::points("roads", &["a"]));
    let rows = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        INSERT INTO roads SELECT i, geom, 'road ' || i FROM n, (SELECT geom FROM roads WHERE fid = 1)";
    Connection::open(&path).unwrap().execute_batch(rows).unwrap();
    (folder, path)
}

#[test]
fn ctrl_c_cancels_the_import_and_leaves_the_branch_alone() {
    let server = Server::start();
    let (_small, path) = file_of_points("roads", &["a"]);
    let first = run(client_of(&server, &["import", path.to_str().unwrap(), "--repo", "city", "--create"]));
    assert_eq!(first.status, Some(0), "{first:?}");
    let repository = server.data("repos/city.git");
    let before = git(&repository, &["rev-parse", "master"]);

    let (_folder, path) = large_file();
    let mut import =
        Running::start(client_of(&server, &["import", path.to_str().unwrap(), "--repo", "city"]));
    import.wait_for("Importing roads (1/1)...");
    import.interrupt();
    let done = import.end();
    assert_eq!((done.status, done.out.as_str()), (Some(130), ""), "{done:?}");
    assert!(done.err.contains("Cancelling task 2..."), "{done:?}");
    assert!(done.err.ends_with("Task 2: CANCELLED\n"), "{done:?}");
    assert_eq!(server.ended(2)["status"], "CANCELLED");
    assert_eq!(git(&repository, &["rev-parse", "master"]), before);
    server.stop();
}

#[test]
fn a_second_ctrl_c_ends_the_program_at_once() {
    let server = Server::start();
    let (_folder, path) = large_file();
    let mut import =
        Running::start(client_of(&server, &["import", path.to_str().unwrap(), "--repo", "city", "--create"]));
    import.wait_for("Importing roads (1/1)...");
    // It will not answer any more.
    server.signal("-STOP");
    import.interrupt();
    import.wait_for("Cancelling task 1...");
    import.interrupt();
    let done = import.end();
    server.signal("-CONT");
    assert_eq!(done.status, Some(130), "{done:?}");
    assert!(
        done.err.ends_with("Task 1 is being cancelled; 'longhaul tasks show 1' shows its outcome.\n"),
        "{done:?}"
    );
    server.send(crate::harness::Request::new("DELETE", "/tasks/1"));
    server.ended(1);
    server.stop();
}

#[test]
fn a_watched_task_can_be_cancelled_by_another_program() {
    let server = Server::start();
    let (_folder, path) = large_file();
    let mut import =
        Running::start(client_of(&server, &["import", path.to_str().unwrap(), "--repo", "city", "--create"]));
    import.wait_for("Importing roads (1/1)...");
    let mut watch = Running::start(client_of(&server, &["tasks", "watch", "1"]));
    watch.wait_for("Task 1: Importing roads (1/1)...");
    watch.interrupt();
    let watched = watch.end();
    assert_eq!(watched.status, Some(130), "{watched:?}");
    assert!(
        watched.err.ends_with("Task 1 continues; 'longhaul tasks cancel 1' cancels it.\n"),
        "{watched:?}"
    );

    let pruned = run(client_of(&server, &["tasks", "prune", "1"]));
    assert_eq!(pruned.status, Some(1));
    assert!(pruned.err.starts_with("error: task 1 is RUNNING: only a task that has ended"), "{pruned:?}");
    let cancelled = run(client_of(&server, &["tasks", "cancel", "1"]));
    assert_eq!((cancelled.status, cancelled.out.as_str()), (Some(0), "Task 1: CANCELLED\n"));
    let done = import.end();
    assert_eq!((done.status, done.out.as_str()), (Some(1), ""), "{done:?}");
    assert!(done.err.ends_with("Task 1: CANCELLED\n"), "{done:?}");
    server.stop();
}

#[test]
fn ctrl_c_interrupts_a_stalled_upload() {
    let stalling = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", stalling.local_addr().unwrap());
    let (_folder, path) = large_file();
    let import = Running::start(client_at(&url, &["import", path.to_str().unwrap(), "--repo", "city"]));
    // It has the repository, and then it reads no more than how the upload begins.
    let (mut connection, _) = stalling.accept().unwrap();
    read_head(&mut connection);
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    let head = read_head(&mut connection);
    assert!(head.starts_with("POST /repos/city/import.json?format=gpkg HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("\r\ncontent-length: "), "{head}");
    import.interrupt();
    let done = import.end();
    assert_eq!(done.status, Some(130), "{done:?}");
    assert!(done.err.ends_with("The upload was interrupted; nothing was imported.\n"), "{done:?}");
}

fn read_head(from: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
