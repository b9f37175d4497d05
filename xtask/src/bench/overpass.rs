//! A simulated Overpass server: it sends one file for every query, or stalls, or responds with 429.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// The response to a query.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// The file.
    Whole,
    /// Half of the file, and then nothing more, on an open connection.
    Half,
    /// No response, on an open connection.
    Silent,
    /// 429.
    Busy,
}

/// A server that runs until the program ends.
pub struct Overpass {
    /// The URL for queries.
    pub url: String,
    manner: Arc<Mutex<Manner>>,
}

impl Overpass {
    /// Serves this file of OSM XML.
    pub fn start(xml: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/api/interpreter", listener.local_addr()?);
        let manner = Arc::new(Mutex::new(Manner::Whole));
        let current = manner.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manner = *current.lock().unwrap_or_else(PoisonError::into_inner);
                let xml = xml.clone();
                // The client may close the connection at any time.
                thread::spawn(move || drop(serve(stream, &xml, manner)));
            }
        });
        Ok(Self { url, manner })
    }

    /// Sets the response to further queries.
    pub fn respond_with(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

fn serve(mut stream: TcpStream, xml: &Path, manner: Manner) -> io::Result<()> {
    let path = read_request(&stream)?;
    if path == "/api/status" {
        return respond(&mut stream, "200 OK", "text/plain", 0);
    }
    match manner {
        Manner::Whole => send(&mut stream, xml, 1),
        Manner::Half => {
            send(&mut stream, xml, 2)?;
            wait_for_the_end(&mut stream)
        }
        Manner::Silent => wait_for_the_end(&mut stream),
        Manner::Busy => respond(&mut stream, "429 Too Many Requests", "text/html", 0),
    }
}

/// Reads a request and returns its path.
fn read_request(stream: &TcpStream) -> io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().unwrap_or(0);
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    Ok(path)
}

/// Sends a fraction of the file, with a `Content-Length` of all of it.
fn send(stream: &mut TcpStream, xml: &Path, parts: u64) -> io::Result<()> {
    let file = File::open(xml)?;
    let length = file.metadata()?.len();
    respond(stream, "200 OK", "application/osm3s+xml", length)?;
    io::copy(&mut file.take(length / parts), stream)?;
    Ok(())
}

fn respond(stream: &mut TcpStream, status: &str, media_type: &str, length: u64) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())
}

fn wait_for_the_end(stream: &mut TcpStream) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}
