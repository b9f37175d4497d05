//! A thread that reads ended tasks that are not in memory.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{OpenError, rows, schema};
use crate::{
    TaskId,
    store::{Record, StoreError},
};

/// How many questions may wait; callers beyond that wait before they ask.
const WAITING: usize = 256;

/// The way to the thread, until it is closed.
pub(super) struct Reader {
    questions: Mutex<Option<mpsc::Sender<Question>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

type Records = Vec<Option<Arc<Record>>>;

struct Question {
    ids: Vec<TaskId>,
    answer: oneshot::Sender<rusqlite::Result<Records>>,
}

impl Reader {
    pub(super) fn start(path: &Path) -> Result<Self, OpenError> {
        let database = schema::open_to_read(path).map_err(OpenError::Open)?;
        let (questions, asked) = mpsc::channel(WAITING);
        let thread =
            std::thread::Builder::new().name("task-reader".into()).spawn(move || read(&database, asked));
        let thread = Mutex::new(Some(thread.map_err(OpenError::Thread)?));
        Ok(Self { questions: Mutex::new(Some(questions)), thread })
    }

    /// The tasks of these ids, in the order asked; `None` for each that is gone.
    pub(super) async fn records(&self, ids: Vec<TaskId>) -> Result<Records, StoreError> {
        let stopped = || StoreError::new("the task store has stopped", None);
        let questions = self.questions.lock().clone().ok_or_else(stopped)?;
        let (answer, answered) = oneshot::channel();
        questions.send(Question { ids, answer }).await.map_err(|_| stopped())?;
        drop(questions);
        let records = answered.await.map_err(|_| stopped())?;
        records.map_err(|error| StoreError::new("reading from the task database", Some(error.into())))
    }

    /// Closes the database once the earlier questions are answered.
    pub(super) fn close(&self) {
        *self.questions.lock() = None;
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn read(database: &Connection, mut asked: mpsc::Receiver<Question>) {
    while let Some(question) = asked.blocking_recv() {
        // The caller may have gone.
        let _ = question.answer.send(rows::read_records(database, &question.ids));
    }
}
