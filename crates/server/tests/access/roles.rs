//! What callers of each role may see and change.

use std::net::TcpStream;

use super::{Guarded, support::Response};

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
