//! The clients that use the server until it is killed.

use std::{net::SocketAddr, sync::Arc, thread, thread::JoinHandle};

use serde_json::Value;

use crate::{
    harness::{Form, Request, Response, geopackage},
    observations::{Observations, status},
    random::Random,
};

/// The repositories of the imports.
pub const REPOSITORIES: [&str; 3] = ["a", "b", "c"];

/// No client imports while there are this many unfinished tasks.
const MAX_UNFINISHED: usize = 25;

/// Starts clients of each kind; a client ends when the server does not respond.
pub fn start(server: SocketAddr, observed: &Arc<Observations>, random: &mut Random) -> Vec<JoinHandle<()>> {
    let kinds: [fn(&mut Client) -> Option<()>; 11] = [
        Client::import,
        Client::import,
        Client::export,
        Client::read_file,
        Client::cancel,
        Client::prune,
        Client::poll,
        Client::poll,
        Client::change,
        Client::change,
        Client::push,
    ];
    let begin = |act: fn(&mut Client) -> Option<()>| {
        let mut client = Client { server, observed: observed.clone(), random: random.split() };
        thread::spawn(move || while act(&mut client).is_some() {})
    };
    kinds.into_iter().map(begin).collect()
}

pub struct Client {
    pub server: SocketAddr,
    pub observed: Arc<Observations>,
    pub random: Random,
}

impl Client {
    fn import(&mut self) -> Option<()> {
        if self.is_busy() {
            return self.poll();
        }
        let repository = self.random.pick(&REPOSITORIES)?;
        // Drawn before the request, so that the decisions do not depend on responses.
        let rows = [3, 30, 300, 3000][self.random.below(4) as usize];
        let (mark, highest) = self.observed.begin_submit();
        let target = format!("/repos/{repository}/import.json?format=gpkg&message=mark-{mark}");
        let answer = self.send(Request::new("POST", &target).form(file(mark, rows)))?;
        match answer.status {
            200 => self.observed.submitted(mark, highest, Some(repository), &task(&answer)),
            503 | 429 => self.observed.refused(),
            status => panic!("an import was answered with {status}: {}", answer.text()),
        }
        Some(())
    }

    /// Cancels a task, mostly an unfinished one.
    fn cancel(&mut self) -> Option<()> {
        let ended = self.random.below(8) == 0;
        let Some(id) = self.random.pick(&self.observed.ids(ended)).filter(|_| self.random.below(12) == 0)
        else {
            return self.poll();
        };
        let before = self.observed.seen(id);
        let answer = self.send(Request::new("GET", &format!("/tasks/{id}.json?cancel=true")))?;
        match answer.status {
            200 => self.observed.cancelled(&before, &task(&answer)),
            404 => self.observed.missed(id),
            status => assert_eq!(status, 503, "{}", answer.text()),
        }
        Some(())
    }

    fn prune(&mut self) -> Option<()> {
        let ended = self.random.below(4) > 0;
        let Some(id) = self.random.pick(&self.observed.ids(ended)).filter(|_| self.random.below(12) == 0)
        else {
            return self.poll();
        };
        self.observed.begin_prune(id);
        let before = self.observed.seen(id);
        let answer = self.send(Request::new("GET", &format!("/tasks/{id}.json?prune=true")))?;
        match answer.status {
            200 => self.observed.pruned(&before, &task(&answer)),
            404 => self.observed.missed(id),
            status => assert_eq!(status, 503, "{}", answer.text()),
        }
        Some(())
    }

    pub fn poll(&mut self) -> Option<()> {
        let ended = self.random.below(4) == 0;
        let Some(id) = self.random.pick(&self.observed.ids(ended)) else {
            return (self.send(Request::new("GET", "/tasks.json"))?.status == 200).then_some(());
        };
        let before = self.observed.seen(id);
        let answer = self.send(Request::new("GET", &format!("/tasks/{id}.json")))?;
        match answer.status {
            200 => self.observed.saw(&before, &task(&answer)),
            404 => self.observed.missed(id),
            status => panic!("a poll was answered with {status}: {}", answer.text()),
        }
        Some(())
    }

    /// Whether there are enough unfinished tasks.
    pub fn is_busy(&self) -> bool {
        self.observed.ids(false).len() >= MAX_UNFINISHED
    }

    pub fn send(&self, request: Request) -> Option<Response> {
        request.try_send(self.server)
    }
}

pub fn task(answer: &Response) -> Value {
    let task = answer.json()["task"].clone();
    assert!(!status(&task).is_empty());
    task
}

/// A GeoPackage whose points are in no other file.
pub fn file(mark: u64, rows: usize) -> Form {
    let names: Vec<String> = (0..rows).map(|row| format!("mark {mark} row {row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &names))
}
