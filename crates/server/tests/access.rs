//! Tokens: who is let in, and what they may do.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
};

use harness::{Form, Request, Response, Server, geopackage, server::longhaul};

/// A server with tokens, and what they are called.
struct Guarded {
    server: Server,
    _tokens: tempfile::TempDir,
    secrets: Vec<(&'static str, String)>,
}

/// Runs `longhaul token new`; what it prints.
fn new_token(arguments: &[&str]) -> String {
    let output = longhaul().args(["token", "new"]).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const TOKENS: [(&str, &[&str]); 5] = [
    ("root", &["--role", "admin"]),
    ("map", &["--role", "reader"]),
    ("ci", &["--role", "writer"]),
    ("city-map", &["--role", "reader", "--repository", "city"]),
    ("city-ci", &["--role", "writer", "--repository", "city", "--repository", "town"]),
];

impl Guarded {
    /// With the repositories `city` and `land`.
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        let file = file.to_str().unwrap();
        let secrets = TOKENS.map(|(name, rights)| {
            let secret = new_token(&[&[name, "--file", file], rights].concat());
            (name, secret.trim().to_owned())
        });
        let server = Server::start_with(&[&["--tokens", file], arguments].concat());
        let guarded = Self { server, _tokens: folder, secrets: secrets.into() };
        for name in ["city", "land"] {
            assert_eq!(guarded.as_who("root", "PUT", &format!("/repos/{name}/init")).status, 201);
        }
        guarded
    }

    fn secret(&self, who: &str) -> &str {
        &self.secrets.iter().find(|(name, _)| *name == who).unwrap().1
    }

    fn request(&self, who: &str, method: &str, target: &str) -> Request {
        Request::new(method, target).header("Authorization", &format!("Bearer {}", self.secret(who)))
    }

    fn as_who(&self, who: &str, method: &str, target: &str) -> Response {
        self.server.send(self.request(who, method, target))
    }

    fn get(&self, who: &str, target: &str) -> Response {
        self.as_who(who, "GET", target)
    }

    fn import(&self, who: &str, repository: &str) -> Response {
        let target = format!("/repos/{repository}/import.json?format=gpkg");
        let file = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &["a"]));
        self.server.send(self.request(who, "POST", &target).form(file))
    }

    /// Imports and waits for the end; the task's number.
    fn imported(&self, who: &str, repository: &str) -> u64 {
        let answer = self.import(who, repository);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.json()["task"]["id"].as_u64().unwrap();
        loop {
            let task = self.get("root", &format!("/tasks/{id}.json?wait=60")).json();
            if !matches!(task["task"]["status"].as_str(), Some("WAITING" | "RUNNING")) {
                return id;
            }
        }
    }

    fn tasks(&self, who: &str, query: &str) -> Vec<u64> {
        let list = self.get(who, &format!("/tasks.json?{query}")).json();
        list["tasks"].as_array().unwrap().iter().map(|one| one["task"]["id"].as_u64().unwrap()).collect()
    }

    fn names(&self, who: &str) -> Vec<String> {
        let list = self.get(who, "/repos.json").json();
        let repos = list["repos"]["repo"].as_array().unwrap();
        repos.iter().map(|repo| repo["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Stops it, and looks whether a token has got into the log.
    fn stop(self) {
        let (_folder, status, log) = self.server.stop_and_tell();
        assert!(status.success(), "{log}");
        for (_, secret) in &self.secrets {
            assert!(!log.contains(secret.as_str()), "{log}");
        }
        assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    }
}

#[test]
fn nobody_is_let_in_without_a_token() {
    let guarded = Guarded::start(&[]);
    for (method, target) in [
        ("GET", "/tasks.json"),
        ("GET", "/tasks/1.json"),
        ("GET", "/tasks/1/events.json"),
        ("GET", "/tasks/1/download.json"),
        ("POST", "/tasks/prune.json?status=FINISHED"),
        ("GET", "/repos.json"),
        ("GET", "/repos/city.json"),
        ("GET", "/repos/none.json"),
        ("PUT", "/repos/x/init.json"),
        ("POST", "/repos/city/import.json?format=gpkg"),
        ("GET", "/repos/city/osm/import.json?uri=/x"),
        ("GET", "/repos/city/osm/download.json?bbox=1,1,2,2"),
        ("GET", "/metrics.json"),
        ("GET", "/version.json"),
        ("GET", "/nothing.json"),
    ] {
        let answer = guarded.server.send(Request::new(method, target));
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "This server asks for a token."),
            "{target}"
        );
        let schemes: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "www-authenticate").collect();
        assert!(schemes[0].1.starts_with("Bearer ") && schemes[1].1.starts_with("Basic "), "{schemes:?}");
    }
    let xml = guarded.server.get("/tasks").text();
    assert!(xml.ends_with(
        "<response><success>false</success><error>This server asks for a token.</error></response>"
    ));
    for target in ["/healthz", "/readyz/"] {
        assert_eq!(guarded.server.get(target).status, 200, "{target}");
    }
    guarded.stop();
}

