//! The secret that a request shows.

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};

/// What the `Authorization` header shows: `Bearer SECRET`, or `Basic` with the secret as the password, for programs that know
/// nothing else. The user's name does not count.
pub(super) enum Credentials {
    /// There is no such header.
    None,
    /// It cannot be read, or is of another kind.
    Unreadable,
    /// The secret.
    Secret(String),
}

impl Credentials {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => {
                value.to_str().ok().and_then(secret).map_or(Self::Unreadable, Self::Secret)
            }
            (Some(_), Some(_)) => Self::Unreadable,
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

    fn shown(values: &[&'static str]) -> Option<String> {
        let headers = values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value)));
        match Credentials::of(&headers.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        })) {
            Credentials::None => None,
            Credentials::Unreadable => Some("?".into()),
            Credentials::Secret(secret) => Some(secret),
        }
    }

    #[test]
    fn a_secret_is_a_bearers_or_a_password() {
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&["Bearer s3"]).as_deref(), Some("s3"));
        assert_eq!(shown(&["bearer  s3 "]).as_deref(), Some("s3"));
        assert_eq!(shown(&["Basic am86czM="]).as_deref(), Some("s3"));
        assert_eq!(shown(&["basic OnM6Mw=="]).as_deref(), Some("s:3"));
        for bad in ["", "s3", "Bearer", "Digest s3", "Basic ???", "Basic am8=", "Basic /w=="] {
            assert_eq!(shown(&[bad]).as_deref(), Some("?"), "{bad}");
        }
        assert_eq!(shown(&["Bearer a", "Bearer a"]).as_deref(), Some("?"));
    }
}
