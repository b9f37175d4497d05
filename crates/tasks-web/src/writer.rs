//! What XML and JSON have in common, and how a [`Node`] is told to either.

use longhaul_tasks::{Node, Report, TaskId};

/// Where a value stands.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// It is the document.
    Root(&'a str),
    /// It is a member of an element.
    Member(&'a str),
    /// It is one of a list; in XML each item carries the list's name.
    Item(&'a str),
}

impl<'a> Place<'a> {
    /// The name that XML gives the value.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::Root(name) | Self::Member(name) | Self::Item(name) => name,
        }
    }
}

/// A document being written: every call adds to its end.
pub(crate) trait Writer {
    /// A document with its beginning.
    fn begin() -> Self;
    /// The whole document, in UTF-8.
    fn end(self) -> Vec<u8>;
    /// What has been written so far. It may be taken out, but not between the beginning of a list and its first entry.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Begins an element; what follows until [`close`](Self::close) is in it.
    fn open<'a>(&mut self, place: Place<'_>, attributes: impl Iterator<Item = (&'a str, &'a str)>);
    fn close(&mut self, place: Place<'_>);

    /// Begins a list; each value until [`close_list`](Self::close_list) stands in a [`Place::Item`].
    fn open_list(&mut self, place: Place<'_>);
    fn close_list(&mut self, place: Place<'_>);

    /// Begins a list whose entries are documents of their own: one element around them all in XML,
    /// an array of objects in JSON.
    fn open_entries(&mut self, name: &str);
    fn open_entry(&mut self);
    fn close_entry(&mut self);
    fn close_entries(&mut self, name: &str);

    fn null(&mut self, place: Place<'_>);
    fn boolean(&mut self, place: Place<'_>, truth: bool);
    fn integer(&mut self, place: Place<'_>, number: impl itoa::Integer);
    fn float(&mut self, place: Place<'_>, number: f64);
    fn text(&mut self, place: Place<'_>, text: &str);
    fn long_text(&mut self, place: Place<'_>, text: &str);

    /// The same thing elsewhere: `path` in pieces, without a suffix.
    fn link(&mut self, place: Place<'_>, base: &str, path: &[&str]);
    /// A file elsewhere: `path` in pieces.
    fn file_link(&mut self, place: Place<'_>, base: &str, path: &[&str], media_type: &str);
}

/// What a node's links need to know.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// What every link begins with.
    pub(crate) base: &'a str,
    /// The task whose report it is, if it is one's.
    pub(crate) task: Option<TaskId>,
}

/// Writes any node.
pub(crate) fn node<W: Writer>(out: &mut W, around: Surroundings<'_>, place: Place<'_>, node: &Node) {
    match node {
        Node::Null => out.null(place),
        Node::Text(text) | Node::Attribute(text) => out.text(place, text),
        Node::LongText(text) => out.long_text(place, text),
        Node::Integer(number) => out.integer(place, *number),
        Node::Float(number) => out.float(place, *number),
        Node::Boolean(truth) => out.boolean(place, *truth),
        Node::Element(members) => element(out, around, place, members),
        Node::List(items) => list(out, around, place, items),
        Node::Link(path) => out.link(place, around.base, &[path]),
        Node::ResultFile { media_type } => result_file(out, around, place, media_type),
    }
}

/// Writes an element: its attributes first, then its other members in order.
pub(crate) fn element<W: Writer>(out: &mut W, around: Surroundings<'_>, place: Place<'_>, members: &Report) {
    let members = members.members();
    out.open(place, attributes(members));
    for (name, member) in members {
        if !matches!(member, Node::Attribute(_)) {
            node(out, around, Place::Member(name), member);
        }
    }
    out.close(place);
}

/// The attributes among an element's members; of two with one name only the first, for XML allows no more.
fn attributes(members: &[(String, Node)]) -> impl Iterator<Item = (&str, &str)> {
    let is_repeated = |at: usize, name: &String| {
        let mut earlier = members[..at].iter();
        earlier.any(|(other, node)| other == name && matches!(node, Node::Attribute(_)))
    };
    members.iter().enumerate().filter_map(move |(at, (name, node))| match node {
        Node::Attribute(text) if !is_repeated(at, name) => Some((name.as_str(), text.as_str())),
        _ => None,
    })
}

fn list<W: Writer>(out: &mut W, around: Surroundings<'_>, place: Place<'_>, items: &[Node]) {
    out.open_list(place);
    for item in items {
        node(out, around, Place::Item(place.name()), item);
    }
    out.close_list(place);
}

fn result_file<W: Writer>(out: &mut W, around: Surroundings<'_>, place: Place<'_>, media_type: &str) {
    match around.task {
        Some(task) => {
            let mut digits = itoa::Buffer::new();
            let path = ["/tasks/", digits.format(task.0), "/download"];
            out.file_link(place, around.base, &path, media_type);
        }
        // Only a task has a result file; elsewhere there is nothing to link to.
        None => out.null(place),
    }
}
