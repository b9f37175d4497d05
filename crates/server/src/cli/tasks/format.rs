//! Formats tasks and commits for a terminal.

use std::io::{self, Write};

use indicatif::HumanFloatCount;
use jiff::{Timestamp, tz::Offset};

use crate::cli::client::{Commit, Person, TaskError};

/// Replaces control characters, so that text from the server cannot control the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Formats the amount of a progress: `12,345` or `99.3`.
pub fn amount(amount: f64) -> String {
    HumanFloatCount((amount * 10.0).round() / 10.0).to_string()
}

/// Writes a commit in the format of `git log`.
pub fn write_commit(
    out: &mut (impl Write + ?Sized),
    commit: &Commit,
    branch: Option<&str>,
) -> io::Result<()> {
    writeln!(out, "commit {}", printable(&commit.id))?;
    if let Some(branch) = branch {
        writeln!(out, "Branch: {}", printable(branch))?;
    }
    writeln!(out, "Author: {}", person(&commit.author))?;
    writeln!(out, "Date:   {}", date(&commit.author))?;
    writeln!(out)?;
    for line in commit.message.trim_end().lines() {
        writeln!(out, "{}", format!("    {}", printable(line)).trim_end())?;
    }
    Ok(())
}

/// Writes the message of an error and its causes, the root cause last.
pub fn write_error(out: &mut impl Write, error: &TaskError) -> io::Result<()> {
    writeln!(out, "  {}", printable(error.message()))?;
    for cause in error.causes() {
        writeln!(out, "  caused by: {}", printable(cause))?;
    }
    Ok(())
}

fn person(person: &Person) -> String {
    let name = person.name.as_deref().unwrap_or_default();
    let email = person.email.as_deref().unwrap_or_default();
    printable(&format!("{name} <{email}>"))
}

/// `2026-11-20 14:03:05 +01:00`; the number itself if it is outside the range of the calendar.
fn date(person: &Person) -> String {
    let time = Timestamp::from_millisecond(person.timestamp);
    let seconds = i32::try_from(person.time_zone_offset / 1000).ok();
    match (time, seconds.and_then(|seconds| Offset::from_seconds(seconds).ok())) {
        (Ok(time), Some(offset)) => time.to_zoned(offset.to_time_zone()).strftime("%F %T %:z").to_string(),
        _ => person.timestamp.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(message: &str) -> Commit {
        let author = Person {
            name: Some("Jo".into()),
            email: Some("jo@x.org".into()),
            timestamp: 1_462_318_476_000,
            time_zone_offset: -14_400_000,
        };
        Commit {
            id: "f765".into(),
            author,
            message: message.into(),
            adds: None,
            modifies: None,
            removes: None,
        }
    }

    fn written(commit: &Commit, branch: Option<&str>) -> String {
        let mut out = Vec::new();
        write_commit(&mut out, commit, branch).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_commit_is_formatted_like_git_log() {
        let text = written(&commit("Import\n\nall of it\n"), Some("master"));
        let expected = "commit f765\nBranch: master\nAuthor: Jo <jo@x.org>\nDate:   2016-05-03 19:34:36 -04:00\n\n    \
                        Import\n\n    all of it\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_time_outside_the_calendar_does_not_panic() {
        let mut odd = commit("");
        odd.author.timestamp = i64::MAX;
        assert!(written(&odd, None).contains(&i64::MAX.to_string()));
        odd = commit("");
        odd.author.time_zone_offset = i64::MIN;
        assert!(written(&odd, None).contains("1462318476000"));
    }

    #[test]
    fn control_characters_of_a_message_are_replaced() {
        assert!(!written(&commit("\u{1b}]0;gotcha\u{7}"), None).contains('\u{1b}'));
    }

    #[test]
    fn amounts_are_rounded_and_grouped() {
        assert_eq!([0.0, 99.29507, 1_397_120.0].map(amount), ["0", "99.3", "1,397,120"]);
    }
}
