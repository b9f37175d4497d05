use std::io::{self, StdoutLock, Write, stdout};

/// Prints the demo on standard output.
pub(super) struct Output;

impl Output {
    /// Prints the title.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        self.line(text)
    }

    /// Prints the heading of a step.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.line("")?;
        self.line(&format!("== {text}"))
    }

    /// Prints the command that corresponds to the step.
    pub(super) fn command(&mut self, command: &str) -> io::Result<()> {
        self.line(&format!("$ {command}"))
    }

    /// Prints a line.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        let mut out = stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// Prints the output of a function.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = stdout().lock();
        write(&mut out)?;
        out.flush()
    }
}
