use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};

use super::{Environment, serve, start_tasks};

struct Server {
    runtime: Runtime,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    fn start(folder: &Path, picture: Duration) -> Self {
        let runtime = Runtime::new().unwrap();
        let (address, served, stop) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let tasks = start_tasks(folder, Environment { picture }).unwrap();
            let (stop, stopped) = oneshot::channel();
            let served = tokio::spawn(serve(listener, tasks, async { drop(stopped.await) }));
            (address, served, stop)
        });
        Self { runtime, address, stop, served }
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.served).unwrap().unwrap();
    }

    /// The status and the JSON of a response.
    fn send(&self, method: &str, path: &str, user: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nuser: {user}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    fn poll_until_ended(&self, id: u64, user: &str) -> Value {
        loop {
            let (_, mut document) = self.send("GET", &format!("/tasks/{id}.json?wait=10"), user);
            let task = document["task"].take();
            if !matches!(task["status"].as_str(), Some("WAITING" | "RUNNING")) {
                return task;
            }
        }
    }
}

#[test]
fn a_submitted_task_finishes_and_only_its_owner_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Duration::ZERO);
    let (status, submitted) = server.send("POST", "/albums/summer/thumbnails.json", "jo");
    assert_eq!(status, 200, "{submitted}");
    let id = submitted["task"]["id"].as_u64().unwrap();
    let task = server.poll_until_ended(id, "jo");
    assert_eq!(task["status"], "FINISHED", "{task}");
    assert_eq!(task["result"]["thumbnails"], 100);
    assert_eq!(server.send("GET", &format!("/tasks/{id}.json"), "ann").0, 404);
    server.stop();
}

#[test]
fn a_task_survives_a_restart_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let slow = Duration::from_millis(50);
    let server = Server::start(folder.path(), slow);
    let (_, submitted) = server.send("POST", "/albums/winter/thumbnails.json", "jo");
    let id = submitted["task"]["id"].as_u64().unwrap();
    server.stop();

    let server = Server::start(folder.path(), slow);
    let (status, task) = server.send("GET", &format!("/tasks/{id}.json"), "jo");
    assert!(matches!(task["task"]["status"].as_str(), Some("WAITING" | "RUNNING")), "{status} {task}");
    server.send("DELETE", &format!("/tasks/{id}.json"), "jo");
    assert_eq!(server.poll_until_ended(id, "jo")["status"], "CANCELLED");
    server.stop();
}
