//! A commit in a list.

use longhaul_repository::{Commit, FeatureCounts, Interrupter, Repository};
use longhaul_tasks_web::ApiError;

use super::text::{Moment, count};
use crate::web::diff::of_diff;

/// A commit as lists show it.
pub(super) struct CommitRow {
    pub(super) id: String,
    /// The first line of its message.
    pub(super) subject: String,
    /// The rest of it.
    pub(super) body: String,
    pub(super) author: String,
    pub(super) time: Moment,
    /// How many features it changes.
    pub(super) changes: Option<ChangeBar>,
}

impl CommitRow {
    pub(super) fn new(commit: &Commit) -> Self {
        let (subject, body) = commit.message.trim().split_once('\n').unwrap_or((commit.message.trim(), ""));
        Self {
            id: commit.id.to_string(),
            subject: if subject.trim().is_empty() {
                "(no message)".to_owned()
            } else {
                subject.trim().to_owned()
            },
            body: body.trim().to_owned(),
            author: commit.author.identity.name.clone(),
            time: Moment::of_millis(commit.author.timestamp),
            changes: None,
        }
    }

    /// With what it changes; of layers, features and folders if `paths` names some.
    pub(super) fn counted(
        repository: &Repository,
        commit: &Commit,
        paths: &[String],
    ) -> Result<Self, ApiError> {
        let counts = repository.commit_counts(commit, paths, &Interrupter::default()).map_err(of_diff)?;
        Ok(Self { changes: Some(ChangeBar::new(counts)), ..Self::new(commit) })
    }

    /// What people compare ids by.
    pub(super) fn short_id(&self) -> &str {
        self.id.get(..7).unwrap_or_default()
    }
}

/// Counts of features, and a bar in proportion to them.
pub(super) struct ChangeBar {
    counts: FeatureCounts,
}

impl ChangeBar {
    pub(super) fn new(counts: FeatureCounts) -> Self {
        Self { counts }
    }

    /// The sign, the class and the words of each kind that occurs.
    pub(super) fn parts(&self) -> Vec<(&'static str, &'static str, String)> {
        let parts = [
            ("added", "+", self.counts.added),
            ("changed", "~", self.counts.changed),
            ("deleted", "−", self.counts.deleted),
        ];
        let there = parts.into_iter().filter(|(_, _, number)| *number > 0);
        there.map(|(kind, sign, number)| (kind, sign, count(number))).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts == FeatureCounts::default()
    }

    /// Class, start and width of each part of the bar, which is 100 wide. A part that is there can be seen.
    pub(super) fn segments(&self) -> Vec<(&'static str, f64, f64)> {
        let parts = [
            ("added", self.counts.added),
            ("changed", self.counts.changed),
            ("deleted", self.counts.deleted),
        ];
        let all: u64 = parts.iter().map(|(_, number)| number).sum();
        let share =
            |number: u64| if number == 0 { 0.0 } else { (number as f64 / all as f64 * 100.0).max(2.0) };
        let width: f64 = parts.iter().map(|(_, number)| share(*number)).sum();
        let mut start = 0.0;
        let mut segments = Vec::new();
        for (kind, number) in parts.into_iter().filter(|(_, number)| *number > 0) {
            let part = share(number) * 100.0 / width;
            segments.push((kind, rounded(start), rounded(part)));
            start += part;
        }
        segments
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_wide_as_its_parts() {
        let bar = ChangeBar::new(FeatureCounts { added: 9_999_999, changed: 1, deleted: 0 });
        let segments = bar.segments();
        assert_eq!(segments.iter().map(|(kind, _, _)| *kind).collect::<Vec<_>>(), ["added", "changed"]);
        assert!(segments[1].2 > 1.5);
        let width: f64 = segments.iter().map(|(_, _, width)| width).sum();
        assert!((width - 100.0).abs() < 0.1);
        assert_eq!(bar.parts()[0], ("added", "+", "9,999,999".to_owned()));
        assert!(ChangeBar::new(FeatureCounts::default()).segments().is_empty());
    }
}
