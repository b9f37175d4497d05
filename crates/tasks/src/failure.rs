//! How a job says that it did not do what was asked.

use std::fmt;

use crate::{ErrorReport, Report, sanitize};

/// The task has been asked to stop; the job should return, passing this on.
///
/// Only a [`Context`](crate::Context) hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task was cancelled")]
pub struct Cancelled(pub(crate) ());

/// Why a job ended without doing what was asked; `?` makes one of any error.
///
/// It has no `std::error::Error` of its own, so that every error can become one.
///
/// ```
/// use longhaul_tasks::{Failure, Report};
/// fn parse(text: &str) -> Result<i32, Failure> {
///     Ok(text.parse()?)
/// }
/// let failure = parse("seven").unwrap_err().with_report(Report::new().text("input", "seven"));
/// assert!(failure.report().is_some());
/// ```
pub struct Failure {
    error: anyhow::Error,
    report: Option<Report>,
}

impl Failure {
    /// A failure with this error and no report.
    pub fn new(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), report: None }
    }

    /// Adds what the job has to say in spite of its failure, such as a list of conflicts.
    pub fn with_report(mut self, report: Report) -> Self {
        self.report = Some(report);
        self
    }

    /// The error with its causes.
    pub fn error(&self) -> &anyhow::Error {
        &self.error
    }

    /// The error alone, to say more of it.
    pub fn into_error(self) -> anyhow::Error {
        self.error
    }

    /// What the job has to say in spite of its failure.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Whether the error is, or was caused by, [`Cancelled`].
    pub fn is_cancelled(&self) -> bool {
        self.error.chain().any(|cause| cause.is::<Cancelled>())
    }

    pub(crate) fn into_parts(self) -> (ErrorReport, Option<Report>) {
        (ErrorReport::of(&self.error), self.report.map(sanitize::clean_report))
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ErrorReport {
    /// The outermost error as the message, what lies beneath it as the causes.
    pub fn of(error: &anyhow::Error) -> Self {
        let mut texts = sanitize::clean_error(error.chain().map(ToString::to_string)).into_iter();
        Self { message: texts.next().unwrap_or_default(), causes: texts.collect() }
    }

    /// An error without a cause.
    pub fn message(message: impl AsRef<str>) -> Self {
        Self { message: sanitize::clean(message.as_ref()).into_owned(), causes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_keeps_its_message_and_the_causes_down_to_the_root() {
        let root = std::io::Error::other("no space\u{0} left");
        let failure: Failure =
            Err::<(), _>(root).context("writing roads").context("importing").unwrap_err().into();
        let (error, report) = failure.into_parts();
        assert_eq!(error.message, "importing");
        assert_eq!(error.causes, ["writing roads", "no space\u{FFFD} left"]);
        assert_eq!(report, None);
    }

    #[test]
    fn a_cancel_is_found_at_any_depth_of_the_chain() {
        let failure: Failure =
            Err::<(), _>(Cancelled(())).context("reading").context("importing").unwrap_err().into();
        assert!(failure.is_cancelled());
        assert!(!Failure::new(anyhow::anyhow!("the task was cancelled")).is_cancelled());
    }
}
