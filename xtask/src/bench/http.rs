//! A small HTTP/1.1 client on one keep-alive connection.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

const BOUNDARY: &str = "longhaul-bench-7d8f1c0a";

/// One connection to `host:port`.
pub struct Client {
    address: String,
    stream: BufReader<TcpStream>,
}

/// A status and a body.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// The length of status line, headers and body together.
    pub bytes: usize,
}

impl Client {
    /// Connects.
    pub fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Sends a request without a body and reads the response.
    pub fn send(&mut self, method: &str, path: &str) -> Result<Answer> {
        self.send_accepting(method, path, "*/*")
    }

    /// As [`Self::send`], for a response of the media type `accept`.
    pub fn send_accepting(&mut self, method: &str, path: &str, accept: &str) -> Result<Answer> {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: {accept}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer().with_context(|| format!("{method} {path}"))
    }

    /// The JSON of a successful `GET`.
    pub fn get(&mut self, path: &str) -> Result<Value> {
        self.send("GET", path)?.json()
    }

    /// Posts a file of this name as the multipart field `fileUpload`. The kernel copies it from the file to the socket.
    pub fn upload(&mut self, path: &str, name: &str, file: &mut File) -> Result<Answer> {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"fileUpload\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{BOUNDARY}--\r\n");
        let length = head.len() as u64 + file.metadata()?.len() + tail.len() as u64;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n{head}",
            self.address
        );
        let socket = self.stream.get_mut();
        socket.write_all(request.as_bytes())?;
        std::io::copy(file, socket).context("sending the file")?;
        socket.write_all(tail.as_bytes())?;
        self.answer().with_context(|| format!("POST {path}"))
    }

    fn answer(&mut self) -> Result<Answer> {
        let (status, mut bytes) = self.status()?;
        let (mut length, mut is_chunked) = (None, false);
        loop {
            let line = self.line()?;
            bytes += line.len();
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>()?);
            }
            is_chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
        let body = match is_chunked {
            true => self.chunks()?,
            false => self.bytes(length.context("an answer without a length")?)?,
        };
        bytes += body.len();
        Ok(Answer { status, body, bytes })
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(self.line()?.trim(), 16)?;
            body.extend(self.bytes(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn status(&mut self) -> Result<(u16, usize)> {
        let line = self.line()?;
        ensure!(!line.is_empty(), "the server closed the connection");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.with_context(|| format!("not HTTP: {line:?}"))?, line.len()))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line)
    }
}

impl Answer {
    /// Returns the response, or an error unless its status is a success.
    pub fn success(self) -> Result<Self> {
        if !(200..300).contains(&self.status) {
            bail!("answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        Ok(self)
    }

    /// Returns the body as JSON, or an error unless the status is a success.
    pub fn json(self) -> Result<Value> {
        serde_json::from_slice(&self.success()?.body).context("reading JSON")
    }
}
