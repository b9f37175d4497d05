//! The body of a response: what Git writes to its standard output.

use std::{io, time::Duration};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::{
    io::AsyncReadExt,
    process::ChildStdout,
    task::JoinHandle,
    time::{self, Instant},
};

use super::{path_filter::PathFilter, process::GitProcess};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How long a process may take to end after it has closed its output.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// The output of a process that is being sent. Dropping it ends the process.
pub(super) struct GitOutput {
    pub(super) process: GitProcess,
    pub(super) stdout: ChildStdout,
    /// What has been read already.
    pub(super) begun: BytesMut,
    pub(super) filter: Option<PathFilter>,
    /// When the process is ended.
    pub(super) deadline: Instant,
    /// Sends the body of the request to the process.
    #[allow(dead_code, reason = "dropping it ends the task")]
    pub(super) input: Option<InputTask>,
}

/// A task that is aborted when this is dropped.
pub(super) struct InputTask(pub(super) JoinHandle<()>);

impl Drop for InputTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl GitOutput {
    /// A body that reads the output as fast as the client does.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(Some(self), |output| async {
            let mut output = output?;
            match output.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(output))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if self.begun.is_empty() && !self.read().await? {
                return Ok(self.end().await);
            }
            let chunk = self.begun.split().freeze();
            let chunk = match &mut self.filter {
                Some(filter) => filter.push(&chunk),
                None => chunk,
            };
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
    }

    /// Reads more; `false` at the end.
    async fn read(&mut self) -> io::Result<bool> {
        self.begun.reserve(CHUNK);
        match time::timeout_at(self.deadline, self.stdout.read_buf(&mut self.begun)).await {
            Ok(read) => Ok(read? > 0),
            Err(_) => {
                tracing::info!("ended a process of Git that took too long");
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }

    /// The last chunk, if there is one. Git's packets tell the client whether it has got everything.
    async fn end(&mut self) -> Option<Bytes> {
        if let Some(rest) = self.filter.as_mut().map(PathFilter::finish).filter(|rest| !rest.is_empty()) {
            return Some(rest);
        }
        if let Ok(Ok(status)) = time::timeout(END_TIMEOUT, self.process.wait()).await
            && !status.success()
        {
            tracing::info!(%status, "git http-backend failed");
        }
        None
    }
}
