//! Documents, and the links in them.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub(super) const JSON: &str = "application/json";
pub(super) const GEOJSON: &str = "application/geo+json";
pub(super) const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";
pub(super) const SCHEMA: &str = "application/schema+json";
/// The relation of a collection to its schema, from Part 5.
pub(super) const SCHEMA_RELATION: &str = "http://www.opengis.net/def/rel/ogc/1.0/schema";

/// What is escaped in a segment of a path: all but the characters that never need it.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// A document as a response.
pub(super) fn json_response(media_type: &'static str, document: &Value) -> Response {
    ([(header::CONTENT_TYPE, media_type)], document.to_string()).into_response()
}

/// One link.
pub(super) fn link(relation: &str, media_type: &str, title: &str, address: impl Into<String>) -> Value {
    json!({"rel": relation, "type": media_type, "title": title, "href": address.into()})
}

/// A segment of a path. Its last dot is escaped where what follows could be taken for the suffix of a format.
pub(super) fn segment(text: &str) -> String {
    let escaped = utf8_percent_encode(text, SEGMENT).to_string();
    match escaped.rsplit_once('.') {
        Some((stem, ending @ ("json" | "xml"))) => format!("{stem}%2E{ending}"),
        _ => escaped,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_segment_stays_one_and_has_no_suffix() {
        for (text, expected) in [
            ("roads", "roads"),
            ("a/b c", "a%2Fb%20c"),
            ("x.json", "x%2Ejson"),
            ("kQE=", "kQE%3D"),
            ("straße", "stra%C3%9Fe"),
        ] {
            assert_eq!(super::segment(text), expected);
        }
    }
}
