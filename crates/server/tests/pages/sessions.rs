//! Signing in with a token. The cookie only reads.

use std::process::Stdio;

use crate::{
    csrf_in,
    harness::{Form, Request, Response, Server, geopackage, server::longhaul},
    navigation,
};

struct WithTokens {
    server: Server,
    folder: tempfile::TempDir,
    admin: String,
    writer: String,
    reader: String,
}

/// What a browser has after signing in.
struct Browser<'a> {
    server: &'a Server,
    cookie: String,
}

fn new_token(file: &str, name: &str, role: &str) -> String {
    let mut command = longhaul();
    let command = command.args(["token", "new", name, "--file", file, "--role", role]).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl WithTokens {
    /// With the repository `city`, and a task of the writer.
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        let file = file.to_str().unwrap();
        let [admin, writer, reader] =
            ["admin", "writer", "reader"].map(|role| new_token(file, &format!("a-{role}"), role));
        let server = Server::start_with(&[&["--tokens", file], arguments].concat());
        let with_tokens = Self { server, folder, admin, writer, reader };
        assert_eq!(with_tokens.as_writer("PUT", "/repos/city/init").status, 201);
        let form = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &["a"]));
        let request =
            with_tokens.request("POST", "/repos/city/import.json?format=gpkg").header("Prefer", "wait=60");
        assert_eq!(with_tokens.server.send(request.form(form)).json()["task"]["status"], "FINISHED");
        with_tokens
    }

    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, target).header("Authorization", &format!("Bearer {}", self.writer))
    }

    fn as_writer(&self, method: &str, target: &str) -> Response {
        self.server.send(self.request(method, target))
    }

    fn try_to_sign_in(&self, token: &str, next: &str) -> Response {
        let form = self.server.send(navigation("GET", "/-/sign-in")).text();
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("csrf", csrf_in(&form).as_str()), ("token", token), ("next", next)])
            .finish();
        self.server.send(navigation("POST", "/-/sign-in").body("application/x-www-form-urlencoded", body))
    }

    fn sign_in(&self, token: &str) -> Browser<'_> {
        let response = self.try_to_sign_in(token, "/tasks");
        assert_eq!(
            (response.status, response.header("location")),
            (303, Some("/tasks")),
            "{}",
            response.text()
        );
        let cookie = response.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Browser { server: &self.server, cookie }
    }
}

impl Browser<'_> {
    fn open(&self, target: &str) -> Response {
        self.server.send(navigation("GET", target).header("Cookie", &self.cookie))
    }

    fn csrf(&self) -> String {
        csrf_in(&self.open("/").text())
    }

    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let request = Request::new(method, target).header("Cookie", &self.cookie);
        self.server.send(headers.iter().fold(request, |request, (name, value)| request.header(name, value)))
    }
}

#[test]
fn a_browser_without_a_token_is_led_to_where_one_signs_in() {
    let with_tokens = WithTokens::start(&[]);
    let server = &with_tokens.server;
    let response = server.send(navigation("GET", "/tasks?status=FAILED"));
    assert_eq!(
        (response.status, response.header("location")),
        (303, Some("/-/sign-in?next=%2Ftasks%3Fstatus%3DFAILED"))
    );
    assert_eq!(server.get("/tasks").status, 401, "a program is told that it needs a token");

    let wrong = with_tokens.try_to_sign_in("longhaul_wrong", "/");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
    assert!(wrong.text().contains("The token does not count here."), "{}", wrong.text());

    let elsewhere = with_tokens.try_to_sign_in(&with_tokens.reader, "//evil.example");
    assert_eq!(elsewhere.header("location"), Some("/"));
    let cookie = elsewhere.header("set-cookie").unwrap();
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/;", "; Max-Age=28800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert!(!cookie.contains(&with_tokens.reader), "the token itself is not in the cookie");
    with_tokens.server.stop();
}

#[test]
fn the_cookie_is_for_https_only_where_the_server_is_reached_so() {
    let with_tokens = WithTokens::start(&["--public-url", "https://data.example.org/maps"]);
    let response = with_tokens.try_to_sign_in(&with_tokens.reader, "/");
    assert_eq!(response.header("location"), Some("/maps/"));
    let cookie = response.header("set-cookie").unwrap();
    assert!(cookie.contains("; Path=/maps;") && cookie.ends_with("; Secure"), "{cookie}");
    let page = with_tokens.sign_in_at_prefix();
    assert!(page.contains("href=\"/maps/-/style.css\""), "{page}");
    with_tokens.server.stop();
}

impl WithTokens {
    fn sign_in_at_prefix(&self) -> String {
        let response = self.try_to_sign_in(&self.reader, "/");
        let cookie = response.header("set-cookie").unwrap().split(';').next().unwrap();
        self.server.send(navigation("GET", "/").header("Cookie", cookie)).text()
    }
}