#[test]
fn a_token_is_a_bearers_or_a_password_and_nothing_else() {
    let guarded = Guarded::start(&[]);
    let status = |authorization: &str| {
        guarded.server.send(Request::new("GET", "/repos").header("Authorization", authorization)).status
    };
    let secret = guarded.secret("map");
    assert_eq!(status(&format!("Bearer {secret}")), 200);
    assert_eq!(status(&format!("bearer {secret}")), 200);
    let basic = |text: &str| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        status(&format!("Basic {}", BASE64_STANDARD.encode(text)))
    };
    assert_eq!(basic(&format!("anybody:{secret}")), 200);
    assert_eq!(basic(&format!("{secret}:")), 401);
    for wrong in
        [format!("Bearer {secret}x"), format!("Bearer {}", &secret[1..]), "Bearer".into(), secret.into()]
    {
        assert_eq!(status(&wrong), 401, "{wrong}");
    }
    let in_the_query = guarded.server.get(&format!("/repos?token={secret}&access_token={secret}"));
    assert_eq!(in_the_query.status, 401);
    guarded.stop();
}

#[test]
fn readers_see_their_repositories_and_change_nothing() {
    let guarded = Guarded::start(&[]);
    let (city, land) = (guarded.imported("root", "city"), guarded.imported("root", "land"));
    assert_eq!(guarded.names("map"), ["city", "land"]);
    assert_eq!(guarded.names("city-map"), ["city"]);
    assert_eq!(guarded.tasks("map", ""), [city, land]);
    assert_eq!(guarded.tasks("city-map", ""), [city]);
    assert_eq!(guarded.tasks("city-map", "repository=land"), [0; 0]);
    for target in ["log.json", "ls-tree.json"] {
        assert_eq!(guarded.get("city-map", &format!("/repos/city/{target}")).status, 200);
    }
    for who in ["map", "city-map"] {
        for (method, target) in [
            ("PUT", "/repos/new/init.json".to_owned()),
            ("PUT", "/repos/city/init.json".to_owned()),
            ("GET", "/repos/city/delete.json".to_owned()),
            ("DELETE", "/repos/city.json?token=1".to_owned()),
            ("POST", "/repos/city/rename.json?name=x".to_owned()),
            ("GET", "/repos/city/osm/import.json?uri=/x".to_owned()),
            ("GET", "/repos/city/osm/download.json?bbox=1,1,2,2".to_owned()),
            ("GET", format!("/tasks/{city}.json?cancel=true")),
            ("GET", format!("/tasks/{city}.json?prune=true")),
            ("DELETE", format!("/tasks/{city}.json")),
        ] {
            let answer = guarded.as_who(who, method, &target);
            assert_eq!(answer.status, 403, "{who} {method} {target}: {}", answer.text());
        }
        assert_eq!(guarded.import(who, "city").status, 403);
        let pruned = guarded.as_who(who, "POST", "/tasks/prune.json?status=FINISHED");
        assert_eq!(pruned.json()["response"]["count"], 0);
    }
    assert_eq!(guarded.tasks("root", ""), [city, land]);
    assert_eq!(guarded.names("root"), ["city", "land"]);
    guarded.stop();
}

