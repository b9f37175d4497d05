//! A thread that reads from the database what is not kept in memory.

use std::{path::Path, thread::JoinHandle};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{OpenError, rows, rows::Content, schema};
use crate::{TaskId, store::StoreError};

/// Questions that may wait; those who ask more wait themselves.
const WAITING: usize = 256;

/// Asks the thread, until it is closed.
pub(super) struct Reader {
    questions: Mutex<Option<mpsc::Sender<Question>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Question {
    id: TaskId,
    answer: oneshot::Sender<rusqlite::Result<Option<Content>>>,
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

    /// What the task has to say; `None` if it is gone.
    pub(super) async fn content(&self, id: TaskId) -> Result<Option<Content>, StoreError> {
        let stopped = || StoreError::new("the task store has stopped", None);
        let questions = self.questions.lock().clone().ok_or_else(stopped)?;
        let (answer, answered) = oneshot::channel();
        questions.send(Question { id, answer }).await.map_err(|_| stopped())?;
        let content = answered.await.map_err(|_| stopped())?;
        content.map_err(|error| StoreError::new("reading from the task database", Some(error.into())))
    }

    /// Closes the database, once what was asked before is answered.
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
        // Whoever asked may have gone.
        let _ = question.answer.send(rows::read_content(database, question.id));
    }
}
