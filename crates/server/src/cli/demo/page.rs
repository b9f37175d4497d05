use std::io::{self, StdoutLock, Write, stdout};

/// What the demo prints on.
pub(super) struct Page;

impl Page {
    /// What this is about.
    pub(super) fn title(&mut self, words: &str) -> io::Result<()> {
        self.line(words)
    }

    /// What comes next.
    pub(super) fn heading(&mut self, words: &str) -> io::Result<()> {
        self.line("")?;
        self.line(&format!("== {words}"))
    }

    /// A command that does what was done, as one could type it.
    pub(super) fn command(&mut self, command: &str) -> io::Result<()> {
        self.line(&format!("$ {command}"))
    }

    /// A line.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        let mut out = stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// What `write` writes.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = stdout().lock();
        write(&mut out)?;
        out.flush()
    }
}
