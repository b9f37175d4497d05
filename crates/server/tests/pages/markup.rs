//! Names, messages and values full of markup do nothing.

use crate::{
    csrf_in,
    harness::{Form, Request, Server, geopackage},
    open, page,
};

const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{7*7}}";

#[test]
fn markup_in_data_is_text_on_every_page() {
    let server = Server::start();
    server.init("city");
    let layer = "x&amp;y' onclick='z";
    let import = |values: &[&str]| {
        let file = Form::default().text("message", MARKUP).text("authorName", MARKUP).file(
            "fileUpload",
            "<i>name</i>.gpkg",
            &geopackage::points(layer, values),
        );
        server.import_to_the_end("city", file)
    };
    import(&["a", MARKUP]);
    let task = import(&[MARKUP, "b"]);
    let commit = task["result"]["commit"]["id"].as_str().unwrap();
    let id = server.get("/repos/city/collections.json").json()["collections"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let segment: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let failed = server.import("city", Form::default().file("fileUpload", "x.gpkg", MARKUP.as_bytes()));
    server.ended(failed);
    let query: String = form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect();
    for target in [
        "/".to_owned(),
        format!("/?search={query}"),
        "/repos/city".to_owned(),
        format!("/repos/city/at/{commit}"),
        format!("/repos/city/at/{commit}?layer={query}"),
        format!("/repos/city/collections/{segment}"),
        format!("/repos/city/collections/{segment}/items/1"),
        "/tasks".to_owned(),
        format!("/tasks?repository={query}&owner={query}&kind={query}"),
        "/tasks/1".to_owned(),
        format!("/tasks/{failed}?message={query}"),
        "/-/live/tasks".to_owned(),
        "/-/live/tasks/1".to_owned(),
        format!("/-/sign-in?next=/{query}"),
    ] {
        let shown = page(&server, &target);
        assert_harmless(&shown, &target);
        assert!(!shown.contains("{{") || shown.contains("{{7*7}}"), "{target}");
    }
    for target in [
        format!("/repos/{query}"),
        format!("/tasks/{query}"),
        format!("/repos/city/at/{query}"),
        format!("/repos/city/collections/{query}"),
    ] {
        let response = open(&server, &target);
        assert!(response.status >= 400, "{target}");
        assert_harmless(&response.text(), &target);
    }
    let csrf = csrf_in(&page(&server, "/"));
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("csrf", csrf.as_str()), ("name", MARKUP)])
        .finish();
    let refused = server
        .send(crate::navigation("POST", "/-/repositories").body("application/x-www-form-urlencoded", body));
    assert_eq!(refused.status, 400);
    assert_harmless(&refused.text(), "/-/repositories");
    let _ = server.send(Request::new("GET", "/"));
    server.stop();
}

/// No element and no attribute of the data has become one of the page.
fn assert_harmless(page: &str, target: &str) {
    for element in ["<script>", "<img src=x", "<i>name"] {
        assert!(!page.contains(element), "{target} has {element}: {page}");
    }
    for tag in page.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
        // Without the values of its attributes.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains("onclick") && !names.contains("onerror"), "{target} has <{tag}>");
    }
}