/// An answer as it would be about another thing.
fn about(answer: &Response, thing: &str, other: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "date" && name != "content-length");
    (answer.status, headers, answer.text().replace(thing, other))
}

#[test]
fn what_one_may_not_see_is_as_if_it_never_was() {
    let guarded = Guarded::start(&[]);
    let hidden = guarded.imported("root", "land").to_string();
    for who in ["city-map", "city-ci"] {
        for (method, target) in [
            ("GET", "/repos/land"),
            ("GET", "/repos/land.json"),
            ("GET", "/repos/land/log.json"),
            ("GET", "/repos/land/ls-tree.json"),
            ("GET", "/repos/land/delete.json"),
            ("DELETE", "/repos/land.json?token=1"),
            ("POST", "/repos/land/rename.json?name=city"),
            ("PUT", "/repos/land/init.json"),
            ("POST", "/repos/land/import.json?format=gpkg"),
            ("GET", "/repos/land/osm/import.json?uri=/x"),
            ("POST", "/repos/land/osm/download.json?bbox=1,1,2,2"),
        ] {
            let there = guarded.as_who(who, method, target);
            let never = guarded.as_who(who, method, &target.replace("land", "none"));
            assert!(matches!(there.status, 403 | 404), "{target}: {}", there.status);
            assert_eq!(about(&there, "land", "X"), about(&never, "none", "X"), "{who} {method} {target}");
        }
        for (method, target) in [
            ("GET", "/tasks/ID.json"),
            ("GET", "/tasks/ID"),
            ("GET", "/tasks/ID.json?wait=60"),
            ("GET", "/tasks/ID.json?cancel=true"),
            ("GET", "/tasks/ID.json?prune=true"),
            ("DELETE", "/tasks/ID.json"),
            ("GET", "/tasks/ID/download.json"),
            ("GET", "/tasks/ID/events.json"),
            ("HEAD", "/tasks/ID/events.json"),
        ] {
            let there = guarded.as_who(who, method, &target.replace("ID", &hidden));
            let never = guarded.as_who(who, method, &target.replace("ID", "99"));
            assert_eq!(there.status, 404, "{who} {method} {target}");
            let (there, never) = (
                about(&there, &format!("found: {hidden}"), "found: X"),
                about(&never, "found: 99", "found: X"),
            );
            assert_eq!(there, never, "{who} {method} {target}");
        }
    }
    assert_eq!(guarded.get("root", &format!("/tasks/{hidden}")).status, 200);
    guarded.stop();
}

#[test]
fn writers_change_their_repositories_and_touch_their_own_tasks() {
    let guarded = Guarded::start(&[]);
    let (of_root, own) = (guarded.imported("root", "city"), guarded.imported("city-ci", "city"));
    let verbose = guarded.get("city-ci", &format!("/tasks/{own}.json?verbose=true")).json();
    assert_eq!(verbose["task"]["owner"], "city-ci");
    assert_eq!(verbose["task"]["repository"], "city");
    assert_eq!(verbose["task"]["kind"], "import-geopackage");
    assert_eq!(guarded.tasks("city-ci", ""), [of_root, own]);
    assert_eq!(guarded.tasks("city-ci", "owner=root"), [of_root]);
    assert_eq!(guarded.get("city-ci", &format!("/tasks/{of_root}?prune=true")).status, 403);
    assert_eq!(guarded.get("city-ci", &format!("/tasks/{own}?prune=true")).status, 200);
    assert_eq!(guarded.tasks("root", ""), [of_root]);
    assert_eq!(guarded.as_who("city-ci", "PUT", "/repos/town/init").status, 201);
    assert_eq!(guarded.as_who("city-ci", "PUT", "/repos/other/init").status, 403);
    assert_eq!(guarded.as_who("ci", "PUT", "/repos/other/init").status, 201);
    for (method, target) in
        [("GET", "/repos/city/delete.json"), ("POST", "/repos/city/rename.json?name=town2")]
    {
        assert_eq!(guarded.as_who("ci", method, target).error(), "This takes the token of an admin.");
    }
    let own = guarded.imported("ci", "land");
    let pruned = guarded.as_who("ci", "POST", "/tasks/prune.json?status=FINISHED");
    assert_eq!(pruned.json()["response"]["id"], serde_json::json!([own]));
    guarded.stop();
}

