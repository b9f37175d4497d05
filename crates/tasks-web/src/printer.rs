//! Prints documents for one caller.

use std::time::Duration;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::Response,
};
use longhaul_tasks::{Node, Report, Task};

use crate::{
    document,
    json::Json,
    prefer::Preferences,
    wish::is_true,
    writer::{self, Place, Surroundings, Writer},
    xml::Xml,
    {ApiError, Base, Format, PublicAddress, UnknownFormat},
};

/// How one caller is to be answered.
///
/// ```
/// use longhaul_tasks::{Node, Report};
/// use longhaul_tasks_web::{Base, Format, Printer};
///
/// let repos = Node::List(vec![Node::Element(Report::new().text("name", "roads").link("/repos/roads"))]);
/// let repos = Node::Element(Report::new().with("repo", repos));
/// let print = |format| {
///     let printer = Printer { format, base: Base::default(), ..Printer::default() };
///     String::from_utf8(printer.document("repos", &repos)).unwrap()
/// };
///
/// assert_eq!(
///     print(Format::Json),
///     r#"{"repos":{"repo":[{"name":"roads","href":"/repos/roads.json"}]}}"#
/// );
/// assert!(print(Format::Xml).ends_with(r#"href="/repos/roads.xml" type="application/xml"/></repo></repos>"#));
/// ```
#[derive(Clone, Debug)]
pub struct Printer {
    /// What the caller reads.
    pub format: Format,
    /// What links begin with.
    pub base: Base,
    /// Whether documents say more than GeoGig's clients know: for `verbose=true`.
    pub verbose: bool,
    /// Whether a new task is to be answered with `202 Accepted` and its `Location`: for `Prefer: respond-async`.
    pub respond_async: bool,
    /// How long the answer about a new task waits for the task's end: for `Prefer: wait=SECONDS`.
    pub wait: Option<Duration>,
    /// What the app calls a task's subject, where documents say it: `repository`.
    pub subject: &'static str,
}

impl Default for Printer {
    /// XML, links without an address, and nothing that was not asked for.
    fn default() -> Self {
        Self {
            format: Format::default(),
            base: Base::default(),
            verbose: false,
            respond_async: false,
            wait: None,
            subject: "subject",
        }
    }
}

impl Printer {
    /// A printer for the sender of a request; `suffix` is what [`Format::split_suffix`] found at the end of its path.
    pub fn of(
        request: &Parts,
        suffix: Option<Format>,
        address: &PublicAddress,
    ) -> Result<Self, UnknownFormat> {
        let preferences = Preferences::of(&request.headers);
        Ok(Self {
            format: Format::of(suffix, request.uri.query(), &request.headers)?,
            base: address.base(&request.uri, &request.headers, &request.extensions),
            verbose: request.uri.query().is_some_and(|query| is_true(query, "verbose")),
            respond_async: preferences.respond_async,
            wait: preferences.wait,
            ..Self::default()
        })
    }

    /// Calls a task's subject by this name.
    pub fn calling_subjects(mut self, name: &'static str) -> Self {
        self.subject = name;
        self
    }

    /// A document with the root element `name`.
    pub fn document(&self, name: &str, node: &Node) -> Vec<u8> {
        match self.format {
            Format::Xml => self.write_node::<Xml>(name, node),
            Format::Json => self.write_node::<Json>(name, node),
        }
    }

    /// A task's document.
    pub fn task(&self, task: &Task) -> Vec<u8> {
        match self.format {
            Format::Xml => self.write_task::<Xml>(task),
            Format::Json => self.write_task::<Json>(task),
        }
    }

    /// The list of the tasks given, in their order.
    pub fn tasks<'a>(&self, tasks: impl IntoIterator<Item = &'a Task>) -> Vec<u8> {
        match self.format {
            Format::Xml => self.write_tasks::<Xml>(tasks),
            Format::Json => self.write_tasks::<Json>(tasks),
        }
    }

    /// A response with a document of ours.
    pub fn response(&self, status: StatusCode, document: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(document));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, self.format.content_type());
        response
    }

    /// `<response><success>true</success>…</response>` with the members of `report`.
    pub fn success(&self, status: StatusCode, report: Report) -> Response {
        let success = [("success".to_owned(), Node::Boolean(true))];
        let members = success.into_iter().chain(report.members().iter().cloned());
        let envelope = members.fold(Report::new(), |envelope, (name, node)| envelope.with(name, node));
        self.response(status, self.document("response", &Node::Element(envelope)))
    }

    /// `<response><success>false</success><error>…</error></response>`.
    pub fn error(&self, error: &ApiError) -> Response {
        let envelope = Node::Element(error.report());
        self.response(error.status, self.document("response", &envelope))
    }

    fn write_node<W: Writer>(&self, name: &str, node: &Node) -> Vec<u8> {
        let around = Surroundings { base: self.base.as_str(), task: None };
        let mut out = W::begin();
        writer::node(&mut out, around, Place::Root(name), node);
        out.end()
    }

    fn around(&self) -> document::Around<'_> {
        document::Around { base: self.base.as_str(), verbose: self.verbose, subject: self.subject }
    }

    fn write_task<W: Writer>(&self, task: &Task) -> Vec<u8> {
        let mut out = W::begin();
        document::task(&mut out, self.around(), task);
        out.end()
    }

    fn write_tasks<'a, W: Writer>(&self, tasks: impl IntoIterator<Item = &'a Task>) -> Vec<u8> {
        let mut out = W::begin();
        document::tasks(&mut out, self.around(), tasks);
        out.end()
    }
}

/// As an extractor it takes the suffix off the path's end, and the [`PublicAddress`] out of the request's extensions, where
/// the app may put one; otherwise links begin with the address that the request was sent to.
impl<S: Sync> FromRequestParts<S> for Printer {
    type Rejection = UnknownFormat;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, UnknownFormat> {
        let path = request.uri.path();
        let (_, suffix) = Format::split_suffix(path.strip_suffix('/').unwrap_or(path));
        match request.extensions.get() {
            Some(address) => Self::of(request, suffix, address),
            None => Self::of(request, suffix, &PublicAddress::of_request()),
        }
    }
}