#[test]
fn the_cookie_alone_reads_and_changes_nothing() {
    let with_tokens = WithTokens::start(&[]);
    let browser = with_tokens.sign_in(&with_tokens.admin);
    for target in
        ["/repos.json", "/repos/city/log.json", "/tasks/1.json", "/repos/city/files/p.csv", "/version"]
    {
        assert_eq!(browser.send("GET", target, &[]).status, 200, "{target}");
    }
    // GETs that change or start something, as GeoGig has them, are among these.
    let changes = [
        ("PUT", "/repos/town/init.json"),
        ("POST", "/repos/city/import.json?format=gpkg"),
        ("POST", "/repos/city/revert.json?commit=HEAD"),
        ("POST", "/repos/city/rename.json?name=town"),
        ("POST", "/repos/city/config.json?name=user.name&value=x"),
        ("GET", "/repos/city/export.json?format=csv"),
        ("GET", "/repos/city/osm/download.json?bbox=1,1,2,2"),
        ("GET", "/repos/city/delete.json"),
        ("DELETE", "/repos/city.json?token=x"),
        ("GET", "/tasks/1.json?cancel=true"),
        ("GET", "/tasks/1.json?prune=true"),
        ("DELETE", "/tasks/1.json"),
        ("GET", "/repos/city.git/info/refs?service=git-receive-pack"),
    ];
    let wrong = [("X-CSRF-Token", "x")];
    let csrf = browser.csrf();
    let other_origin = [("X-CSRF-Token", csrf.as_str()), ("Origin", "http://evil.example")];
    let other_site = [("X-CSRF-Token", csrf.as_str()), ("Sec-Fetch-Site", "cross-site")];
    for (method, target) in changes {
        for headers in [&[][..], &wrong, &other_origin, &other_site] {
            let response = browser.send(method, target, headers);
            assert_eq!(response.status, 403, "{method} {target} {headers:?}: {}", response.text());
        }
    }
    let task = |status| assert_eq!(browser.send("GET", "/tasks/1.json", &[]).status, status);
    task(200);
    let own = format!("http://{}", browser.server.address);
    let headers =
        [("X-CSRF-Token", csrf.as_str()), ("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(browser.send("GET", "/tasks/1.json?prune=true", &headers).status, 200);
    task(404);
    let export = browser.send("GET", "/repos/city/export.json?format=csv&path=p", &headers);
    assert_eq!(export.status, 200, "{}", export.text());
    with_tokens.server.stop();
}

#[test]
fn a_reader_sees_no_forms_and_may_send_none() {
    let with_tokens = WithTokens::start(&[]);
    let reader = with_tokens.sign_in(&with_tokens.reader);
    for target in ["/", "/repos/city", "/repos/city/at/HEAD", "/tasks", "/tasks/1"] {
        let page = reader.open(target).text();
        let forms: Vec<_> =
            page.split("<form").skip(1).filter(|form| form.contains("method=\"post\"")).collect();
        assert!(forms.iter().all(|form| form.contains("/-/sign-out")), "{target}: {forms:?}");
        assert!(page.contains("a-reader"), "{target}");
    }
    let body = |fields: &[(&str, &str)]| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    };
    let csrf = reader.csrf();
    for (action, fields) in [
        ("/-/repositories", &[("csrf", csrf.as_str()), ("name", "town")][..]),
        ("/-/remove-task", &[("csrf", csrf.as_str()), ("id", "1")]),
        ("/-/revert", &[("csrf", csrf.as_str()), ("repository", "city"), ("commit", "HEAD")]),
        (
            "/-/settings",
            &[("csrf", csrf.as_str()), ("repository", "city"), ("name", "user.name"), ("value", "x")],
        ),
    ] {
        let request = navigation("POST", action).header("Cookie", &reader.cookie);
        let response = reader.server.send(request.body("application/x-www-form-urlencoded", body(fields)));
        assert_eq!(response.status, 403, "{action}: {}", response.text());
        assert!(response.text().starts_with("<!doctype html>"), "{action}");
    }
    with_tokens.server.stop();
}

#[test]
fn a_session_ends_by_signing_out_and_with_its_token() {
    let with_tokens = WithTokens::start(&[]);
    let browser = with_tokens.sign_in(&with_tokens.writer);
    let other = with_tokens.sign_in(&with_tokens.writer);
    let body = format!("csrf={}", browser.csrf());
    let request = navigation("POST", "/-/sign-out").header("Cookie", &browser.cookie);
    let out = with_tokens.server.send(request.body("application/x-www-form-urlencoded", body));
    assert_eq!((out.status, out.header("location")), (303, Some("/-/sign-in")));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(browser.open("/").status, 303);
    let refused = browser.send("GET", "/tasks.json", &[]);
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer realm=\"Longhaul\""),
        "no window of the browser opens"
    );

    assert_eq!(other.open("/tasks").status, 200);
    let file = with_tokens.folder.path().join("tokens.toml");
    let file = file.to_str().unwrap();
    let revoked = longhaul().args(["token", "revoke", "a-writer", "--file", file]).status().unwrap();
    assert!(revoked.success());
    with_tokens.server.signal("-HUP");
    while other.open("/tasks").status == 200 {}
    assert_eq!(other.open("/tasks").status, 303);
    with_tokens.server.stop();
}
