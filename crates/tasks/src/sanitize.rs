//! Replaces characters that XML 1.0 forbids (section 2.2, `Char`) by U+FFFD, and cuts reports and errors that are longer than
//! [`LONGEST`].

use std::{borrow::Cow, sync::Arc};

use crate::{Report, ReportValue};

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The text with every forbidden character replaced; borrowed where there is none.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_allowed) {
        return Cow::Borrowed(text);
    }
    let replace = |c| if is_allowed(c) { c } else { char::REPLACEMENT_CHARACTER };
    Cow::Owned(text.chars().map(replace).collect())
}

/// [`clean`], to be shared.
pub(crate) fn shared(text: &str) -> Arc<str> {
    clean(text).into()
}

/// How long the texts of a report, or of an error, may be together, in bytes.
pub(crate) const LONGEST: usize = 1_000_000;

/// What a value takes beside its text, in bytes, about; so that a list of a million numbers counts as long.
const NODE: usize = 16;

/// How deep a report may go; readers of JSON give up at some depth.
const DEEPEST: usize = 24;

/// The report with every text in it cleaned, and cut if it is too long. Names are the program's own and stay as they are.
pub(crate) fn clean_report(report: Report) -> Report {
    let is_short = Room(LONGEST).has_room_for(&report);
    match is_short && members_are_clean(&report, 0) {
        true => report,
        false if is_short => rebuild(&report, &mut Room(usize::MAX), 0),
        false => rebuild(&report, &mut Room(LONGEST), 0)
            .text("cut", "the report is longer than 1 MB; this is its beginning"),
    }
}

/// The texts of an error, cleaned, and cut if they are too long.
pub(crate) fn clean_error(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut room = Room(LONGEST);
    let mut cleaned = Vec::new();
    for text in texts {
        let clean = clean(&text);
        let cut = room.cut(&clean);
        let is_whole = cut.len() == clean.len();
        cleaned.push(cut.to_owned());
        if !is_whole {
            cleaned.push("(the error is longer than 1 MB; this is its beginning)".to_owned());
            break;
        }
    }
    cleaned
}

/// How many bytes there is room for.
struct Room(usize);

