use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::timeout;

use super::ImportArgs;
use crate::cli::{
    client::{Client, ClientError, Task, Upload},
    tasks::{Interrupts, View},
};

/// What became of an upload.
pub(super) enum Sent {
    /// The server has it and made a task of it.
    Accepted(Task),
    /// The same, but Ctrl-C was pressed before the server said so.
    Unwanted(Task),
    /// Ctrl-C was pressed, and the server does not have the whole file.
    BrokenOff,
    /// Ctrl-C was pressed, and the server has the whole file but does not say what it makes of it.
    Unanswered,
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
    // Of a part of a file the server makes no task.
    if sent.load(Relaxed) < length {
        return Ok(Sent::BrokenOff);
    }
    tokio::select! {
        task = timeout(PATIENCE, sending) => task.map_or(Ok(Sent::Unanswered), |task| task.map(Sent::Unwanted)),
        () = interrupts.next() => Ok(Sent::Unanswered),
    }
}
