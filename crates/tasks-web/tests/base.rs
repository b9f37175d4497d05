//! What links begin with, whatever a request says of itself.

use axum::http::{Extensions, HeaderMap, HeaderName, Uri};
use longhaul_tasks_web::PublicAddress;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let parsed = pairs.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a header name");
        (name, value.parse().expect("a header value"))
    });
    parsed.collect()
}

fn base(address: &PublicAddress, pairs: &[(&str, &str)]) -> String {
    base_of("/tasks/1", address, pairs)
}

fn base_of(uri: &str, address: &PublicAddress, pairs: &[(&str, &str)]) -> String {
    let uri: Uri = uri.parse().expect("a URI");
    address.base(&uri, &headers(pairs), &Extensions::new()).as_str().to_owned()
}

#[test]
fn links_begin_with_the_host_that_was_asked() {
    let address = PublicAddress::of_request();
    for (host, expected) in [
        ("localhost:8182", "http://localhost:8182"),
        ("maps.example.org", "http://maps.example.org"),
        ("maps.example.org:80", "http://maps.example.org"),
        ("maps.example.org:443", "http://maps.example.org:443"),
        ("127.0.0.1:1", "http://127.0.0.1:1"),
        ("[::1]:8182", "http://[::1]:8182"),
        ("[2001:db8::1]", "http://[2001:db8::1]"),
        ("under_score", "http://under_score"),
    ] {
        assert_eq!(base(&address, &[("host", host)]), expected);
    }
}

#[test]
fn a_host_that_is_none_makes_links_relative() {
    let address = PublicAddress::of_request();
    assert_eq!(base(&address, &[]), "");
    let long = "a".repeat(300);
    for host in [
        "",
        ":80",
        "a b",
        "a/b",
        "a\"b",
        "a<script>",
        "user@host",
        "host:",
        "host:99999",
        "host:+1",
        "host:80:80",
        "[::1",
        "[x]",
        "[]",
        "[::1]x",
        "::1",
        "a&b",
        "a?b#c",
        &long,
    ] {
        assert_eq!(base(&address, &[("host", host)]), "", "{host}");
    }
}

#[test]
fn an_absolute_request_target_beats_the_host_header() {
    let address = PublicAddress::of_request();
    let pairs = [("host", "other")];
    assert_eq!(base_of("http://maps.example.org:81/tasks", &address, &pairs), "http://maps.example.org:81");
    assert_eq!(base_of("https://maps.example.org:443/tasks", &address, &pairs), "https://maps.example.org");
}

#[test]
fn a_configured_address_beats_everything() {
    let address = PublicAddress::fixed("https://maps.example.org/jobs/").trust_proxy(true);
    let pairs = [("host", "evil"), ("x-forwarded-host", "evil"), ("x-forwarded-proto", "http")];
    assert_eq!(base(&address, &pairs), "https://maps.example.org/jobs");
}

#[test]
fn what_a_proxy_says_counts_only_where_proxies_are_trusted() {
    let pairs = [
        ("host", "inside:8182"),
        ("x-forwarded-host", "maps.example.org, other"),
        ("x-forwarded-proto", "https, http"),
    ];
    assert_eq!(base(&PublicAddress::of_request(), &pairs), "http://inside:8182");
    let trusting = PublicAddress::of_request().trust_proxy(true);
    assert_eq!(base(&trusting, &pairs), "https://maps.example.org");
    assert_eq!(base(&trusting, &[("host", "inside"), ("x-forwarded-proto", "gopher")]), "http://inside");
    for (prefix, expected) in [
        ("/longhaul", "http://inside/longhaul"),
        ("/gis/longhaul/, /other", "http://inside/gis/longhaul"),
        ("/", "http://inside"),
        ("longhaul", "http://inside"),
        ("//evil.example", "http://inside"),
        ("/a\"b", "http://inside"),
        ("/a?b", "http://inside"),
    ] {
        let pairs = [("host", "inside"), ("x-forwarded-prefix", prefix)];
        assert_eq!(base(&trusting, &pairs), expected, "{prefix}");
        assert_eq!(base(&PublicAddress::of_request(), &pairs), "http://inside");
    }
    assert_eq!(base(&trusting, &[("host", "inside"), ("x-forwarded-host", " ")]), "http://inside");
    assert_eq!(base(&trusting, &[("host", "inside"), ("x-forwarded-host", "a\"b")]), "");
}
