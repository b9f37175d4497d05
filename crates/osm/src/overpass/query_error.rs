//! Why a query gave no data, determined from the head and the first bytes of the response.

use std::time::Duration;

/// The media types of OSM XML: that of Overpass, and those that proxies and other servers put instead. What comes with one
/// of the latter may be an error page too; its content decides.
const OSM_XML: [&str; 3] = ["application/osm3s+xml", "text/xml", "application/xml"];
/// How many lines of a server's error message are kept.
const MAX_LINES: usize = 5;
/// The longest line that is kept, in characters.
const MAX_LINE_CHARS: usize = 500;

/// Why a query gave no data. `message` is the error message of the server, empty if it sent none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The rate limit for this client is exceeded (429).
    #[error("the server takes no more queries from this address for now{}", detail(.message))]
    RateLimited {
        /// The message of the server.
        message: String,
        /// The delay that the server requests, if any.
        retry_after: Option<Duration>,
    },
    /// The server is overloaded or unavailable (502, 503, 504).
    #[error("the server is too busy, or the query wants more time or memory than it grants{}", detail(.message))]
    Overloaded {
        /// The message of the server.
        message: String,
        /// The delay that the server requests, if any.
        retry_after: Option<Duration>,
    },
    /// The query is invalid (400).
    #[error("the server cannot run the query{}", detail(.message))]
    InvalidQuery {
        /// The message of the server: one line for each error in the query.
        message: String,
    },
    /// The server demands another `User-Agent` (406).
    #[error(
        "the server wants to know who asks (406): name your project and an address for its operators to write to with --user-agent"
    )]
    UserAgentRequired,
    /// The server refuses requests of this client (403).
    #[error("the server refuses this address (403): it may be banned, so leave the server alone and ask its operators{}", detail(.message))]
    Forbidden {
        /// The message of the server.
        message: String,
    },
    /// The response is not OSM XML.
    #[error("the server answered with {content_type} and not with OSM data{}", detail(.message))]
    UnexpectedContentType {
        /// Its media type.
        content_type: String,
        /// The message of the server.
        message: String,
    },
    /// The response is a redirect to another host, or there were too many redirects.
    #[error("the server sends us elsewhere, and only redirects within the same host are followed")]
    ForeignRedirect,
    /// The response has another status.
    #[error("the server answered with the status {status}{}", detail(.message))]
    Status {
        /// The status.
        status: u16,
        /// The message of the server.
        message: String,
    },
    /// The connection failed.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The response did not begin in time.
    #[error("the server did not begin to answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
}

/// The status and headers of a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResponseHead<'a> {
    pub(super) status: u16,
    pub(super) content_type: &'a str,
    pub(super) retry_after: Option<Duration>,
}

impl ResponseHead<'_> {
    /// Whether the body may be OSM XML.
    pub(super) fn is_data(&self) -> bool {
        self.status == 200 && OSM_XML.contains(&&*self.media_type())
    }

    /// The error, if the body is not OSM XML. `start` is the beginning of the body.
    pub(super) fn error(&self, start: &[u8]) -> QueryError {
        let message = error_message(&String::from_utf8_lossy(start));
        let retry_after = self.retry_after;
        match self.status {
            200 => QueryError::UnexpectedContentType { content_type: self.shown_type(), message },
            300..=399 => QueryError::ForeignRedirect,
            400 => QueryError::InvalidQuery { message },
            403 => QueryError::Forbidden { message },
            406 => QueryError::UserAgentRequired,
            429 => QueryError::RateLimited { message, retry_after },
            502..=504 => QueryError::Overloaded { message, retry_after },
            status => QueryError::Status { status, message },
        }
    }

    fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn shown_type(&self) -> String {
        let shown: String = self.media_type().chars().filter(|c| !c.is_control()).take(100).collect();
        if shown.is_empty() { "something of no type".into() } else { shown }
    }
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// The error message in an HTML page: its paragraphs that begin with `Error`, without tags. Empty for other text.
fn error_message(page: &str) -> String {
    let lines = page.split("<p>").skip(1).filter_map(|paragraph| {
        let text = without_tags(paragraph.split("</p>").next().unwrap_or_default());
        let line = text.strip_prefix("Error:").or_else(|| text.strip_prefix("Error"))?.trim();
        Some(line.chars().take(MAX_LINE_CHARS).collect::<String>())
    });
    let mut lines: Vec<String> = lines.take(MAX_LINES).collect();
    lines.dedup();
    lines.join("; ")
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            c if is_tag || c.is_control() => {}
            c => text.push(c),
        }
    }
    let text = text.replace("&quot;", "\"").replace("&apos;", "'").replace("&#39;", "'");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, content_type: &str, start: &str) -> QueryError {
        ResponseHead { status, content_type, retry_after: None }.error(start.as_bytes())
    }

    #[test]
    fn only_osm_xml_with_status_200_is_data() {
        let is_data =
            |status, content_type| ResponseHead { status, content_type, retry_after: None }.is_data();
        assert!(is_data(200, "application/osm3s+xml"));
        assert!(is_data(200, "Application/OSM3S+xml; charset=utf-8"));
        assert!(is_data(200, "text/xml") && is_data(200, "application/xml;charset=UTF-8"));
        for (status, content_type) in [
            (200, "application/json"),
            (200, "text/csv"),
            (200, ""),
            (204, "application/osm3s+xml"),
            (504, "application/osm3s+xml"),
        ] {
            assert!(!is_data(status, content_type), "{status} {content_type}");
        }
    }

    #[test]
    fn the_paragraphs_of_an_error_page_are_the_message() {
        let page = "<html><body><p>The data included …</p>\n\
            <p><strong style=\"color:#FF0000\">Error</strong>: line 1: parse error: Unknown type &quot;nodes&quot; </p>\n\
            <p><strong>Error</strong>: line 2: a &lt;b&gt; &amp;amp; c </p></body></html>";
        let message = "the server cannot run the query: line 1: parse error: Unknown type \"nodes\"; line 2: a <b> &amp; c";
        assert_eq!(error(400, "text/html", page).to_string(), message);
        assert_eq!(error(400, "text/html", "Bad Request").to_string(), "the server cannot run the query");
    }

    #[test]
    fn the_message_of_a_malicious_server_is_cut() {
        let page = format!("<p>Error: {}</p>", "<x>a\u{7}".repeat(100_000)).repeat(50);
        assert!(error(400, "text/html", &page).to_string().len() < 4000);
        let odd = error(200, &"x".repeat(100_000), "");
        assert!(odd.to_string().len() < 300);
    }
}
