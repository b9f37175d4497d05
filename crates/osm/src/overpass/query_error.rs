//! Why there is no data, and how that is told from the head and the first bytes of what came.

use std::time::Duration;

/// The one form of answer that holds data, as `Content-Type` names it.
const OSM_XML: &str = "application/osm3s+xml";
/// The most lines of a server's error_message that are passed on.
const MAX_LINES: usize = 5;
/// The longest such line, in characters.
const MAX_LINE_CHARS: usize = 500;

/// Why a server gave no data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It is asked too much by us (429).
    #[error("the server takes no more queries from this address for now{}", detail(.message))]
    RateLimited {
        /// Its own words.
        message: String,
        /// How long it wants to be left alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// It is asked too much by everybody, or is being looked after (502, 503, 504).
    #[error("the server is too busy, or the query wants more time or memory than it grants{}", detail(.message))]
    Overloaded {
        /// Its own words.
        message: String,
        /// As above.
        retry_after: Option<Duration>,
    },
    /// It does not understand the query (400).
    #[error("the server cannot run the query{}", detail(.message))]
    InvalidQuery {
        /// Its own words: a line for each mistake.
        message: String,
    },
    /// It wants to know who asks (406).
    #[error(
        "the server wants to know who asks (406): name your project and an address for its operators to write to with --user-agent"
    )]
    UserAgentRequired,
    /// It does not want to be asked by us at all (403).
    #[error("the server refuses this address (403): it may be banned, so leave the server alone and ask its operators{}", detail(.message))]
    Forbidden {
        /// Its own words.
        message: String,
    },
    /// It answers, but not with OSM's XML.
    #[error("the server answered with {content_type} and not with OSM data{}", detail(.message))]
    UnexpectedContentType {
        /// What it says that it sends.
        content_type: String,
        /// Its own words, if it sends a page.
        message: String,
    },
    /// It sends us to a place that it is not itself.
    #[error("the server sends us elsewhere, and only redirects within the same host are followed")]
    ForeignRedirect,
    /// Any other status.
    #[error("the server answered with the status {status}{}", detail(.message))]
    Status {
        /// The status.
        status: u16,
        /// Its own words.
        message: String,
    },
    /// Nobody answers there.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// It took longer than the query may.
    #[error("the server did not begin to answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
}

/// What the head of an answer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResponseHead<'a> {
    pub(super) status: u16,
    pub(super) content_type: &'a str,
    pub(super) retry_after: Option<Duration>,
}

impl ResponseHead<'_> {
    /// Whether data follows.
    pub(super) fn is_data(&self) -> bool {
        self.status == 200 && self.media_type() == OSM_XML
    }

    /// Why no data follows; `start` is how the body begins.
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

/// What a page says is wrong: its paragraphs that begin with `Error`, without their tags. A text that is no page says
/// nothing.
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
    fn only_the_form_that_holds_data_is_taken_for_data() {
        let is_data =
            |status, content_type| ResponseHead { status, content_type, retry_after: None }.is_data();
        assert!(is_data(200, "application/osm3s+xml"));
        assert!(is_data(200, "Application/OSM3S+xml; charset=utf-8"));
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
    fn a_page_says_what_is_wrong_in_its_paragraphs() {
        let page = "<html><body><p>The data included …</p>\n\
            <p><strong style=\"color:#FF0000\">Error</strong>: line 1: parse error: Unknown type &quot;nodes&quot; </p>\n\
            <p><strong>Error</strong>: line 2: a &lt;b&gt; &amp;amp; c </p></body></html>";
        let message = "the server cannot run the query: line 1: parse error: Unknown type \"nodes\"; line 2: a <b> &amp; c";
        assert_eq!(error(400, "text/html", page).to_string(), message);
        assert_eq!(error(400, "text/html", "Bad Request").to_string(), "the server cannot run the query");
    }

    #[test]
    fn what_a_hostile_server_says_stays_short() {
        let page = format!("<p>Error: {}</p>", "<x>a\u{7}".repeat(100_000)).repeat(50);
        assert!(error(400, "text/html", &page).to_string().len() < 4000);
        let odd = error(200, &"x".repeat(100_000), "");
        assert!(odd.to_string().len() < 300);
    }
}
