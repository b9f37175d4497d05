//! What the roles permit.

use std::net::TcpStream;

use crate::{ServerWithTokens, harness::Response};

#[test]
fn readers_see_their_repositories_and_change_nothing() {
    let fixture = ServerWithTokens::start(&[]);
    let (city, land) = (fixture.imported("root", "city"), fixture.imported("root", "land"));
    assert_eq!(fixture.names("map"), ["city", "land"]);
    assert_eq!(fixture.names("city-map"), ["city"]);
    assert_eq!(fixture.tasks("map", ""), [city, land]);
    assert_eq!(fixture.tasks("city-map", ""), [city]);
    assert_eq!(fixture.tasks("city-map", "repository=land"), [0; 0]);
    let live = ["layers.json", "collections", "collections/p/items", "at/master/collections"];
    for target in ["log.json", "ls-tree.json"].into_iter().chain(live) {
        assert_eq!(fixture.get("city-map", &format!("/repos/city/{target}")).status, 200);
    }
    for user in ["map", "city-map"] {
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
            let answer = fixture.send_as(user, method, &target);
            assert_eq!(answer.status, 403, "{user} {method} {target}: {}", answer.text());
        }
        assert_eq!(fixture.import(user, "city").status, 403);
        let pruned = fixture.send_as(user, "POST", "/tasks/prune.json?status=FINISHED");
        assert_eq!(pruned.json()["response"]["count"], 0);
    }
    assert_eq!(fixture.tasks("root", ""), [city, land]);
    assert_eq!(fixture.names("root"), ["city", "land"]);
    fixture.stop();
}

/// A response with one name replaced by another.
fn about(answer: &Response, thing: &str, other: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "date" && name != "content-length");
    (answer.status, headers, answer.text().replace(thing, other))
}

#[test]
fn hidden_repositories_and_tasks_respond_like_missing_ones() {
    let fixture = ServerWithTokens::start(&[]);
    let hidden = fixture.imported("root", "land").to_string();
    for user in ["city-map", "city-ci"] {
        for (method, target) in [
            ("GET", "/repos/land"),
            ("GET", "/repos/land.json"),
            ("GET", "/repos/land/log.json"),
            ("GET", "/repos/land/ls-tree.json"),
            ("GET", "/repos/land/layers.json"),
            ("GET", "/repos/land/api"),
            ("GET", "/repos/land/conformance"),
            ("GET", "/repos/land/collections"),
            ("GET", "/repos/land/collections/points/items?bbox=0,0,1,1"),
            ("GET", "/repos/land/collections/points/items?colour=red"),
            ("GET", "/repos/land/at/master"),
            ("GET", "/repos/land/at/master/collections"),
            ("GET", "/repos/land/delete.json"),
            ("DELETE", "/repos/land.json?token=1"),
            ("POST", "/repos/land/rename.json?name=city"),
            ("PUT", "/repos/land/init.json"),
            ("POST", "/repos/land/import.json?format=gpkg"),
            ("GET", "/repos/land/osm/import.json?uri=/x"),
            ("POST", "/repos/land/osm/download.json?bbox=1,1,2,2"),
        ] {
            let there = fixture.send_as(user, method, target);
            let never = fixture.send_as(user, method, &target.replace("land", "none"));
            assert!(matches!(there.status, 403 | 404), "{target}: {}", there.status);
            assert_eq!(about(&there, "land", "X"), about(&never, "none", "X"), "{user} {method} {target}");
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
            let there = fixture.send_as(user, method, &target.replace("ID", &hidden));
            let never = fixture.send_as(user, method, &target.replace("ID", "99"));
            assert_eq!(there.status, 404, "{user} {method} {target}");
            let (there, never) = (
                about(&there, &format!("found: {hidden}"), "found: X"),
                about(&never, "found: 99", "found: X"),
            );
            assert_eq!(there, never, "{user} {method} {target}");
        }
    }
    assert_eq!(fixture.get("root", &format!("/tasks/{hidden}")).status, 200);
    fixture.stop();
}

#[test]
fn writers_change_their_repositories_and_cancel_their_own_tasks() {
    let fixture = ServerWithTokens::start(&[]);
    let (of_root, own) = (fixture.imported("root", "city"), fixture.imported("city-ci", "city"));
    let verbose = fixture.get("city-ci", &format!("/tasks/{own}.json?verbose=true")).json();
    assert_eq!(verbose["task"]["owner"], "city-ci");
    assert_eq!(verbose["task"]["repository"], "city");
    assert_eq!(verbose["task"]["kind"], "import-geopackage");
    assert_eq!(fixture.tasks("city-ci", ""), [of_root, own]);
    assert_eq!(fixture.tasks("city-ci", "owner=root"), [of_root]);
    assert_eq!(fixture.get("city-ci", &format!("/tasks/{of_root}?prune=true")).status, 403);
    assert_eq!(fixture.get("city-ci", &format!("/tasks/{own}?prune=true")).status, 200);
    assert_eq!(fixture.tasks("root", ""), [of_root]);
    assert_eq!(fixture.send_as("city-ci", "PUT", "/repos/town/init").status, 201);
    assert_eq!(fixture.send_as("city-ci", "PUT", "/repos/other/init").status, 403);
    assert_eq!(fixture.send_as("ci", "PUT", "/repos/other/init").status, 201);
    for (method, target) in
        [("GET", "/repos/city/delete.json"), ("POST", "/repos/city/rename.json?name=town2")]
    {
        assert_eq!(fixture.send_as("ci", method, target).error(), "This takes the token of an admin.");
    }
    let own = fixture.imported("ci", "land");
    let pruned = fixture.send_as("ci", "POST", "/tasks/prune.json?status=FINISHED");
    assert_eq!(pruned.json()["response"]["id"], serde_json::json!([own]));
    fixture.stop();
}

#[test]
fn metrics_need_a_token_for_all_repositories() {
    let fixture = ServerWithTokens::start(&[]);
    assert_eq!(fixture.get("map", "/metrics").status, 200);
    assert_eq!(fixture.get("city-map", "/metrics").status, 403);
    fixture.stop();
}

#[test]
fn event_streams_show_only_visible_tasks() {
    let fixture = ServerWithTokens::start(&[]);
    let mut stream = TcpStream::connect(fixture.server.address).unwrap();
    let head = fixture.request("city-map", "GET", "/tasks/events.json").head(fixture.server.address);
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
    let hidden = fixture.imported("root", "land");
    let seen = fixture.imported("root", "city");
    read_until("FINISHED");
    let read = String::from_utf8(read).unwrap();
    assert!(read.contains(&format!("\"id\":{seen},")), "{read}");
    assert!(!read.contains(&format!("\"id\":{hidden},")), "{read}");
    drop(stream);
    fixture.stop();
}
