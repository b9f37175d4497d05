//! Parameters in small bodies: JSON, XML, or a form.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::{BodyExt, Limited};
use longhaul_tasks_web::ApiError;
use quick_xml::{Reader, events::Event};
use serde_json::value::RawValue;
use tokio::time;

use super::parameters::Parameters;

/// The longest body, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// How long the client may take to send it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the parameters in a body of one of these types. A body without a type, or of another type, is ignored.
pub(super) async fn parameters(headers: &HeaderMap, body: &mut Body) -> Result<Parameters, ApiError> {
    parameters_up_to(MAX_LENGTH, headers, body).await
}

/// As [`parameters`], of a body of at most `longest` bytes.
pub(super) async fn parameters_up_to(
    longest: usize,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Parameters, ApiError> {
    let bytes = time::timeout(TIMEOUT, Limited::new(body, longest).collect()).await;
    let bytes =
        bytes.map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not come in time."))?;
    let bytes = bytes.map_err(|_| {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "The body could not be read, or is too long.")
    })?;
    let bytes = bytes.to_bytes();
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if bytes.is_empty() {
        return Ok(Parameters::default());
    }
    let unreadable = |what| ApiError::bad_request(format!("The body could not be read as {what}."));
    match media_type.as_str() {
        "application/json" => of_json(&bytes).ok_or_else(|| unreadable("a JSON object")),
        "application/xml" | "text/xml" => of_xml(&bytes).ok_or_else(|| unreadable("XML")),
        "application/x-www-form-urlencoded" => {
            let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("a form"))?;
            Ok(Parameters::of_query(Some(text)))
        }
        _ => Ok(Parameters::default()),
    }
}

/// The members of an object: texts, numbers, booleans, and lists of such. The value of a deeper member is its JSON.
fn of_json(bytes: &[u8]) -> Option<Parameters> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).ok()?;
    let mut pairs = Vec::new();
    for (name, raw) in members {
        match serde_json::from_str(raw.get()).ok()? {
            serde_json::Value::Array(values) if !values.iter().any(serde_json::Value::is_object) => {
                pairs.extend(values.iter().filter_map(scalar).map(|value| (name.clone(), value)));
            }
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                pairs.push((name, raw.get().to_owned()));
            }
            value => pairs.extend(scalar(&value).map(|value| (name, value))),
        }
    }
    Some(Parameters::of_pairs(pairs))
}

fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The elements of a document that contain text, by name, at any depth.
fn of_xml(bytes: &[u8]) -> Option<Parameters> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    let mut content = String::new();
    let mut pairs = Vec::new();
    let mut has_root = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                has_root = true;
                content.clear();
                open.push(element.local_name().as_ref().to_owned());
            }
            Event::Empty(_) => has_root = true,
            Event::Text(text) => {
                let text = text.xml10_content();
                // Outside of the root there may only be white space.
                if open.is_empty() && !text.trim().is_empty() {
                    return None;
                }
                content.push_str(&text);
            }
            Event::CData(text) => content.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => content.push_str(&resolved(&reference)?),
            Event::End(_) => {
                let name = open.pop()?;
                let value = content.trim().to_owned();
                content.clear();
                if !value.is_empty() {
                    pairs.push((name, value));
                }
            }
            Event::Eof => break,
            // A document type could define entities, which are not supported.
            Event::DocType(_) => return None,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    (has_root && open.is_empty()).then(|| Parameters::of_pairs(pairs))
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    quick_xml::escape::resolve_predefined_entity(reference).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_xml_give_the_same_parameters() {
        let json = of_json(
            br#"{"authorName": "J&o", "n": 7, "yes": true, "path": ["a", "b"], "x": null, "o": {"p": 1}}"#,
        )
        .unwrap();
        let xml = of_xml(b"<?xml version=\"1.0\"?><p><authorName>J&amp;<![CDATA[o]]></authorName><n> &#55; </n><yes>true</yes><path>a</path><path>b</path><x/></p>").unwrap();
        for parameters in [json, xml] {
            assert_eq!(parameters.text("authorName"), Some("J&o"));
            assert_eq!(parameters.text("n"), Some("7"));
            assert_eq!(parameters.text("yes"), Some("true"));
            assert_eq!(parameters.texts("path").collect::<Vec<_>>(), ["a", "b"]);
            assert_eq!((parameters.text("x"), parameters.text("p")), (None, None));
        }
        let nested = of_json(br#"{"o": {"z": 1, "a": [2]}, "l": [{"z": 1}, 2]}"#).unwrap();
        assert_eq!(nested.text("o"), Some(r#"{"z": 1, "a": [2]}"#));
        assert_eq!(nested.text("l"), Some(r#"[{"z": 1}, 2]"#));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bad in ["{", "[1]", "7", "", "<a/>"] {
            assert!(of_json(bad.as_bytes()).is_none(), "{bad}");
        }
        for bad in [
            "{\"a\": 1}",
            "",
            "<a>",
            "<a></b>",
            "text",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<a>&b;</a>",
            "<a/>text",
        ] {
            assert!(of_xml(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
