//! Renders documents for one caller.

use std::time::Duration;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use longhaul_tasks::{Report, ReportValue, Task, TaskId};

use crate::{
    document,
    format_layer::NegotiatedFormat,
    json::Json,
    prefer::Preferences,
    writer::{self, LinkContext, Position, Writer},
    xml::Xml,
    {Base, Format, PublicAddress, UnknownFormat},
};

/// The settings that all [`Renderer`]s of an app share. As an [`Extension`](axum::Extension) they are those of every handler
/// that extracts a `Renderer`.
#[derive(Clone, Debug)]
pub struct RendererConfig {
    /// What links begin with.
    pub address: PublicAddress,
    /// What documents and filters call a task's subject: `repository`.
    pub subject: &'static str,
}

/// Links begin with the address that a request was sent to, and a task's subject is called `subject`.
impl Default for RendererConfig {
    fn default() -> Self {
        Self { address: PublicAddress::of_request(), subject: "subject" }
    }
}

/// Renders documents in the format, and with the links, that one caller asks for.
///
/// ```
/// use longhaul_tasks::{ReportValue, Report};
/// use longhaul_tasks_web::{Base, Format, Renderer};
///
/// let repos = ReportValue::List(vec![ReportValue::Element(Report::new().text("name", "roads").link("/repos/roads"))]);
/// let repos = ReportValue::Element(Report::new().with("repo", repos));
/// let render = |format| {
///     let renderer = Renderer { format, base: Base::default(), ..Renderer::default() };
///     String::from_utf8(renderer.document("repos", &repos)).unwrap()
/// };
///
/// assert_eq!(
///     render(Format::Json),
///     r#"{"repos":{"repo":[{"name":"roads","href":"/repos/roads.json"}]}}"#
/// );
/// assert!(render(Format::Xml).ends_with(r#"href="/repos/roads.xml" type="application/xml"/></repo></repos>"#));
/// ```
#[derive(Clone, Debug)]
pub struct Renderer {
    /// The format of documents.
    pub format: Format,
    /// What links begin with.
    pub base: Base,
    /// Whether documents have members beyond those of GeoGig (`verbose=true`).
    pub verbose: bool,
    /// Whether the response about a new task is `202 Accepted` with a `Location` (`Prefer: respond-async`).
    pub respond_async: bool,
    /// How long the response about a new task waits for the task's end (`Prefer: wait=SECONDS`).
    pub wait: Option<Duration>,
    /// What documents and filters call a task's subject: `repository`.
    pub subject: &'static str,
}

impl Default for Renderer {
    /// XML, links without an address, and no preferences.
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

impl Renderer {
    /// A document with the root element `name`.
    pub fn document(&self, name: &str, node: &ReportValue) -> Vec<u8> {
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

    /// A response with a document that this renderer has made.
    pub fn response(&self, status: StatusCode, document: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(document));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, self.format.content_type());
        response
    }

    /// `<response><success>true</success>…</response>` with the members of `report`.
    pub fn success(&self, status: StatusCode, report: Report) -> Response {
        let success = [("success".to_owned(), ReportValue::Boolean(true))];
        let members = success.into_iter().chain(report.members().iter().cloned());
        let envelope = members.fold(Report::new(), |envelope, (name, node)| envelope.with(name, node));
        self.response(status, self.document("response", &ReportValue::Element(envelope)))
    }

    /// The renderer that the request asks for.
    pub(crate) fn of(request: &Parts, config: &RendererConfig) -> Result<Self, UnknownFormat> {
        let query = request.uri.query();
        let format = match request.extensions.get::<NegotiatedFormat>() {
            Some(NegotiatedFormat(format)) => format.clone()?,
            None => Format::of(None, query, &request.headers)?,
        };
        let preferences = Preferences::of(&request.headers);
        Ok(Self {
            format,
            base: config.address.base(&request.uri, &request.headers, &request.extensions),
            verbose: query.is_some_and(|query| is_true(query, "verbose")),
            respond_async: preferences.respond_async,
            wait: preferences.wait,
            subject: config.subject,
        })
    }

    /// The value of a `Link` to the tasks after one, the last of a page, in the same format (RFC 8288). `path` is that of the list:
    /// `/tasks`.
    pub fn next_page(&self, path: &str, query: &str, last: TaskId) -> Option<HeaderValue> {
        let rest = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "after");
        let mut next = form_urlencoded::Serializer::new(String::new());
        let next = next.extend_pairs(rest).append_pair("after", &last.to_string()).finish();
        let list = format!("{}{path}{}", self.base.as_str(), self.format.suffix());
        HeaderValue::from_str(&format!("<{list}?{next}>; rel=\"next\"")).ok()
    }

    fn write_node<W: Writer>(&self, name: &str, node: &ReportValue) -> Vec<u8> {
        let context = LinkContext { base: self.base.as_str(), task: None };
        let mut out = W::begin();
        writer::node(&mut out, context, Position::Root(name), node);
        out.end()
    }

    pub(crate) fn context(&self) -> document::DocumentContext<'_> {
        document::DocumentContext { base: self.base.as_str(), verbose: self.verbose, subject: self.subject }
    }

    fn write_task<W: Writer>(&self, task: &Task) -> Vec<u8> {
        let mut out = W::begin();
        document::task(&mut out, self.context(), task);
        out.end()
    }

    fn write_tasks<'a, W: Writer>(&self, tasks: impl IntoIterator<Item = &'a Task>) -> Vec<u8> {
        let mut out = W::begin();
        document::tasks(&mut out, self.context(), tasks);
        out.end()
    }
}

/// Reads the format, the address and the preferences from the request. [`RendererConfig`] is taken from the request's extensions,
/// and the format that the suffix asks for is known if the [`FormatLayer`](crate::FormatLayer) surrounds the app.
impl<S: Sync> FromRequestParts<S> for Renderer {
    type Rejection = UnknownFormat;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, UnknownFormat> {
        match request.extensions.get() {
            Some(config) => Self::of(request, config),
            None => Self::of(request, &RendererConfig::default()),
        }
    }
}

/// Whether the parameter's first value is `true`, in any letter case.
fn is_true(query: &str, name: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"))
}
