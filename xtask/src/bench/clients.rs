//! Many clients on one thread, each with one request in flight.
//!
//! The load generator shares the machine with the measured server, so it makes few system calls: one call to wait for all
//! connections, one to read a response, one to write a request.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// The pause before a request that is sent [later](Next::SendLater).
const PAUSE: Duration = Duration::from_millis(1);

/// A client that sends requests and reads responses in turn.
pub trait Client {
    /// Appends the next request to the buffer.
    fn request(&mut self, request: &mut String);

    /// Handles a complete response, including its head.
    fn on_response(&mut self, response: &str) -> Result<Next>;
}

/// What a client does next.
pub enum Next {
    /// Sends the next request.
    Send,
    /// Sends the next request after [`PAUSE`].
    SendLater,
    /// Ends.
    End,
}

/// Runs the clients against `host:port` until all have ended. Returns an error if any response is not a success.
pub fn run_clients<C: Client>(address: &str, clients: impl Iterator<Item = C>) -> Result<Vec<C>> {
    let mut poll = Poll::new()?;
    let mut connections = Vec::new();
    for client in clients {
        let mut connection = Connection::connect(address, client)?;
        poll.registry().register(&mut connection.stream, Token(connections.len()), Interest::READABLE)?;
        connections.push(connection);
    }
    connections.iter_mut().try_for_each(Connection::send)?;
    let mut events = Events::with_capacity(connections.len());
    let mut pausing = VecDeque::new();
    let mut active = connections.len();
    while active > 0 {
        let until_next =
            pausing.front().map(|(end, _): &(Instant, _)| end.saturating_duration_since(Instant::now()));
        match poll.poll(&mut events, until_next) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            let Token(at) = event.token();
            match connections[at].receive()? {
                None => {}
                Some(Next::Send) => connections[at].send()?,
                Some(Next::SendLater) => pausing.push_back((Instant::now() + PAUSE, at)),
                Some(Next::End) => active -= 1,
            }
        }
        while let Some((_, at)) = pausing.pop_front_if(|(end, _)| *end <= Instant::now()) {
            connections[at].send()?;
        }
    }
    Ok(connections.into_iter().map(|connection| connection.client).collect())
}

/// A client and its connection.
struct Connection<C> {
    client: C,
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
    filled: usize,
}

impl<C: Client> Connection<C> {
    fn connect(address: &str, client: C) -> Result<Self> {
        let stream = net::TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let buffer = vec![0; 64 * 1024];
        Ok(Self { client, stream: TcpStream::from_std(stream), request: String::new(), buffer, filled: 0 })
    }

    fn send(&mut self) -> Result<()> {
        self.request.clear();
        self.client.request(&mut self.request);
        // Nothing else is in flight on this connection, so the send buffer has room.
        self.stream.write_all(self.request.as_bytes()).context("sending a request")
    }

    /// Reads more; returns the next step of the client once the response is complete.
    fn receive(&mut self) -> Result<Option<Next>> {
        loop {
            let more = match self.stream.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            ensure!(more > 0, "the server closed the connection, or its response is too long");
            self.filled += more;
            let response = &self.buffer[..self.filled];
            match length_of(response)? {
                Some(length) if length < self.filled => bail!("more bytes than were announced"),
                Some(length) if length == self.filled => {
                    self.filled = 0;
                    return self.client.on_response(std::str::from_utf8(response)?).map(Some);
                }
                _ => {}
            }
        }
    }
}

/// The length of the whole response, once its head is complete. Returns an error unless it is a success.
pub fn length_of(response: &[u8]) -> Result<Option<usize>> {
    let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&response[..end])?;
    ensure!(head.starts_with("HTTP/1.1 20"), "not a success: {head}");
    let named = |line: &str| {
        Some(line.split_once(':')?)
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = head.lines().find_map(named).context("a response without a length")?.parse()?;
    Ok(Some(end + 4 + length))
}
