//! Bodies that are too large, interrupted, or cannot be read.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use crate::{
    assert_nothing_is_left, file,
    harness::{Form, Request, Response, Server, names_in},
    post, server, wait_for_uploads,
};

#[test]
fn a_file_with_a_too_large_content_length_is_refused_before_it_is_read() {
    let server = server(&["--max-upload", "1MB"]);
    let request = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .header("Content-Length", "20000000000")
        .header("Expect", "100-continue");
    let answer = server.send(request);
    assert_eq!((answer.status, answer.error().as_str()), (413, "The file is larger than 1000000 bytes."));
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_file_that_exceeds_the_limit_is_refused() {
    let server = server(&["--max-upload", "1MB"]);
    let form = Form::default().file("fileUpload", "a.gpkg", &[0; 1_000_001]);
    let answer = server.send(post("/repos/r/import.json?format=gpkg", form));
    assert_eq!((answer.status, answer.error().as_str()), (413, "The file is larger than 1000000 bytes."));
    assert_nothing_is_left(&server);
    let fits = Form::default().file("fileUpload", "a.gpkg", &[0; 1_000_000]);
    assert_eq!(server.send(post("/repos/r/import.json?format=gpkg", fits)).status, 200);
    server.stop_and_read_log();
}

#[test]
fn a_file_of_unknown_length_is_refused_once_it_is_too_large() {
    let server = server(&["--max-upload", "1MB"]);
    let request = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .header("Content-Type", "application/octet-stream")
        .header("Transfer-Encoding", "chunked");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    for _ in 0..40 {
        stream.write_all(b"8000\r\n").unwrap();
        stream.write_all(&[0; 0x8000]).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(Response::read(stream).status, 413);
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_body_that_cannot_be_read_is_refused_before_it_is() {
    let server = server(&[]);
    let import = || post("/repos/r/import.json?format=gpkg", file());
    for encoding in ["gzip", "identity, gzip", "br"] {
        let answer = server.send(import().header("Content-Encoding", encoding));
        let error = "The body must be sent as it is, without a Content-Encoding.";
        assert_eq!((answer.status, answer.error().as_str()), (415, error), "{encoding}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    let json = Request::new("PUT", "/repos/s/init.json").body("application/json", "{}");
    assert_eq!(server.send(json.header("Content-Encoding", "deflate")).status, 415);
    for content_type in
        ["multipart/form-data", "Multipart/Form-Data; boundary=\"\"", "multipart/form-data; boundary"]
    {
        let answer = server.send(
            Request::new("POST", "/repos/r/import.json?format=gpkg").body(content_type, file().finish()),
        );
        let error = "The Content-Type of the form has no boundary, or one that is not legal.";
        assert_eq!((answer.status, answer.error().as_str()), (400, error), "{content_type}");
    }
    assert_nothing_is_left(&server);
    assert_eq!(server.send(import().header("Content-Encoding", "Identity")).status, 200);
    server.ended(1);
    server.stop();
}

#[test]
fn min_free_is_kept_free() {
    let server = server(&["--min-free", "1000000TiB"]);
    let answer = server.send(post("/repos/r/import.json?format=gpkg", file()));
    assert_eq!((answer.status, answer.error().as_str()), (507, "The server has no room for the file."));
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn an_interrupted_upload_leaves_no_file() {
    let server = server(&[]);
    let body = Form::default().file("fileUpload", "a.gpkg", &[0; 3_000_000]).finish();
    let request = Request::new("POST", "/repos/r/import?format=gpkg")
        .header("Content-Type", &Form::default().content_type())
        .header("Content-Length", &body.len().to_string());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    stream.write_all(&body[..2_000_000]).unwrap();
    wait_for_uploads(&server, 1);
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_client_that_sends_a_large_file_to_a_wrong_path_can_read_the_error() {
    let server = server(&[]);
    let large = Form::default().file("fileUpload", "a.gpkg", &vec![0; 30_000_000]);
    let answer = server.send(post("/repos/none/import.json?format=gpkg", large.clone()));
    assert_eq!((answer.status, answer.error().as_str()), (404, "Repository not found."));
    assert_eq!(server.send(post("/repos/r/log.json", large.clone())).status, 405);
    assert_eq!(server.send(post("/repos/.r/import", large.clone())).status, 400);
    assert_eq!(server.send(post("/repos/r/import?output_format=x", large.clone())).status, 400);
    let of_a_page = post("/repos/r/import", large.clone()).header("Origin", "https://evil.example");
    assert_eq!(server.send(of_a_page).status, 403);
    assert_eq!(server.send(post("/repos/r/import", large).header("Host", "evil.example")).status, 403);
    server.stop();
}

#[test]
fn an_upload_interrupted_by_a_stop_leaves_no_file() {
    let server = server(&[]);
    let request = Request::new("POST", "/repos/r/import?format=gpkg")
        .header("Content-Type", "application/octet-stream")
        .header("Content-Length", "1000000");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    stream.write_all(&[0; 500_000]).unwrap();
    wait_for_uploads(&server, 1);
    // Once for a graceful stop, again for one at once.
    server.signal("-TERM");
    let (folder, _, log) = server.stop_and_read_log();
    assert!(!log.contains("panicked"), "{log}");
    stream.read_to_end(&mut Vec::new()).ok();
    std::fs::write(folder.path().join("uploads/of-a-crash"), "").unwrap();
    let again = Server::start_in(folder, &[], |_| {});
    assert_eq!(names_in(&again.data("uploads")), [""; 0]);
    assert_eq!(again.get("/repos/r").status, 200);
    again.stop();
}
