use reqwest::StatusCode;
use serde::Deserialize;

use super::ServerAddress;

/// Why a server did not do what it was asked for; says what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers there.
    #[error("cannot reach {server}: is 'longhaul serve' running? ({cause})")]
    Unreachable { server: ServerAddress, cause: String },
    /// The connection broke, or took too long.
    #[error("lost the connection to {server}: {cause}")]
    Lost { server: ServerAddress, cause: String },
    /// It answered that it will not.
    #[error("the server answered {}: {message}", status.as_u16())]
    Refused { status: StatusCode, message: String },
    /// It is somewhere else.
    #[error("the server answered {}: it has moved to {to}; give that address with --server", status.as_u16())]
    Moved { status: StatusCode, to: String },
    /// It answered something that no Longhaul server answers.
    #[error("what answers {asked} is no Longhaul server: {cause}")]
    Foreign { asked: String, cause: String },
    /// What should be a token is none.
    #[error("what --token or LONGHAUL_TOKEN says is no token")]
    NoToken,
    /// This machine is not able to ask.
    #[error(
        "cannot speak to {server} encrypted: {cause}; Debian's package ca-certificates says whom to trust"
    )]
    NoEncryption { server: ServerAddress, cause: String },
}

impl ClientError {
    pub(super) fn of_building(server: &ServerAddress, error: &reqwest::Error) -> Self {
        Self::NoEncryption { server: server.clone(), cause: innermost(error) }
    }

    pub(super) fn of_transport(server: &ServerAddress, error: &reqwest::Error) -> Self {
        let (server, cause) = (server.clone(), innermost(error));
        match error.is_connect() {
            true => Self::Unreachable { server, cause },
            false => Self::Lost { server, cause },
        }
    }

    /// The error that an answer with this status and body means.
    pub(super) fn of_answer(status: StatusCode, body: &str) -> Self {
        Self::Refused { status, message: complaint(status, body) }
    }

    /// The status of the server's answer, if it gave one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } | Self::Moved { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may well succeed in a moment: the network hiccuped, or the server starts again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Moved { .. } | Self::Foreign { .. } | Self::NoToken | Self::NoEncryption { .. } => false,
        }
    }
}

/// `{"response":{"success":false,"error":"Repository not found."}}`
#[derive(Deserialize)]
struct Envelope {
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    error: Option<String>,
}

/// What the body says in words; the status in words where the body has none that are meant for reading.
fn complaint(status: StatusCode, body: &str) -> String {
    let envelope = serde_json::from_str::<Envelope>(body).ok().and_then(|envelope| envelope.response.error);
    let plain = || Some(body.trim()).filter(|text| is_sentence(text)).map(ToOwned::to_owned);
    let reason = || status.canonical_reason().unwrap_or("no reason given").to_owned();
    envelope.or_else(plain).unwrap_or_else(reason)
}

/// A line of text, rather than a page or a document.
fn is_sentence(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 300
        && !text.starts_with(['<', '{', '['])
        && !text.contains(char::is_control)
}

/// The root of a chain of errors: those above it repeat what was done, and that is said already.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_server_says() {
        let said =
            |status, body| ClientError::of_answer(StatusCode::from_u16(status).unwrap(), body).to_string();
        let envelope = r#"{"response":{"success":false,"error":"Repository not found."}}"#;
        assert_eq!(said(404, envelope), "the server answered 404: Repository not found.");
        assert_eq!(said(404, "not found\n"), "the server answered 404: not found");
        assert_eq!(said(502, "<html>Bad gateway</html>"), "the server answered 502: Bad Gateway");
        assert_eq!(
            said(500, r#"{"response":{"success":false}}"#),
            "the server answered 500: Internal Server Error"
        );
    }
}
