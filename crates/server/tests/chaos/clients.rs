//! Those who use the server until it is gone.

use std::{net::SocketAddr, sync::Arc, thread, thread::JoinHandle};

use serde_json::Value;

use crate::{
    book::{Book, status},
    dice::Dice,
    harness::{Form, Request, Response, geopackage},
};

/// Into which is imported.
pub const REPOSITORIES: [&str; 3] = ["a", "b", "c"];

/// Unfinished tasks beyond which nobody imports more.
const MOST_OPEN: usize = 25;

/// Starts some of each kind; each ends when the server does not answer it any more.
pub fn start(server: SocketAddr, book: &Arc<Book>, dice: &mut Dice) -> Vec<JoinHandle<()>> {
    let kinds: [fn(&mut Client) -> Option<()>; 6] =
        [Client::import, Client::import, Client::cancel, Client::prune, Client::poll, Client::poll];
    let begin = |act: fn(&mut Client) -> Option<()>| {
        let mut client = Client { server, book: book.clone(), dice: dice.split() };
        thread::spawn(move || while act(&mut client).is_some() {})
    };
    kinds.into_iter().map(begin).collect()
}

struct Client {
    server: SocketAddr,
    book: Arc<Book>,
    dice: Dice,
}

impl Client {
    fn import(&mut self) -> Option<()> {
        if self.book.ids(false).len() >= MOST_OPEN {
            return self.poll();
        }
        let repository = self.dice.pick(&REPOSITORIES)?;
        // Each rolls before anything is known, so that the plan does not depend on the clock.
        let rows = [3, 30, 300, 3000][self.dice.roll(4) as usize];
        let (mark, highest) = self.book.begin_submit();
        let target = format!("/repos/{repository}/import.json?format=gpkg&message=mark-{mark}");
        let answer = self.send(Request::new("POST", &target).form(file(mark, rows)))?;
        match answer.status {
            200 => self.book.submitted(mark, highest, repository, &task(&answer)),
            503 | 429 => self.book.refused(),
            status => panic!("an import was answered with {status}: {}", answer.text()),
        }
        Some(())
    }

    /// Mostly one that waits or runs.
    fn cancel(&mut self) -> Option<()> {
        let ended = self.dice.roll(8) == 0;
        let Some(id) = self.dice.pick(&self.book.ids(ended)).filter(|_| self.dice.roll(12) == 0) else {
            return self.poll();
        };
        let before = self.book.told(id);
        let answer = self.send(Request::new("GET", &format!("/tasks/{id}.json?cancel=true")))?;
        match answer.status {
            200 => self.book.cancelled(&before, &task(&answer)),
            404 => self.book.missed(id),
            status => assert_eq!(status, 503, "{}", answer.text()),
        }
        Some(())
    }

    fn prune(&mut self) -> Option<()> {
        let ended = self.dice.roll(4) > 0;
        let Some(id) = self.dice.pick(&self.book.ids(ended)).filter(|_| self.dice.roll(12) == 0) else {
            return self.poll();
        };
        self.book.begin_prune(id);
        let before = self.book.told(id);
        let answer = self.send(Request::new("GET", &format!("/tasks/{id}.json?prune=true")))?;
        match answer.status {
            200 => self.book.pruned(&before, &task(&answer)),
            404 => self.book.missed(id),
            status => assert_eq!(status, 503, "{}", answer.text()),
        }
        Some(())
    }

    fn poll(&mut self) -> Option<()> {
        let ended = self.dice.roll(4) == 0;
        let Some(id) = self.dice.pick(&self.book.ids(ended)) else {
            return (self.send(Request::new("GET", "/tasks.json"))?.status == 200).then_some(());
        };
        let before = self.book.told(id);
        let answer = self.send(Request::new("GET", &format!("/tasks/{id}.json")))?;
        match answer.status {
            200 => self.book.saw(&before, &task(&answer)),
            404 => self.book.missed(id),
            status => panic!("a poll was answered with {status}: {}", answer.text()),
        }
        Some(())
    }

    fn send(&self, request: Request) -> Option<Response> {
        request.try_send(self.server)
    }
}

fn task(answer: &Response) -> Value {
    let task = answer.json()["task"].clone();
    assert!(!status(&task).is_empty());
    task
}

/// Points of which none was in another file.
fn file(mark: u64, rows: usize) -> Form {
    let names: Vec<String> = (0..rows).map(|row| format!("mark {mark} row {row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &names))
}
