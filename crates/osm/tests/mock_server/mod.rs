//! A server that sends scripted replies, one connection after the other, and records the requests.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests may")]

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
};

/// The reply to one query.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Sends this and closes the connection.
    Send(Vec<u8>),
    /// Sends this and keeps the connection open.
    Stall(Vec<u8>),
    /// Sends the first part, and the second after a signal.
    Pause(Vec<u8>, Arc<Mutex<mpsc::Receiver<()>>>, Vec<u8>),
}

impl Reply {
    /// A [`Pause`](Self::Pause), and the sender of its signal.
    pub fn pause(first: &[u8], second: &[u8]) -> (Self, mpsc::Sender<()>) {
        let (resume, resumed) = mpsc::channel();
        (Self::Pause(first.to_vec(), Arc::new(Mutex::new(resumed)), second.to_vec()), resume)
    }
}

/// A query, or a request for the status page.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub struct MockServer {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    queries: Mutex<mpsc::Receiver<Request>>,
    is_stopped: Arc<Mutex<bool>>,
    thread: Option<JoinHandle<()>>,
}

impl MockServer {
    /// Sends these replies in their order, and then none.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_status("", replies)
    }

    /// Also has a status page with this text.
    pub fn with_status(status: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let is_stopped = Arc::<Mutex<bool>>::default();
        let (sender, queries) = mpsc::channel();
        let mut script = Script {
            replies: replies.into_iter().collect(),
            status: plain(status),
            requests: requests.clone(),
            queries: sender,
            stalled: Vec::new(),
        };
        let is_stopped_too = is_stopped.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if *is_stopped_too.lock().unwrap() {
                    return;
                }
                script.reply(stream.unwrap());
            }
        });
        Self { address, requests, queries: Mutex::new(queries), is_stopped, thread: Some(thread) }
    }

    /// The URL that accepts queries.
    pub fn url(&self) -> String {
        format!("http://{}/api/interpreter", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits for the next query. Its reply has already been sent.
    pub fn next_query(&self) -> Request {
        self.queries.lock().unwrap().recv().unwrap()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        *self.is_stopped.lock().unwrap() = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Script {
    replies: VecDeque<Reply>,
    status: Vec<u8>,
    requests: Arc<Mutex<Vec<Request>>>,
    queries: mpsc::Sender<Request>,
    stalled: Vec<TcpStream>,
}

impl Script {
    fn reply(&mut self, mut stream: TcpStream) {
        let Some(request) = read(&stream) else { return };
        self.requests.lock().unwrap().push(request.clone());
        if request.path == "/api/status" {
            let _ = stream.write_all(&self.status);
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
        match self.replies.pop_front() {
            None => {}
            Some(Reply::Send(bytes)) => {
                let _ = stream.write_all(&bytes);
                let _ = stream.shutdown(Shutdown::Write);
            }
            Some(Reply::Pause(first, resumed, second)) => {
                let _ = stream.write_all(&first);
                thread::spawn(move || {
                    let _ = resumed.lock().unwrap().recv();
                    let _ = stream.write_all(&second);
                    let _ = stream.shutdown(Shutdown::Write);
                });
            }
            Some(Reply::Stall(bytes)) => {
                let _ = stream.write_all(&bytes);
                self.stalled.push(stream);
            }
        }
        let _ = self.queries.send(request);
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).unwrap() })
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A response with this status line and media type.
pub fn answer(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn plain(text: &str) -> Vec<u8> {
    answer("200 OK", "text/plain", text)
}

/// OSM XML with these elements.
pub fn osm(elements: &str) -> Vec<u8> {
    let meta = "<meta osm_base=\"2016-11-09T15:50:10Z\"/>";
    let note = "<note>The data included in this document is from www.openstreetmap.org.</note>";
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<osm version=\"0.6\">\n{note}\n{meta}\n{elements}\n</osm>\n")
        .into_bytes()
}

/// The response of an Overpass server with these elements.
pub fn data(elements: &str) -> Vec<u8> {
    answer("200 OK", "application/osm3s+xml", osm(elements))
}

/// An error page of an Overpass server.
pub fn error_page(status: &str, message: &str) -> Vec<u8> {
    let page = format!(
        "<html><body>\n<p>The data …</p>\n<p><strong>Error</strong>: {message} </p>\n</body></html>\n"
    );
    answer(status, "text/html; charset=utf-8", page)
}

/// The folder with recorded responses of a real server; `None`, with a message, if it is not on this machine.
pub fn recorded() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/overpass-answers");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("LEFT OUT: there are no recorded answers at {}", folder.display());
    None
}

/// The body without the marker of a removed part, and without the incomplete lines around it.
fn mended(body: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
    let Some((before, after)) = text.split_once("... [middle cut out by us] ...\n") else {
        return body.to_vec();
    };
    let (before, _) = before.trim_end().rsplit_once('\n').unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    format!("{before}\n{after}").into_bytes()
}

/// A recorded response as it was sent. A chunked body gets its final chunk.
pub fn replayed(file: &Path) -> Vec<u8> {
    let recorded = std::fs::read(file).unwrap();
    let end = recorded.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let (head, body) = (std::str::from_utf8(&recorded[..end]).unwrap(), &mended(&recorded[end + 4..]));
    let is_chunked = head.contains("Transfer-Encoding: chunked");
    let kept = head.lines().filter(|line| !line.starts_with("Content-Length:"));
    let mut sent: String = kept.flat_map(|line| [line, "\r\n"]).collect();
    sent.push_str("Connection: close\r\n");
    let mut sent = match is_chunked {
        true => format!("{sent}\r\n{:x}\r\n", body.len()).into_bytes(),
        false => format!("{sent}Content-Length: {}\r\n\r\n", body.len()).into_bytes(),
    };
    sent.extend_from_slice(body);
    if is_chunked {
        sent.extend_from_slice(b"\r\n0\r\n\r\n");
    }
    sent
}
