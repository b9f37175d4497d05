//! What a job has to say when it has ended, in a form that XML and JSON can both print.

use serde::{Deserialize, Serialize};

/// The members of an element, in the order in which they are printed.
///
/// A plain tree: printers decide what an attribute, a list or a long text looks like in their format.
///
/// ```
/// use tasks::{Node, Report};
/// let report = Report::new().element(
///     "commit",
///     Report::new()
///         .text("id", "f765…")
///         .element("parents", Report::new().list("id", [Node::text("4edd…")]))
///         .long_text("message", "Import GeoPackage"),
/// );
/// assert_eq!(report.members().len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report(Vec<(String, Node)>);

/// One value of a [`Report`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Node {
    /// Nothing: an empty element, `null`.
    Null,
    /// A short text.
    Text(String),
    /// A text that XML carries as CDATA.
    LongText(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, in plain decimal.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// An attribute of the element it stands in; a plain member in JSON.
    Attribute(String),
    /// An element with members of its own.
    Element(Report),
    /// An element repeated once for each item; an array in JSON.
    List(Vec<Node>),
}

impl Node {
    /// A short text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Report {
    /// A report that says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The members, in order.
    pub fn members(&self) -> &[(String, Node)] {
        &self.0
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a member.
    pub fn with(mut self, name: impl Into<String>, node: Node) -> Self {
        self.0.push((name.into(), node));
        self
    }

    /// Adds a short text.
    pub fn text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(name, Node::Text(text.into()))
    }

    /// Adds a text that XML carries as CDATA.
    pub fn long_text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(name, Node::LongText(text.into()))
    }

    /// Adds a whole number.
    pub fn integer(self, name: impl Into<String>, number: i64) -> Self {
        self.with(name, Node::Integer(number))
    }

    /// Adds an element with members of its own.
    pub fn element(self, name: impl Into<String>, members: Report) -> Self {
        self.with(name, Node::Element(members))
    }

    /// Adds an element that is repeated once for each item.
    pub fn list(self, name: impl Into<String>, items: impl IntoIterator<Item = Node>) -> Self {
        self.with(name, Node::List(items.into_iter().collect()))
    }
}
