//! Which format a request asks for.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use longhaul_tasks_web::Format::{self, Json, Xml};

fn accept(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT, value.parse().expect("a header value"))])
}

#[test]
fn the_suffix_beats_output_format_and_that_beats_accept() {
    let any = HeaderMap::new();
    let json = accept("application/json");
    assert_eq!(Format::of(None, None, &any), Ok(Xml));
    assert_eq!(Format::of(None, None, &json), Ok(Json));
    assert_eq!(Format::of(None, Some("output_format=xml"), &json), Ok(Xml));
    assert_eq!(Format::of(None, Some("output_format=json"), &any), Ok(Json));
    assert_eq!(Format::of(Some(Xml), Some("output_format=json"), &json), Ok(Xml));
    assert_eq!(Format::of(Some(Json), Some("output_format=xml"), &any), Ok(Json));
    assert_eq!(Format::of(Some(Json), Some("output_format=nonsense"), &any), Ok(Json));
}

#[test]
fn output_format_is_read_in_any_letter_case_and_encoding() {
    for query in ["output_format=JSON", "a=b&output_format=Json", "output%5Fformat=%6ason&output_format=xml"]
    {
        assert_eq!(Format::of(None, Some(query), &HeaderMap::new()), Ok(Json), "{query}");
    }
    for query in ["", "output_forma=json", "x=output_format=json", "OUTPUT_FORMAT=json"] {
        assert_eq!(Format::of(None, Some(query), &HeaderMap::new()), Ok(Xml), "{query}");
    }
}

#[test]
fn an_unknown_output_format_is_a_bad_request_in_plain_text() {
    let refusal = |query| Format::of(None, Some(query), &HeaderMap::new()).expect_err("unknown");
    assert_eq!(refusal("output_format=xyz").to_string(), "Invalid output_format 'xyz' requested");
    assert_eq!(refusal("output_format=").to_string(), "Invalid output_format '' requested");
    let long = format!("output_format={}", "é".repeat(100_000));
    assert_eq!(
        Format::of(None, Some(&long), &HeaderMap::new()).expect_err("unknown").to_string(),
        format!("Invalid output_format '{}…' requested", "é".repeat(64))
    );

    let response = refusal("output_format=%3Cscript%3E").into_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain;charset=UTF-8");
    assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[test]
fn only_an_explicit_wish_for_json_counts() {
    let chosen = |value: &str| Format::of(None, None, &accept(value)).expect("a format");
    for value in [
        "application/json",
        "Application/JSON;charset=utf-8",
        "application/json, text/plain, */*",
        "text/html, application/json;q=0.5",
        "application/xml;q=0.5, application/json",
        "application/json;q=0.001",
        "application/json, application/xml",
        " application/json ; q=1",
    ] {
        assert_eq!(chosen(value), Json, "{value}");
    }
    for value in [
        "*/*",
        "application/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json;q=0",
        "application/json;q=0.5, application/xml",
        "application/json;q=0.8, text/xml;q=0.9",
        "application/jsonp",
        "application/geo+json",
        "",
        ",;,=;q",
    ] {
        assert_eq!(chosen(value), Xml, "{value}");
    }
}

#[test]
fn wishes_may_stand_in_several_accept_headers() {
    let mut headers = accept("text/html");
    headers.append(header::ACCEPT, "application/json".parse().expect("a header value"));
    assert_eq!(Format::of(None, None, &headers), Ok(Json));
}

#[test]
fn suffixes_are_split_off_the_end_only() {
    assert_eq!(Format::split_suffix("/tasks/3.json"), ("/tasks/3", Some(Json)));
    assert_eq!(Format::split_suffix("/tasks/3.xml"), ("/tasks/3", Some(Xml)));
    for bare in ["/tasks/3", "/tasks/3.csv", "/tasks.json/3", "/tasks/3json", "/tasks/3.JSON"] {
        assert_eq!(Format::split_suffix(bare), (bare, None));
    }
}
