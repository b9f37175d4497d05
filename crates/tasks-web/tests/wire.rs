//! Over a real connection, because some things only happen there.

mod harness;

use std::fs::OpenOptions;

use axum::{ServiceExt, extract::Request};
use harness::{App, Harness};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Serves the app; where it listens.
async fn serve(app: App) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async { axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).await });
    address
}

/// Sends these bytes; the connection, to read the answer from.
async fn send(address: &str, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    connection.write_all(request.as_bytes()).await.expect("sent");
    connection
}

/// Everything until the server closes the connection: head and body.
async fn answer(mut connection: TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).await.expect("an answer");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let body = bytes.split_off(end + 4);
    (String::from_utf8(bytes).expect("text").to_ascii_lowercase(), body)
}

#[tokio::test]
async fn head_sends_a_length_and_no_body() {
    let harness = Harness::open();
    harness.filmed("text/xml", "<film/>").await;
    let address = serve(harness.app()).await;
    for (path, length) in [("/tasks/1/download", 7), ("/tasks", 0), ("/tasks/1.json", 0), ("/tasks/9", 0)] {
        let ask =
            |method| format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let (head, body) = answer(send(&address, &ask("HEAD")).await).await;
        assert!(body.is_empty(), "{path}");
        let (_, body) = answer(send(&address, &ask("GET")).await).await;
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{path}: {head}");
        assert!(length == 0 || body.len() == length);
    }
}

#[tokio::test]
async fn links_begin_with_the_address_that_was_asked() {
    let harness = Harness::open();
    harness.said("hello").await;
    let address = serve(harness.app()).await;
    for (target, host, base) in [
        ("/tasks/1.json", &*address, format!("http://{address}")),
        ("http://maps.example/tasks/1.json", &*address, "http://maps.example".into()),
        ("/tasks/1.json", "a\"><b", String::new()),
        ("/tasks/1.json", "a\u{a0}b", String::new()),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (_, body) = answer(send(&address, &request).await).await;
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(json["task"]["href"], format!("{base}/tasks/1.json"), "{host}");
    }
    let (_, body) = answer(send(&address, "GET /tasks/1.json HTTP/1.0\r\n\r\n").await).await;
    assert!(String::from_utf8_lossy(&body).contains(r#""href":"/tasks/1.json""#));
}

#[tokio::test]
async fn a_file_that_comes_short_breaks_the_connection_off() {
    const LENGTH: u64 = 1 << 28;
    let harness = Harness::open();
    harness.filmed("video/mp4", "").await;
    let file =
        OpenOptions::new().write(true).open(harness.folder.path().join("1/film.gpkg")).expect("the file");
    file.set_len(LENGTH).expect("a long file");
    let address = serve(harness.app()).await;

    let request = "GET /tasks/1/download HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut connection = send(&address, request).await;
    connection.readable().await.expect("the beginning");
    file.set_len(0).expect("a short file");
    let mut bytes = Vec::new();
    let _reset_or_closed = connection.read_to_end(&mut bytes).await;
    let head = String::from_utf8_lossy(&bytes[..200.min(bytes.len())]).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(head.contains(&format!("content-length: {LENGTH}\r\n")), "{head}");
    assert!((bytes.len() as u64) < LENGTH);
}
