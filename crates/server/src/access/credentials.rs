//! The secret in the header `Authorization`.

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};

/// The content of the header `Authorization`: `Bearer SECRET`, or `Basic` with the secret as the password for clients that do not
/// support bearer tokens. The user name is ignored.
pub(super) enum Credentials {
    /// The request has no such header.
    None,
    /// The header is malformed, or of another scheme.
    Malformed,
    /// The secret.
    Secret(String),
}

impl Credentials {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => value.to_str().ok().and_then(secret).map_or(Self::Malformed, Self::Secret),
            (Some(_), Some(_)) => Self::Malformed,
        }
    }
}

fn secret(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
        return decoded.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn secret_of(values: &[&'static str]) -> Option<String> {
        let headers = values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value)));
        match Credentials::of(&headers.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        })) {
            Credentials::None => None,
            Credentials::Malformed => Some("?".into()),
            Credentials::Secret(secret) => Some(secret),
        }
    }

    #[test]
    fn a_secret_is_a_bearer_token_or_a_password() {
        assert_eq!(secret_of(&[]), None);
        assert_eq!(secret_of(&["Bearer s3"]).as_deref(), Some("s3"));
        assert_eq!(secret_of(&["bearer  s3 "]).as_deref(), Some("s3"));
        assert_eq!(secret_of(&["Basic am86czM="]).as_deref(), Some("s3"));
        assert_eq!(secret_of(&["basic OnM6Mw=="]).as_deref(), Some("s:3"));
        for bad in ["", "s3", "Bearer", "Digest s3", "Basic ???", "Basic am8=", "Basic /w=="] {
            assert_eq!(secret_of(&[bad]).as_deref(), Some("?"), "{bad}");
        }
        assert_eq!(secret_of(&["Bearer a", "Bearer a"]).as_deref(), Some("?"));
    }
}
