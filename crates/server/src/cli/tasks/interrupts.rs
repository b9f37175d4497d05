use tokio::sync::watch;

/// Tells how often Ctrl-C was pressed, which no longer ends the program by itself.
pub struct Interrupts(watch::Receiver<u32>);

impl Interrupts {
    /// Begins to listen. Needs a Tokio runtime.
    pub fn listen() -> Self {
        let (sender, receiver) = watch::channel(0);
        // Begun here, not in the task: from now on Ctrl-C is heard.
        let mut pressed = Box::pin(tokio::signal::ctrl_c());
        tokio::spawn(async move {
            while pressed.await.is_ok() {
                sender.send_modify(|times| *times += 1);
                pressed = Box::pin(tokio::signal::ctrl_c());
            }
        });
        Self(receiver)
    }

    /// Waits until Ctrl-C is pressed once more; for ever, if this system cannot tell.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
