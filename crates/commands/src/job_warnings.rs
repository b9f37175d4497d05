//! Warnings about what a job read, in the report of the task, whether it succeeds or fails.

use longhaul_tasks::{Failure, Report, ReportValue};

/// The most warnings in a report; a file can give rise to thousands.
const MOST_WARNINGS: usize = 100;

/// The most warnings in the message of a commit.
const MOST_LOSSES: usize = 20;

/// The first hundred warnings of a job, and how many more there were.
#[derive(Debug, Default)]
pub(crate) struct JobWarnings {
    /// The name of the report's list.
    member: &'static str,
    kept: Vec<String>,
    more: usize,
    /// Those that say what the commit lacks.
    losses: Vec<String>,
    more_losses: usize,
}

/// Runs a job that gathers warnings. A failure carries those gathered until then; a report gets them by
/// [`JobWarnings::add_to`], because it is sealed before the job ends.
pub(crate) fn with_warnings(
    member: &'static str,
    job: impl FnOnce(&mut JobWarnings) -> Result<Report, Failure>,
) -> Result<Report, Failure> {
    let mut warnings = JobWarnings { member, ..JobWarnings::default() };
    job(&mut warnings).map_err(|failure| match warnings.kept.is_empty() {
        true => failure,
        false => {
            let report = failure.report().cloned().unwrap_or_default();
            failure.with_report(warnings.add_to(report))
        }
    })
}

impl JobWarnings {
    /// The report with the list of warnings, if there are any.
    pub(crate) fn add_to(&self, report: Report) -> Report {
        if self.kept.is_empty() {
            return report;
        }
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        extend_list(report, self.member, self.kept.iter().cloned().chain(more))
    }

    /// The message of the commit, with what the commit lacks of the data; unchanged if it lacks nothing. `default` stands for a
    /// blank message.
    pub(crate) fn with_losses(&self, message: Option<String>, default: &str) -> Option<String> {
        if self.losses.is_empty() {
            return message;
        }
        let given = message.filter(|message| !message.trim().is_empty());
        let mut message = given.unwrap_or_else(|| default.to_owned()).trim_end().to_owned();
        message += "\n\nNot as in the source:";
        for loss in &self.losses {
            message += &format!("\n * {loss}");
        }
        if self.more_losses > 0 {
            message += &format!("\n * and {} more", self.more_losses);
        }
        Some(message)
    }

    /// Adds a warning, a sentence. `is_loss`: it says what the commit lacks, so it belongs into the message of the commit.
    pub(crate) fn add(&mut self, warning: String, is_loss: bool) {
        if is_loss {
            push_limited(&mut self.losses, &mut self.more_losses, MOST_LOSSES, warning.clone());
        }
        push_limited(&mut self.kept, &mut self.more, MOST_WARNINGS, warning);
    }
}

/// Adds texts to a list of the report, which is made if it is not there.
pub(crate) fn extend_list(report: Report, name: &str, texts: impl IntoIterator<Item = String>) -> Report {
    let mut texts = texts.into_iter().map(ReportValue::Text).peekable();
    let mut extended = Report::new();
    for (member, value) in report.members() {
        extended = match value {
            ReportValue::List(others) if member == name => {
                extended.list(name, others.iter().cloned().chain(texts.by_ref()))
            }
            value => extended.with(member, value.clone()),
        };
    }
    match texts.peek() {
        Some(_) => extended.list(name, texts),
        None => extended,
    }
}

/// Adds warnings that say nothing of what the commit lacks.
impl Extend<String> for JobWarnings {
    fn extend<T: IntoIterator<Item = String>>(&mut self, warnings: T) {
        warnings.into_iter().for_each(|warning| self.add(warning, false));
    }
}

/// Adds a text to a list of at most so many, or counts it.
fn push_limited(list: &mut Vec<String>, more: &mut usize, most: usize, text: String) {
    if list.len() < most {
        list.push(text);
    } else {
        *more += 1;
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn list(report: &Report) -> Vec<&ReportValue> {
        match report.members() {
            [(name, ReportValue::List(warnings))] if name == "warning" => warnings.iter().collect(),
            other => panic!("no list of warnings alone: {other:?}"),
        }
    }

    #[test]
    fn a_failure_carries_the_warnings_that_were_gathered_before_it() {
        let failed = with_warnings("warning", |warnings| {
            warnings.add("a table was left out".to_owned(), true);
            Err(anyhow!("row 5 is bad").into())
        });
        let failure = failed.unwrap_err();
        assert_eq!(failure.to_string(), "row 5 is bad");
        assert_eq!(list(failure.report().unwrap()), [&ReportValue::text("a table was left out")]);
        let silent = with_warnings("warning", |_| Err(anyhow!("no").into())).unwrap_err();
        assert_eq!(silent.report(), None);
    }

    #[test]
    fn the_first_hundred_are_kept_and_the_others_counted() {
        let report = with_warnings("warning", |warnings| {
            (0..150).for_each(|number| warnings.add(number.to_string(), false));
            Ok(warnings.add_to(Report::new()))
        });
        let report = report.unwrap();
        assert_eq!(list(&report).len(), 101);
        assert_eq!(list(&report)[100], &ReportValue::text("and 50 more"));
    }

    #[test]
    fn a_message_gets_what_the_commit_lacks_and_nothing_else() {
        let mut warnings = JobWarnings::default();
        warnings.add("kept unchanged".to_owned(), false);
        assert_eq!(warnings.with_losses(None, "Import"), None);
        assert_eq!(warnings.with_losses(Some("Spring".to_owned()), "Import").as_deref(), Some("Spring"));
        (0..22).for_each(|number| warnings.add(format!("loss {number}"), true));
        let message = warnings.with_losses(Some(" \n".to_owned()), "Import").unwrap();
        assert!(message.starts_with("Import\n\nNot as in the source:\n * loss 0\n"), "{message}");
        assert!(message.ends_with("\n * loss 19\n * and 2 more"), "{message}");
        let message = warnings.with_losses(Some("Spring\n".to_owned()), "Import").unwrap();
        assert!(message.starts_with("Spring\n\nNot as"), "{message}");
    }
}
