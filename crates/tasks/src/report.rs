//! What a job has to say when it has ended, in a form that XML and JSON can both print.

use serde::{Deserialize, Serialize};

/// The members of an element, in the order in which they are printed.
///
/// A plain tree: printers decide what an attribute, a list or a long text looks like in their format.
/// Names are distinct within an element, and plain words; a printer puts `_` for what XML forbids in one.
///
/// ```
/// use longhaul_tasks::{ReportValue, Report};
/// let report = Report::new().element(
///     "commit",
///     Report::new()
///         .text("id", "f765…")
///         .element("parents", Report::new().list("id", [ReportValue::text("4edd…")]))
///         .long_text("message", "Import GeoPackage"),
/// );
/// assert_eq!(report.members().len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report(Vec<(String, ReportValue)>);

/// One value of a [`Report`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReportValue {
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
    List(Vec<ReportValue>),
    /// Another document of the same server: its path without a format's suffix, percent-encoded
    /// where it must be, `/repos/roads`. The printer adds its base and suffix, and names the member.
    Link(String),
    /// The file that this task offers for download; the printer knows where.
    ResultFile {
        /// What the file is: `application/octet-stream;type=geopackage`.
        media_type: String,
    },
}

impl ReportValue {
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
    pub fn members(&self) -> &[(String, ReportValue)] {
        &self.0
    }

    /// The first member of this name.
    pub fn get(&self, name: &str) -> Option<&ReportValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a member.
    pub fn with(mut self, name: impl Into<String>, node: ReportValue) -> Self {
        self.0.push((name.into(), node));
        self
    }

    /// Adds a short text.
    pub fn text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(name, ReportValue::Text(text.into()))
    }

    /// Adds a text that XML carries as CDATA.
    pub fn long_text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(name, ReportValue::LongText(text.into()))
    }

    /// Adds a whole number.
    pub fn integer(self, name: impl Into<String>, number: i64) -> Self {
        self.with(name, ReportValue::Integer(number))
    }

    /// Adds a number with a fraction.
    pub fn float(self, name: impl Into<String>, number: f64) -> Self {
        self.with(name, ReportValue::Float(number))
    }

    /// Adds `true` or `false`.
    pub fn boolean(self, name: impl Into<String>, truth: bool) -> Self {
        self.with(name, ReportValue::Boolean(truth))
    }

    /// Adds an attribute of the element itself.
    pub fn attribute(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(name, ReportValue::Attribute(text.into()))
    }

    /// Adds a link to another document of the same server: [`ReportValue::Link`].
    pub fn link(self, path: impl Into<String>) -> Self {
        self.with("href", ReportValue::Link(path.into()))
    }

    /// Adds a link to the file that this task offers: [`ReportValue::ResultFile`].
    pub fn result_file(self, media_type: impl Into<String>) -> Self {
        let media_type = media_type.into();
        self.with("href", ReportValue::ResultFile { media_type })
    }

    /// Adds an element with members of its own.
    pub fn element(self, name: impl Into<String>, members: Report) -> Self {
        self.with(name, ReportValue::Element(members))
    }

    /// Adds an element that is repeated once for each item.
    pub fn list(self, name: impl Into<String>, items: impl IntoIterator<Item = ReportValue>) -> Self {
        self.with(name, ReportValue::List(items.into_iter().collect()))
    }
}