impl Room {
    /// As much of the text as there is room for, to a whole character.
    fn cut<'a>(&mut self, text: &'a str) -> &'a str {
        let cut = &text[..text.floor_char_boundary(self.0)];
        self.0 = self.0.saturating_sub(text.len() + NODE);
        cut
    }

    fn has_room_for(&mut self, report: &Report) -> bool {
        report.members().iter().all(|(_, node)| self.has_room_for_node(node))
    }

    fn has_room_for_node(&mut self, node: &ReportValue) -> bool {
        let taken = match node {
            ReportValue::Text(text)
            | ReportValue::LongText(text)
            | ReportValue::Attribute(text)
            | ReportValue::Link(text) => text.len(),
            ReportValue::Element(report) => return self.has_room_for(report),
            ReportValue::List(items) => return items.iter().all(|item| self.has_room_for_node(item)),
            _ => 0,
        };
        let left = self.0.checked_sub(taken + NODE);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

fn members_are_clean(report: &Report, depth: usize) -> bool {
    depth < DEEPEST && report.members().iter().all(|(_, node)| is_clean(node, depth))
}

fn is_clean(node: &ReportValue, depth: usize) -> bool {
    match node {
        ReportValue::Text(text) | ReportValue::LongText(text) | ReportValue::Attribute(text) => {
            text.chars().all(is_allowed)
        }
        ReportValue::Float(number) => number.is_finite(),
        ReportValue::Element(report) => members_are_clean(report, depth + 1),
        ReportValue::List(items) => depth < DEEPEST && items.iter().all(|item| is_clean(item, depth + 1)),
        _ => true,
    }
}

fn rebuild(report: &Report, room: &mut Room, depth: usize) -> Report {
    let mut rebuilt = Report::new();
    for (name, node) in report.members() {
        if room.0 == 0 {
            break;
        }
        rebuilt = rebuilt.with(name, rebuild_node(node, room, depth));
    }
    rebuilt
}

fn rebuild_node(node: &ReportValue, room: &mut Room, depth: usize) -> ReportValue {
    let mut text = |text: &str| room.cut(&clean(text)).to_owned();
    match node {
        ReportValue::Text(long) => ReportValue::Text(text(long)),
        ReportValue::LongText(long) => ReportValue::LongText(text(long)),
        ReportValue::Attribute(long) => ReportValue::Attribute(text(long)),
        // JSON has no such numbers, and XML readers do not expect them.
        ReportValue::Float(number) if !number.is_finite() => ReportValue::Null,
        ReportValue::Element(_) | ReportValue::List(_) if depth >= DEEPEST => ReportValue::Null,
        ReportValue::Element(report) => ReportValue::Element(rebuild(report, room, depth + 1)),
        ReportValue::List(items) => {
            let mut rebuilt = Vec::new();
            for item in items {
                if room.0 == 0 {
                    break;
                }
                rebuilt.push(rebuild_node(item, room, depth + 1));
            }
            ReportValue::List(rebuilt)
        }
        other => {
            room.cut("");
            other.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_forbids_are_replaced_and_others_stay() {
        assert_eq!(clean("a\u{0}b\u{1b}[31m\u{FFFE}\u{FFFF}"), "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}\u{FFFD}");
        let fine = "]]> < & \t\r\n é 🦀 \u{202E}right to left\u{7f}\u{D7FF}\u{E000}\u{10FFFF}";
        assert!(matches!(clean(fine), Cow::Borrowed(text) if text == fine));
    }

    #[test]
    fn a_report_is_cleaned_to_its_leaves() {
        let dirty = Report::new()
            .element("commit", Report::new().long_text("message", "a\u{1}"))
            .list("id", [ReportValue::text("\u{2}"), ReportValue::Integer(7)]);
        let clean = Report::new()
            .element("commit", Report::new().long_text("message", "a\u{FFFD}"))
            .list("id", [ReportValue::text("\u{FFFD}"), ReportValue::Integer(7)]);
        assert_eq!(clean_report(dirty), clean);
    }

    #[test]
    fn values_that_json_lacks_become_null() {
        let numbers = [f64::NAN, f64::INFINITY, 1.5].map(ReportValue::Float);
        let clean = clean_report(Report::new().list("number", numbers));
        assert_eq!(
            clean,
            Report::new().list("number", [ReportValue::Null, ReportValue::Null, ReportValue::Float(1.5)])
        );
        let deep = (0..200).fold(Report::new(), |deep, _| Report::new().element("in", deep));
        let json = serde_json::to_string(&clean_report(deep)).unwrap();
        assert!(serde_json::from_str::<Report>(&json).is_ok());
    }

    #[test]
    fn a_report_that_is_too_long_is_cut_and_says_so() {
        let fits = Report::new().long_text("message", "é".repeat(LONGEST / 2 - NODE));
        assert_eq!(clean_report(fits.clone()), fits);
        for long in [
            Report::new().long_text("message", format!("a{}", "é".repeat(LONGEST))),
            Report::new().list("id", (0..LONGEST as i64).map(ReportValue::Integer)),
            Report::new().element(
                "deep",
                Report::new().list("id", [ReportValue::text("a".repeat(LONGEST)), ReportValue::text("b")]),
            ),
        ] {
            let cut = clean_report(long);
            assert_eq!(cut.members().last().unwrap().0, "cut");
            assert!(serde_json::to_string(&cut).unwrap().len() < 2 * LONGEST);
        }
    }

    #[test]
    fn an_error_that_is_too_long_is_cut_and_says_so() {
        let long = clean_error(["short".into(), "x".repeat(LONGEST), "never read".into()].into_iter());
        assert_eq!(long.len(), 3);
        assert!(long[1].len() < LONGEST && long[2].contains("longer than 1 MB"));
        assert_eq!(clean_error(["a\u{0}".to_owned()].into_iter()), ["a\u{FFFD}"]);
    }
}
