//! A server that answers as it was told to, one connection after the other, and remembers what it was asked.

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

/// What happens to one query.
#[derive(Clone, Debug)]
pub enum Act {
    /// This is sent, and the connection closed.
    Answer(Vec<u8>),
    /// This is sent, and then nothing more, with the connection open.
    Stall(Vec<u8>),
}

/// One query, or question for the status.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub struct Replay {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    queries: Mutex<mpsc::Receiver<Asked>>,
    is_over: Arc<Mutex<bool>>,
    thread: Option<JoinHandle<()>>,
}

impl Replay {
    /// Answers queries by these acts in their order, and then no more.
    pub fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::with_status("", acts)
    }

    /// Says that this is its status, to whoever asks for it.
    pub fn with_status(status: &str, acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let is_over = Arc::<Mutex<bool>>::default();
        let (sender, queries) = mpsc::channel();
        let mut stage = Stage {
            acts: acts.into_iter().collect(),
            status: plain(status),
            asked: asked.clone(),
            queries: sender,
            stalled: Vec::new(),
        };
        let is_over_too = is_over.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if *is_over_too.lock().unwrap() {
                    return;
                }
                stage.play(stream.unwrap());
            }
        });
        Self { address, asked, queries: Mutex::new(queries), is_over, thread: Some(thread) }
    }

    /// Where it takes queries.
    pub fn url(&self) -> String {
        format!("http://{}/api/interpreter", self.address)
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits for the next query; it is answered already, as far as it will be.
    pub fn next_query(&self) -> Asked {
        self.queries.lock().unwrap().recv().unwrap()
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        *self.is_over.lock().unwrap() = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Stage {
    acts: VecDeque<Act>,
    status: Vec<u8>,
    asked: Arc<Mutex<Vec<Asked>>>,
    queries: mpsc::Sender<Asked>,
    stalled: Vec<TcpStream>,
}

impl Stage {
    fn play(&mut self, mut stream: TcpStream) {
        let Some(asked) = read(&stream) else { return };
        self.asked.lock().unwrap().push(asked.clone());
        if asked.path == "/api/status" {
            let _ = stream.write_all(&self.status);
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
        match self.acts.pop_front() {
            None => {}
            Some(Act::Answer(bytes)) => {
                let _ = stream.write_all(&bytes);
                let _ = stream.shutdown(Shutdown::Write);
            }
            Some(Act::Stall(bytes)) => {
                let _ = stream.write_all(&bytes);
                self.stalled.push(stream);
            }
        }
        let _ = self.queries.send(asked);
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
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
    Some(Asked { method, path, headers, body: String::from_utf8(body).unwrap() })
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// An answer of this status line and type.
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

/// OSM's XML with these elements.
pub fn osm(elements: &str) -> Vec<u8> {
    let meta = "<meta osm_base=\"2016-11-09T15:50:10Z\"/>";
    let note = "<note>The data included in this document is from www.openstreetmap.org.</note>";
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<osm version=\"0.6\">\n{note}\n{meta}\n{elements}\n</osm>\n")
        .into_bytes()
}

/// That, as Overpass sends it.
pub fn data(elements: &str) -> Vec<u8> {
    answer("200 OK", "application/osm3s+xml", osm(elements))
}

/// A page on which Overpass complains.
pub fn complaint(status: &str, words: &str) -> Vec<u8> {
    let page =
        format!("<html><body>\n<p>The data …</p>\n<p><strong>Error</strong>: {words} </p>\n</body></html>\n");
    answer(status, "text/html; charset=utf-8", page)
}

/// The answers of a real server, where they lie beside the project; says so if they do not.
pub fn recorded() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/overpass-answers");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("LEFT OUT: there are no recorded answers at {}", folder.display());
    None
}

/// A recorded answer, whose files hold head and body, as it was sent. Where its body came in chunks, it ended cleanly.
pub fn replayed(file: &Path) -> Vec<u8> {
    let recorded = std::fs::read(file).unwrap();
    let end = recorded.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let (head, body) = (std::str::from_utf8(&recorded[..end]).unwrap(), &recorded[end + 4..]);
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