#[test]
fn numbers_are_for_those_who_may_see_everything() {
    let guarded = Guarded::start(&[]);
    assert_eq!(guarded.get("map", "/metrics").status, 200);
    assert_eq!(guarded.get("city-map", "/metrics").status, 403);
    guarded.stop();
}

#[test]
fn streams_tell_only_of_what_one_may_see() {
    let guarded = Guarded::start(&[]);
    let mut stream = TcpStream::connect(guarded.server.address).unwrap();
    let head = guarded.request("city-map", "GET", "/tasks/events.json").head(guarded.server.address);
    std::io::Write::write_all(&mut stream, &head).unwrap();
    let mut read = Vec::new();
    let mut read_until = |text: &str| {
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&read).contains(text) {
            let count = std::io::Read::read(&mut stream, &mut buffer).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&buffer[..count]);
        }
    };
    read_until("event: reset");
    let hidden = guarded.imported("root", "land");
    let seen = guarded.imported("root", "city");
    read_until("FINISHED");
    let read = String::from_utf8(read).unwrap();
    assert!(read.contains(&format!("\"id\":{seen},")), "{read}");
    assert!(!read.contains(&format!("\"id\":{hidden},")), "{read}");
    drop(stream);
    guarded.stop();
}

#[test]
fn who_shows_too_many_wrong_tokens_is_not_listened_to_for_a_while() {
    let guarded = Guarded::start(&[]);
    let wrong = || Request::new("GET", "/repos.json").header("Authorization", "Bearer longhaul_wrong");
    let refused = (0..100).map(|_| guarded.server.send(wrong())).find(|answer| answer.status != 401);
    let refused = refused.expect("an end of patience");
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(guarded.get("root", "/repos").status, 429, "whatever they show");
    assert_eq!(guarded.server.get("/healthz").status, 200);
    let elsewhere: SocketAddr = ([127, 0, 0, 1], guarded.server.address.port()).into();
    let other = std::net::SocketAddr::from(([127, 0, 0, 2], 0));
    let socket =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(other).unwrap();
            let stream = socket.connect(elsewhere).await.unwrap().into_std().unwrap();
            stream.set_nonblocking(false).unwrap();
            stream
        });
    let mut stream = socket;
    std::io::Write::write_all(&mut stream, &guarded.request("root", "GET", "/repos").head(elsewhere))
        .unwrap();
    assert_eq!(Response::read(stream).status, 200, "others are");
    guarded.stop();
}

#[test]
fn a_hangup_has_the_tokens_read_again() {
    let guarded = Guarded::start(&[]);
    let file = guarded._tokens.path().join("tokens.toml");
    let late = new_token(&["late", "--role", "reader", "--file", file.to_str().unwrap()]);
    let status = || {
        let bearer = format!("Bearer {}", late.trim());
        guarded.server.send(Request::new("GET", "/repos").header("Authorization", &bearer)).status
    };
    assert_eq!(status(), 401);
    guarded.server.signal("-HUP");
    while status() == 401 {
        // A signal takes its time; there are fewer refusals in it than are held against us.
        std::thread::yield_now();
        guarded.get("root", "/repos");
    }
    assert_eq!(status(), 200);
    guarded.stop();
}

