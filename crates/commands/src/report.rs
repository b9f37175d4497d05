//! The report of a commit, in GeoGig's form.

use longhaul_repository::{Commit, FeatureCounts, Person};
use longhaul_tasks::{Report, ReportValue};

/// `commit{id, tree, parents, author, committer, message}`.
pub(crate) fn commit_report(commit: &Commit) -> Report {
    Report::new().element("commit", commit_members(commit))
}

/// The members of a `commit`, in a report and in a log.
pub fn commit_members(commit: &Commit) -> Report {
    commit_head(commit).long_text("message", &commit.message)
}

/// The members of a `commit` in a log with the numbers of features that it changes.
pub fn counted_commit_members(commit: &Commit, counts: FeatureCounts) -> Report {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    commit_head(commit)
        .integer("adds", number(counts.added))
        .integer("modifies", number(counts.changed))
        .integer("removes", number(counts.deleted))
        .long_text("message", &commit.message)
}

fn commit_head(commit: &Commit) -> Report {
    let parents = commit.parents.iter().map(|id| ReportValue::text(id.to_string()));
    Report::new()
        .text("id", commit.id.to_string())
        .text("tree", commit.tree.to_string())
        .element("parents", Report::new().list("id", parents))
        .element("author", person(&commit.author))
        .element("committer", person(&commit.committer))
}

fn person(person: &Person) -> Report {
    Report::new()
        .text("name", &person.identity.name)
        .text("email", &person.identity.email)
        .integer("timestamp", person.timestamp)
        .integer("timeZoneOffset", person.time_zone_offset)
}
