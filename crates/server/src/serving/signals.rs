//! Signals: SIGTERM and SIGINT stop the server, SIGHUP makes it read its tokens again; without tokens it does nothing.

use std::sync::Arc;

use anyhow::Context;

use crate::access::Tokens;

/// Reads the tokens again at each SIGHUP, if there are any. An invalid file changes nothing.
#[cfg(unix)]
pub(super) fn reload_on_hangup(tokens: Option<Arc<Tokens>>) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            return tracing::warn!(%error, "cannot handle SIGHUP; changes of the tokens need a restart");
        }
    };
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let Some(reading) = tokens.clone() else {
                tracing::info!("SIGHUP: there are no tokens to read again");
                continue;
            };
            match tokio::task::spawn_blocking(move || reading.reload()).await {
                Ok(Ok(count)) => tracing::info!(count, "read the tokens again"),
                Ok(Err(error)) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "could not read the tokens again; the old ones stay valid"
                    )
                }
                Err(error) => {
                    tracing::error!(%error, "could not read the tokens again; the old ones stay valid")
                }
            }
        }
    });
}

/// This platform has no SIGHUP.
#[cfg(not(unix))]
pub(super) fn reload_on_hangup(_tokens: Option<Arc<Tokens>>) {}

/// The signals that stop the server.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Registers the handlers: from now on a signal no longer ends the process.
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

/// Ctrl-C.
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
            tracing::error!(%error, "cannot handle Ctrl-C");
            std::future::pending::<()>().await;
        }
    }
}