#[test]
fn a_page_of_an_allowed_origin_may_show_a_token_and_read_why_it_is_refused() {
    let guarded = Guarded::start(&["--allow-origin", "https://maps.example.org"]);
    let of_page = |request: Request| {
        request.header("Origin", "https://maps.example.org").header("Sec-Fetch-Site", "cross-site")
    };
    let asked = Request::new("OPTIONS", "/tasks/1")
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "authorization,last-event-id");
    let asked = guarded.server.send(of_page(asked));
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("access-control-allow-headers"), Some("authorization,last-event-id"));
    let read = guarded.server.send(of_page(guarded.request("map", "GET", "/repos")));
    assert_eq!(
        (read.status, read.header("access-control-allow-origin")),
        (200, Some("https://maps.example.org"))
    );
    let refused = guarded.server.send(of_page(Request::new("GET", "/repos")));
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some("https://maps.example.org"))
    );
    let foreign = guarded.request("root", "PUT", "/repos/x/init").header("Origin", "https://evil.example");
    assert_eq!(guarded.server.send(foreign).status, 403);
    let rebound = guarded.request("root", "GET", "/repos").header("Host", "evil.example");
    assert_eq!(guarded.server.send(rebound).status, 403);
    guarded.stop();
}

#[test]
fn with_tokens_it_may_listen_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    new_token(&["a", "--role", "admin", "--file", file.to_str().unwrap()]);
    let mut command = longhaul();
    command.args(["serve", "--listen", "0.0.0.0:0", "--tokens"]).arg(file);
    command.arg("--data").arg(folder.path().join("data")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
}

#[test]
fn a_file_of_tokens_that_could_be_misread_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let file = file.to_str().unwrap();
    std::fs::write(file, "[[token]]\nname = 'a'\nsha256 = 'abc'\nrole = 'admin'\n").unwrap();
    for file in [file, "/nowhere/tokens.toml"] {
        let data = folder.path().join("data");
        let mut command = longhaul();
        command.args(["serve", "--listen", "127.0.0.1:0", "--tokens", file, "--data"]).arg(data);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains("reading the tokens in"), "{complaint}");
    }
}

#[test]
fn a_new_token_is_printed_once_with_what_belongs_into_the_file() {
    let printed = new_token(&["ci", "--role", "writer", "--repository", "city"]);
    let (secret, toml) = printed.split_once("\n\n").unwrap();
    assert!(secret.starts_with("longhaul_"), "{secret}");
    assert!(toml.starts_with("[[token]]\nname = \"ci\"\nsha256 = \""), "{toml}");
    assert!(toml.ends_with("role = \"writer\"\nrepositories = [\"city\"]\n"), "{toml}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let path = file.to_str().unwrap();
    new_token(&["a", "--role", "reader", "--file", path]);
    let before = std::fs::read_to_string(&file).unwrap();
    for refused in [
        &["a", "--role", "admin", "--file", path][..],
        &["b", "--role", "root", "--file", path],
        &["b", "--role", "admin", "--repository", "city", "--file", path],
        &["b", "--role", "reader", "--repository", "../city", "--file", path],
        &["", "--role", "reader", "--file", path],
    ] {
        let output = longhaul().args(["token", "new"]).args(refused).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    }
}

#[test]
fn the_command_line_shows_its_token() {
    let guarded = Guarded::start(&[]);
    let url = format!("http://{}", guarded.server.address);
    let tasks = |set_up: &dyn Fn(&mut Command)| {
        let mut command = longhaul();
        command.args(["tasks", "list", "--server", &url]).stdin(Stdio::null());
        set_up(&mut command);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, complaint) = tasks(&|_| {});
    assert_eq!(status, Some(1));
    assert!(complaint.contains("401: This server asks for a token."), "{complaint}");
    let secret = guarded.secret("map");
    let with_flag = |command: &mut Command| _ = command.args(["--token", secret]);
    assert_eq!(tasks(&with_flag).0, Some(0));
    let with_environment = |command: &mut Command| _ = command.env("LONGHAUL_TOKEN", secret);
    assert_eq!(tasks(&with_environment).0, Some(0));
    guarded.stop();
}
