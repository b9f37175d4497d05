use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::ImportArgs;
use crate::cli::{
    client::{Client, ClientError, Task, Upload},
    tasks::{Interrupts, View},
};

/// What became of an upload.
pub(super) enum Sent {
    /// The server has it and made a task of it.
    Accepted(Task),
    /// Ctrl-C was pressed; with the task that the server had made of it by then.
    Interrupted(Option<Task>),
}

/// How long to wait for the answer to a file that is sent, so as to cancel what the server makes of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Uploads the file.
pub(super) async fn send(
    client: &Client,
    args: &ImportArgs,
    upload: Upload,
    view: &mut View,
    interrupts: &mut Interrupts,
) -> Result<Sent, ClientError> {
    let length = upload.length;
    let show = view.upload(&upload);
    let sent = Arc::new(AtomicU64::new(0));
    let count = {
        let sent = sent.clone();
        move |bytes| {
            sent.fetch_add(bytes, Relaxed);
            show(bytes);
        }
    };
    let parameters = args.parameters();
    let mut sending = pin!(client.import(&args.repo, &parameters, upload, count));
    tokio::select! {
        task = &mut sending => return task.map(Sent::Accepted),
        () = interrupts.next() => {}
    }
    // A file that the server has in part makes no task. One that it has wholly does, and its number is yet to come.
    if sent.load(Relaxed) < length {
        return Ok(Sent::Interrupted(None));
    }
    tokio::select! {
        task = tokio::time::timeout(PATIENCE, sending) => match task {
            Ok(task) => task.map(|task| Sent::Interrupted(Some(task))),
            Err(_) => Ok(Sent::Interrupted(None)),
        },
        () = interrupts.next() => Ok(Sent::Interrupted(None)),
    }
}
