//! The writer of either format, and how a [`ReportValue`] is written.

use longhaul_tasks::{Report, ReportValue, TaskId};

/// Where a value is.
#[derive(Clone, Copy)]
pub(crate) enum Position<'a> {
    /// It is the document.
    Root(&'a str),
    /// It is a member of an element.
    Member(&'a str),
    /// It is one of a list; in XML each item carries the list's name.
    Item(&'a str),
}

impl<'a> Position<'a> {
    /// The name that XML gives the value.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::Root(name) | Self::Member(name) | Self::Item(name) => name,
        }
    }
}

/// A document that is being written. Every call appends to it.
pub(crate) trait Writer {
    /// Begins a document.
    fn begin() -> Self;
    /// The whole document, in UTF-8.
    fn end(self) -> Vec<u8>;
    /// What has been written so far. It may be taken out, but not between the beginning of a list and its first entry.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Begins an element that ends with [`close`](Self::close).
    fn open<'a>(&mut self, position: Position<'_>, attributes: impl Iterator<Item = (&'a str, &'a str)>);
    fn close(&mut self, position: Position<'_>);

    /// Begins a list that ends with [`close_list`](Self::close_list); its values are [`Position::Item`]s.
    fn open_list(&mut self, position: Position<'_>);
    fn close_list(&mut self, position: Position<'_>);

    /// Begins a list whose entries are documents of their own: one element around them all in XML,
    /// an array of objects in JSON.
    fn open_entries(&mut self, name: &str);
    fn open_entry(&mut self);
    fn close_entry(&mut self);
    fn close_entries(&mut self, name: &str);

    fn null(&mut self, position: Position<'_>);
    fn boolean(&mut self, position: Position<'_>, truth: bool);
    fn integer(&mut self, position: Position<'_>, number: impl itoa::Integer);
    fn float(&mut self, position: Position<'_>, number: f64);
    fn text(&mut self, position: Position<'_>, text: &str);
    fn long_text(&mut self, position: Position<'_>, text: &str);

    /// A link to a document; `path` in pieces, without a suffix.
    fn link(&mut self, position: Position<'_>, base: &str, path: &[&str]);
    /// A link to a file; `path` in pieces.
    fn file_link(&mut self, position: Position<'_>, base: &str, path: &[&str], media_type: &str);
}

/// What the links of a node depend on.
#[derive(Clone, Copy)]
pub(crate) struct LinkContext<'a> {
    /// What every link begins with.
    pub(crate) base: &'a str,
    /// The task, if the node is part of its report.
    pub(crate) task: Option<TaskId>,
}

/// Writes any node.
pub(crate) fn node<W: Writer>(
    out: &mut W,
    context: LinkContext<'_>,
    position: Position<'_>,
    node: &ReportValue,
) {
    match node {
        ReportValue::Null => out.null(position),
        ReportValue::Text(text) | ReportValue::Attribute(text) => out.text(position, text),
        ReportValue::LongText(text) => out.long_text(position, text),
        ReportValue::Integer(number) => out.integer(position, *number),
        ReportValue::Float(number) => out.float(position, *number),
        ReportValue::Boolean(truth) => out.boolean(position, *truth),
        ReportValue::Element(members) => element(out, context, position, members),
        ReportValue::List(items) => list(out, context, position, items),
        ReportValue::Link(path) => out.link(position, context.base, &[path]),
        ReportValue::ResultFile { media_type } => result_file(out, context, position, media_type),
    }
}

/// Writes an element: its attributes first, then its other members in order.
pub(crate) fn element<W: Writer>(
    out: &mut W,
    context: LinkContext<'_>,
    position: Position<'_>,
    members: &Report,
) {
    let members = members.members();
    out.open(position, attributes(members));
    for (name, member) in members {
        if !matches!(member, ReportValue::Attribute(_)) {
            node(out, context, Position::Member(name), member);
        }
    }
    out.close(position);
}

/// The attributes among an element's members; of several with one name only the first, since XML allows one.
fn attributes(members: &[(String, ReportValue)]) -> impl Iterator<Item = (&str, &str)> {
    let is_repeated = |at: usize, name: &String| {
        let mut earlier = members[..at].iter();
        earlier.any(|(other, node)| other == name && matches!(node, ReportValue::Attribute(_)))
    };
    members.iter().enumerate().filter_map(move |(at, (name, node))| match node {
        ReportValue::Attribute(text) if !is_repeated(at, name) => Some((name.as_str(), text.as_str())),
        _ => None,
    })
}

fn list<W: Writer>(out: &mut W, context: LinkContext<'_>, position: Position<'_>, items: &[ReportValue]) {
    out.open_list(position);
    for item in items {
        node(out, context, Position::Item(position.name()), item);
    }
    out.close_list(position);
}

fn result_file<W: Writer>(out: &mut W, context: LinkContext<'_>, position: Position<'_>, media_type: &str) {
    match context.task {
        Some(task) => {
            let mut digits = itoa::Buffer::new();
            let path = ["/tasks/", digits.format(task.0), "/download"];
            out.file_link(position, context.base, &path, media_type);
        }
        // Only a task has a result file; elsewhere there is nothing to link to.
        None => out.null(position),
    }
}
