//! Warnings about what a job read, in the report of the task, whether it succeeds or fails.

use longhaul_tasks::{Failure, Report, ReportValue};

/// The most warnings in a report; a file can give rise to thousands.
const MOST_WARNINGS: usize = 100;

/// The first hundred warnings of a job, and how many more there were.
#[derive(Debug)]
pub(crate) struct JobWarnings {
    /// The name of the report's list.
    member: &'static str,
    kept: Vec<String>,
    more: usize,
}

/// Runs a job that gathers warnings. A failure carries those gathered until then; a report gets them by
/// [`JobWarnings::add_to`], because it is sealed before the job ends.
pub(crate) fn with_warnings(
    member: &'static str,
    job: impl FnOnce(&mut JobWarnings) -> Result<Report, Failure>,
) -> Result<Report, Failure> {
    let mut warnings = JobWarnings { member, kept: Vec::new(), more: 0 };
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

    /// Adds a warning, a sentence.
    pub(crate) fn push(&mut self, warning: String) {
        if self.kept.len() < MOST_WARNINGS {
            self.kept.push(warning);
        } else {
            self.more += 1;
        }
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

impl Extend<String> for JobWarnings {
    fn extend<T: IntoIterator<Item = String>>(&mut self, warnings: T) {
        warnings.into_iter().for_each(|warning| self.push(warning));
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
            warnings.push("a table was left out".to_owned());
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
            warnings.extend((0..150).map(|number| number.to_string()));
            Ok(warnings.add_to(Report::new()))
        });
        let report = report.unwrap();
        assert_eq!(list(&report).len(), 101);
        assert_eq!(list(&report)[100], &ReportValue::text("and 50 more"));
    }
}
