//! Keeps out of the system what XML 1.0 cannot carry (section 2.2, `Char`): such characters become U+FFFD.

use std::{borrow::Cow, sync::Arc};

use crate::{Node, Report};

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

/// The report with every text in it cleaned. Names are the program's own and stay as they are.
pub(crate) fn clean_report(report: Report) -> Report {
    if members_are_clean(&report) { report } else { rebuild(&report) }
}

fn members_are_clean(report: &Report) -> bool {
    report.members().iter().all(|(_, node)| is_clean(node))
}

fn is_clean(node: &Node) -> bool {
    match node {
        Node::Text(text) | Node::LongText(text) | Node::Attribute(text) => text.chars().all(is_allowed),
        Node::Element(report) => members_are_clean(report),
        Node::List(items) => items.iter().all(is_clean),
        _ => true,
    }
}

fn rebuild(report: &Report) -> Report {
    report.members().iter().fold(Report::new(), |cleaned, (name, node)| cleaned.with(name, clean_node(node)))
}

fn clean_node(node: &Node) -> Node {
    match node {
        Node::Text(text) => Node::Text(clean(text).into_owned()),
        Node::LongText(text) => Node::LongText(clean(text).into_owned()),
        Node::Attribute(text) => Node::Attribute(clean(text).into_owned()),
        Node::Element(report) => Node::Element(rebuild(report)),
        Node::List(items) => Node::List(items.iter().map(clean_node).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_replaced_and_all_else_stays() {
        assert_eq!(clean("a\u{0}b\u{1b}[31m\u{FFFE}\u{FFFF}"), "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}\u{FFFD}");
        let fine = "]]> < & \t\r\n é 🦀 \u{202E}right to left\u{7f}\u{D7FF}\u{E000}\u{10FFFF}";
        assert!(matches!(clean(fine), Cow::Borrowed(text) if text == fine));
    }

    #[test]
    fn a_report_is_cleaned_to_its_leaves() {
        let dirty = Report::new()
            .element("commit", Report::new().long_text("message", "a\u{1}"))
            .list("id", [Node::text("\u{2}"), Node::Integer(7)]);
        let clean = Report::new()
            .element("commit", Report::new().long_text("message", "a\u{FFFD}"))
            .list("id", [Node::text("\u{FFFD}"), Node::Integer(7)]);
        assert_eq!(clean_report(dirty), clean);
    }
}
