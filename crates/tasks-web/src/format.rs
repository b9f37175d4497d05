//! The two formats, and the negotiation between them.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::characters::excerpt;

/// The format of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `application/xml`; the default.
    #[default]
    Xml,
    /// `application/json`.
    Json,
}

/// The `output_format` of a request is not a known one. As a response it is 400 in plain text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid output_format '{0}' requested")]
pub struct UnknownFormat(String);

impl Format {
    /// The format that a request asks for: by its path's suffix (see [`split_suffix`](Self::split_suffix)), else by the
    /// query's `output_format` (any letter case), else by an `Accept` that names `application/json`; otherwise XML.
    pub fn of(suffix: Option<Self>, query: Option<&str>, headers: &HeaderMap) -> Result<Self, UnknownFormat> {
        if let Some(format) = suffix {
            return Ok(format);
        }
        if let Some(format) = query.and_then(requested_in_query) {
            return format;
        }
        Ok(if accepts_json(headers) { Self::Json } else { Self::Xml })
    }

    /// Takes `.xml` or `.json` off the end of a path or segment: `("/tasks/3", Some(Json))` of `/tasks/3.json`.
    pub fn split_suffix(path: &str) -> (&str, Option<Self>) {
        if let Some(rest) = path.strip_suffix(".json") {
            (rest, Some(Self::Json))
        } else if let Some(rest) = path.strip_suffix(".xml") {
            (rest, Some(Self::Xml))
        } else {
            (path, None)
        }
    }

    /// What the path of an address ends in that keeps the format: `.json`.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Xml => ".xml",
            Self::Json => ".json",
        }
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            // Without a charset some clients take XML for ISO-8859-1; JSON is always UTF-8.
            Self::Xml => "application/xml;charset=UTF-8",
            Self::Json => "application/json",
        })
    }
}

fn requested_in_query(query: &str) -> Option<Result<Format, UnknownFormat>> {
    let (_, value) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "output_format")?;
    Some(if value.eq_ignore_ascii_case("json") {
        Ok(Format::Json)
    } else if value.eq_ignore_ascii_case("xml") {
        Ok(Format::Xml)
    } else {
        Err(UnknownFormat(excerpt(&value, 64).into_owned()))
    })
}

/// Whether the header `Accept` names `application/json`, and no type of XML with a higher quality. Wildcards do not count: a
/// client that accepts anything gets XML, as from GeoGig.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut json = 0;
    let mut xml = 0;
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parameters = range.split(';');
        let media_type = parameters.next().unwrap_or_default().trim();
        let named = |name: &str| media_type.eq_ignore_ascii_case(name);
        if named("application/json") {
            json = json.max(quality(parameters));
        } else if named("application/xml") || named("text/xml") {
            xml = xml.max(quality(parameters));
        }
    }
    json > 0 && json >= xml
}

/// The `q` of a media range in thousandths; 1000 if it is absent or cannot be parsed.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u16 {
    parameters
        .find_map(|parameter| {
            let (name, value) = parameter.trim().split_once('=')?;
            name.eq_ignore_ascii_case("q").then(|| value.parse::<f32>().ok()).flatten()
        })
        .map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16)
}

impl IntoResponse for UnknownFormat {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/plain;charset=UTF-8"),
            // The text repeats what the caller sent; a browser must not take it for a page.
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (StatusCode::BAD_REQUEST, headers, self.to_string()).into_response()
    }
}
