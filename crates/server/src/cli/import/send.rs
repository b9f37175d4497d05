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
    tasks::{Interrupts, ProgressDisplay},
};

/// The outcome of an upload.
pub(super) enum SendOutcome {
    /// The server has the file and has created a task.
    Accepted(Task),
    /// The same, but Ctrl-C was pressed before the response.
    AcceptedAfterInterrupt(Task),
    /// Ctrl-C was pressed before the whole file was sent.
    Interrupted,
    /// Ctrl-C was pressed after the whole file was sent, and there is no response yet.
    NoResponse,
}

/// How long to wait after Ctrl-C for the response to a sent file, to be able to cancel its task.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Uploads the file once.
pub(super) async fn send(
    client: &Client,
    args: &ImportArgs,
    upload: Upload,
    key: &str,
    display: &mut ProgressDisplay,
    interrupts: &mut Interrupts,
) -> Result<SendOutcome, ClientError> {
    let length = upload.length;
    let show = display.upload(&upload);
    let sent = Arc::new(AtomicU64::new(0));
    let count = {
        let sent = sent.clone();
        move |bytes| {
            sent.fetch_add(bytes, Relaxed);
            show(bytes);
        }
    };
    let parameters = args.parameters();
    let mut sending = pin!(client.import(&args.repo, &parameters, upload, Some(key), count));
    tokio::select! {
        task = &mut sending => return task.map(SendOutcome::Accepted),
        () = interrupts.next() => {}
    }
    // The server creates no task for a part of a file.
    if sent.load(Relaxed) < length {
        return Ok(SendOutcome::Interrupted);
    }
    tokio::select! {
        task = timeout(RESPONSE_TIMEOUT, sending) => task.map_or(Ok(SendOutcome::NoResponse), |task| task.map(SendOutcome::AcceptedAfterInterrupt)),
        () = interrupts.next() => Ok(SendOutcome::NoResponse),
    }
}
