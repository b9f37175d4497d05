//! Refusals of uploads reach their clients: real ones, directly and behind nginx as packaging/nginx.conf configures it.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod clients;
#[path = "../harness/mod.rs"]
mod harness;

use std::{net::SocketAddr, path::Path};

use clients::{CLIENTS, Curl, Outcome, Upload};
use harness::Server;
use harness::nginx::Nginx;

/// A file that no connection can have buffered, of zeros that take no space on the disk.
fn large_file(folder: &Path, length: u64) -> std::path::PathBuf {
    let path = folder.join("large.gpkg");
    std::fs::File::create(&path).unwrap().set_len(length).unwrap();
    path
}

fn refused(status: u16, error: &str) -> Outcome {
    Outcome { status, error: error.to_owned() }
}

/// Runs the check directly and behind nginx.
fn directly_and_behind_nginx(server: &Server, check: impl Fn(SocketAddr, &str)) {
    check(server.address, "directly");
    if let Some(nginx) = Nginx::before(server.address) {
        check(nginx.address, "behind nginx");
    }
}

#[test]
fn every_client_reads_why_200_mb_for_a_missing_repository_are_refused() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = large_file(folder.path(), 200_000_000);
    directly_and_behind_nginx(&server, |address, way| {
        for client in CLIENTS {
            let upload = Upload::form(address, "/repos/none/import.json?format=gpkg", &file);
            assert_eq!(client.send(&upload), refused(404, "Repository not found."), "{client:?} {way}");
        }
    });
    server.stop();
}

#[test]
fn every_client_reads_that_its_parameters_are_wrong() {
    let server = Server::start();
    server.init("r");
    let folder = tempfile::tempdir().unwrap();
    let file = large_file(folder.path(), 50_000_000);
    directly_and_behind_nginx(&server, |address, way| {
        for client in CLIENTS {
            let upload = Upload::form(address, "/repos/r/import.json?format=gpkg&add=1", &file);
            let expected = refused(400, "add must be true or false.");
            assert_eq!(client.send(&upload), expected, "{client:?} {way}");
        }
    });
    assert!(harness::names_in(&server.data("uploads")).is_empty());
    server.stop();
}

#[test]
fn a_client_that_expects_100_continue_reads_a_refusal_in_the_middle_of_its_body() {
    let server = Server::start_with(&["--max-upload", "20MB"]);
    server.init("r");
    let folder = tempfile::tempdir().unwrap();
    let too_large = large_file(folder.path(), 30_000_000);
    let other = tempfile::tempdir().unwrap();
    let file = large_file(other.path(), 15_000_000);
    let curl = Curl { expect: true };
    directly_and_behind_nginx(&server, |address, way| {
        for time in 0..20 {
            // Of unknown length, so that the limit is found while the body is read.
            let upload = Upload::chunked(address, "/repos/r/import.json?format=gpkg", &too_large);
            let expected = refused(413, "The file is larger than 20000000 bytes.");
            assert_eq!(curl.send(&upload), expected, "{way}, time {time}");
            let upload = Upload::form(address, "/repos/r/import.json?format=gpkg", &file).with_long_text();
            let expected = refused(400, "The fields of the form hold more than 16384 bytes of text.");
            assert_eq!(curl.send(&upload), expected, "{way}, time {time}");
        }
    });
    server.stop();
}

#[test]
fn a_client_that_expects_100_continue_need_not_send_what_is_refused_for_its_length() {
    let server = Server::start_with(&["--max-upload", "1MB"]);
    server.init("r");
    let folder = tempfile::tempdir().unwrap();
    let file = large_file(folder.path(), 30_000_000);
    for _ in 0..20 {
        let upload = Upload::form(server.address, "/repos/r/import.json?format=gpkg", &file);
        let (outcome, sent) = Curl { expect: true }.send_and_count(&upload);
        assert_eq!((outcome, sent), (refused(413, "The file is larger than 1000000 bytes."), 0));
    }
    server.stop();
}
