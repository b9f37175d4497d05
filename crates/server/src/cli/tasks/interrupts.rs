use tokio::sync::watch;

/// Receives Ctrl-C, which no longer ends the program by itself.
pub struct Interrupts(watch::Receiver<u32>);

impl Interrupts {
    /// Registers the handler. Must be called in a Tokio runtime.
    pub fn listen() -> Self {
        let (sender, receiver) = watch::channel(0);
        // Registered here and not in the spawned task, so that no Ctrl-C is missed.
        let mut pressed = Box::pin(tokio::signal::ctrl_c());
        tokio::spawn(async move {
            while pressed.await.is_ok() {
                sender.send_modify(|times| *times += 1);
                pressed = Box::pin(tokio::signal::ctrl_c());
            }
        });
        Self(receiver)
    }

    /// Waits for the next Ctrl-C; forever if the platform does not support it.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
