//! How the server is told to stop.

use anyhow::Context;

/// Listens for what an operator or a service manager sends.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen: from now on a signal no longer ends the process.
    pub(super) fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listening = "listening for signals";
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context(listening)?,
            interrupt: signal(SignalKind::interrupt()).context(listening)?,
        })
    }

    /// Waits for the next SIGTERM or Ctrl-C.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Listens for Ctrl-C.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn stop(&mut self) {
        let stopped = tokio::signal::ctrl_c().await.context("listening for Ctrl-C");
        if let Err(error) = stopped {
            tracing::error!(%error, "cannot be told to stop");
            std::future::pending::<()>().await;
        }
    }
}
