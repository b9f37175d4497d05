//! Pages: who gets them, what they say, and what their forms may do.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod contents;
mod forms;
mod markup;
mod negotiation;
mod sessions;
mod sizes;

use harness::{Form, Request, Response, Server, geopackage};

/// What Chromium sends when it opens an address.
pub(crate) const CHROMIUM: [(&str, &str); 2] = [
    (
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
    ),
    ("Sec-Fetch-Dest", "document"),
];

/// The request of a browser that opens an address.
pub(crate) fn navigation(method: &str, target: &str) -> Request {
    CHROMIUM.iter().fold(Request::new(method, target), |request, (name, value)| request.header(name, value))
}

/// Opens a page.
pub(crate) fn open(server: &Server, target: &str) -> Response {
    server.send(navigation("GET", target))
}

/// The page, which must be there.
pub(crate) fn page(server: &Server, target: &str) -> String {
    let response = open(server, target);
    assert_eq!(response.status, 200, "{target}: {}", response.text());
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
    response.text()
}

/// The token that the forms of a page repeat.
pub(crate) fn csrf_in(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form with a token");
    rest.split('"').next().unwrap().to_owned()
}

/// Sends a form as a browser without a script does.
pub(crate) fn submit(server: &Server, action: &str, fields: &[(&str, &str)]) -> Response {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    server.send(navigation("POST", action).body("application/x-www-form-urlencoded", body))
}

/// A server with the repository `city`, which has the layer `p`, and the token of its forms.
pub(crate) fn with_layer(values: &[&str]) -> (Server, String) {
    let server = Server::start();
    server.init("city");
    let file = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", values));
    server.import_to_the_end("city", file);
    let csrf = csrf_in(&page(&server, "/"));
    (server, csrf)
}
