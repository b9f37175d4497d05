/// Tells when this program is told to end, by Ctrl-C or otherwise; from now on that does not end it by itself.
#[cfg(unix)]
pub(super) struct ToldToStop(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl ToldToStop {
    pub(super) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        kinds.into_iter().map(signal).collect::<Result<_, _>>().map(Self)
    }

    pub(super) async fn wait(&mut self) {
        use std::{future::poll_fn, task::Poll};
        poll_fn(|context| match self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

/// Tells when Ctrl-C is pressed.
#[cfg(not(unix))]
pub(super) struct ToldToStop;

#[cfg(not(unix))]
impl ToldToStop {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn wait(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
