//! Which requests need a token, and which tokens are accepted.

use std::net::SocketAddr;

use super::{
    Guarded, new_token,
    support::{Request, Response},
};

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
