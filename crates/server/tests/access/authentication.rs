//! Which tokens are accepted.

use crate::{
    ServerWithTokens,
    harness::{Request, server::longhaul},
    new_token,
};

#[test]
fn a_request_without_a_token_is_refused() {
    let fixture = ServerWithTokens::start(&[]);
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
        let answer = fixture.server.send(Request::new(method, target));
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "This server asks for a token."),
            "{target}"
        );
        let schemes: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "www-authenticate").collect();
        assert!(schemes[0].1.starts_with("Bearer ") && schemes[1].1.starts_with("Basic "), "{schemes:?}");
    }
    let xml = fixture.server.get("/tasks").text();
    assert!(xml.ends_with(
        "<response><success>false</success><error>This server asks for a token.</error></response>"
    ));
    for target in ["/healthz", "/readyz/"] {
        assert_eq!(fixture.server.get(target).status, 200, "{target}");
    }
    fixture.stop();
}

#[test]
fn a_token_is_accepted_as_a_bearer_token_or_a_password_only() {
    let fixture = ServerWithTokens::start(&[]);
    let status = |authorization: &str| {
        fixture.server.send(Request::new("GET", "/repos").header("Authorization", authorization)).status
    };
    let secret = fixture.secret("map");
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
    let in_the_query = fixture.server.get(&format!("/repos?token={secret}&access_token={secret}"));
    assert_eq!(in_the_query.status, 401);
    fixture.stop();
}

#[test]
fn an_address_that_sends_too_many_wrong_tokens_is_told_to_wait_and_a_valid_token_counts_all_the_same() {
    let fixture = ServerWithTokens::start(&[]);
    let wrong = || Request::new("GET", "/repos.json").header("Authorization", "Bearer longhaul_wrong");
    let refused = (0..100).map(|_| fixture.server.send(wrong())).find(|answer| answer.status != 401);
    let refused = refused.expect("the limit is reached");
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(fixture.get("root", "/repos").status, 200);
    assert_eq!(fixture.server.get("/repos").status, 401);
    let metrics = fixture.get("root", "/metrics").text();
    let counted = metrics.lines().find_map(|line| line.strip_prefix("longhaul_wrong_tokens_total "));
    assert!(counted.unwrap().parse::<u32>().unwrap() >= 20, "{metrics}");
    fixture.stop();
}

/// Reads events until the end of the stream.
fn events(fixture: &ServerWithTokens, user: &str) -> std::thread::JoinHandle<()> {
    let mut stream = std::net::TcpStream::connect(fixture.server.address).unwrap();
    let head = fixture.request(user, "GET", "/tasks/events").head(fixture.server.address);
    std::io::Write::write_all(&mut stream, &head).unwrap();
    let mut first = [0; 15];
    std::io::Read::read_exact(&mut stream, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    })
}

#[test]
fn a_token_that_is_taken_back_ends_its_event_streams() {
    let fixture = ServerWithTokens::start(&[]);
    let file = fixture._tokens.path().join("tokens.toml");
    let taken_back = events(&fixture, "map");
    let kept = events(&fixture, "city-map");
    let revoked = longhaul().args(["token", "revoke", "map", "--file"]).arg(&file).output().unwrap();
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    fixture.server.signal("-HUP");
    taken_back.join().unwrap();
    assert_eq!(fixture.get("map", "/repos").status, 401);
    assert!(!kept.is_finished());

    std::fs::write(&file, "").unwrap();
    fixture.server.signal("-HUP");
    assert_eq!(fixture.get("city-map", "/repos").status, 200);
    let (_folder, _, log) = fixture.server.stop_and_read_log();
    assert!(log.contains("has no tokens"), "{log}");
    kept.join().unwrap();
}

#[test]
fn sighup_makes_the_server_read_its_tokens_again() {
    let fixture = ServerWithTokens::start(&[]);
    let file = fixture._tokens.path().join("tokens.toml");
    let late = new_token(&["late", "--role", "reader", "--file", file.to_str().unwrap()]);
    let status = || {
        let bearer = format!("Bearer {}", late.trim());
        fixture.server.send(Request::new("GET", "/repos").header("Authorization", &bearer)).status
    };
    assert_eq!(status(), 401);
    fixture.server.signal("-HUP");
    while status() == 401 {
        // A signal takes its time; there are fewer refusals in it than are held against us.
        std::thread::yield_now();
        fixture.get("root", "/repos");
    }
    assert_eq!(status(), 200);
    fixture.stop();
}

#[test]
fn a_page_of_an_allowed_origin_may_send_a_token_and_read_the_error() {
    let fixture = ServerWithTokens::start(&["--allow-origin", "https://maps.example.org"]);
    let of_page = |request: Request| {
        request.header("Origin", "https://maps.example.org").header("Sec-Fetch-Site", "cross-site")
    };
    let asked = Request::new("OPTIONS", "/tasks/1")
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "authorization,last-event-id");
    let asked = fixture.server.send(of_page(asked));
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("access-control-allow-headers"), Some("authorization,last-event-id"));
    let read = fixture.server.send(of_page(fixture.request("map", "GET", "/repos")));
    assert_eq!(
        (read.status, read.header("access-control-allow-origin")),
        (200, Some("https://maps.example.org"))
    );
    let refused = fixture.server.send(of_page(Request::new("GET", "/repos")));
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some("https://maps.example.org"))
    );
    let foreign = fixture.request("root", "PUT", "/repos/x/init").header("Origin", "https://evil.example");
    assert_eq!(fixture.server.send(foreign).status, 403);
    let rebound = fixture.request("root", "GET", "/repos").header("Host", "evil.example");
    assert_eq!(fixture.server.send(rebound).status, 403);
    fixture.stop();
}
