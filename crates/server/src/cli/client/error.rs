use reqwest::StatusCode;
use serde::Deserialize;

use super::ServerAddress;

/// Why a request failed. The text says what the user can do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection could be made.
    #[error("cannot reach {server}: is 'longhaul serve' running? ({cause})")]
    Unreachable { server: ServerAddress, cause: String },
    /// The connection broke or timed out.
    #[error("lost the connection to {server}: {cause}")]
    Lost { server: ServerAddress, cause: String },
    /// The server answered with an error status.
    #[error("the server answered {}: {message}", status.as_u16())]
    Status { status: StatusCode, message: String },
    /// The server answered with a redirect.
    #[error("the server answered {}: it has moved to {to}; give that address with --server", status.as_u16())]
    Moved { status: StatusCode, to: String },
    /// The response is not that of a Longhaul server.
    #[error("the response to {request} is not that of a Longhaul server: {cause}")]
    UnexpectedResponse { request: String, cause: String },
    /// The token contains characters that no token has.
    #[error("the value of --token or LONGHAUL_TOKEN is not a token")]
    InvalidToken,
    /// The certificate of the server is not trusted.
    #[error(
        "the certificate of {server} is not trusted ({cause}); add the authority that has issued it to the certificates of this \
         machine, or name a file with it in SSL_CERT_FILE"
    )]
    Certificate { server: ServerAddress, cause: String },
    /// TLS could not be set up.
    #[error("cannot set up TLS for {server}: {cause}; on Debian, the package ca-certificates may be missing")]
    Tls { server: ServerAddress, cause: String },
}

impl ClientError {
    pub(super) fn from_client_builder(server: &ServerAddress, error: &reqwest::Error) -> Self {
        Self::Tls { server: server.clone(), cause: innermost(error) }
    }

    pub(super) fn from_transport(server: &ServerAddress, error: &reqwest::Error) -> Self {
        let (server, cause) = (server.clone(), innermost(error));
        match error.is_connect() {
            true if cause.contains("certificate") => Self::Certificate { server, cause },
            true => Self::Unreachable { server, cause },
            false => Self::Lost { server, cause },
        }
    }

    /// The error that a response with this status and body means.
    pub(super) fn from_response(status: StatusCode, body: &str) -> Self {
        Self::Status { status, message: message_of(status, body) }
    }

    /// The status of the response, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } | Self::Moved { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether a retry may succeed: a network error, or a server that is restarting or overloaded.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Status { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Moved { .. }
            | Self::UnexpectedResponse { .. }
            | Self::InvalidToken
            | Self::Certificate { .. }
            | Self::Tls { .. } => false,
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

/// The error message in the body, or the reason phrase of the status if the body has no readable message.
fn message_of(status: StatusCode, body: &str) -> String {
    let envelope = serde_json::from_str::<Envelope>(body).ok().and_then(|envelope| envelope.response.error);
    let plain = || Some(body.trim()).filter(|text| is_sentence(text)).map(ToOwned::to_owned);
    let reason = || status.canonical_reason().unwrap_or("no reason given").to_owned();
    envelope.or_else(plain).unwrap_or_else(reason)
}

/// Whether the text is a line of text rather than HTML, XML or JSON.
fn is_sentence(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 300
        && !text.starts_with(['<', '{', '['])
        && !text.contains(char::is_control)
}

/// The root cause: the errors above it repeat what the message already says.
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
    fn an_error_response_is_shown_with_the_message_of_the_server() {
        let text = |status, body| {
            ClientError::from_response(StatusCode::from_u16(status).unwrap(), body).to_string()
        };
        let envelope = r#"{"response":{"success":false,"error":"Repository not found."}}"#;
        assert_eq!(text(404, envelope), "the server answered 404: Repository not found.");
        assert_eq!(text(404, "not found\n"), "the server answered 404: not found");
        assert_eq!(text(502, "<html>Bad gateway</html>"), "the server answered 502: Bad Gateway");
        assert_eq!(
            text(500, r#"{"response":{"success":false}}"#),
            "the server answered 500: Internal Server Error"
        );
    }
}
