//! Deliveries that are right or wrong: guards, dry runs, settings and reverts, over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use harness::{Form, Request, Response, Server, geopackage, git, names_in};
use serde_json::{Value, json};

fn file(names: &[&str]) -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", names))
}

fn server() -> Server {
    let server = Server::start();
    server.init("r");
    server
}

fn post(server: &Server, target: &str) -> Response {
    server.send(Request::new("POST", target))
}

/// The ended task of a request.
fn ended(server: &Server, response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    server.ended(response.json()["task"]["id"].as_u64().unwrap())
}

fn head(server: &Server) -> String {
    git(&server.data("repos/r.git"), &["rev-parse", "master"])
}

#[test]
fn a_wrong_delivery_is_held_back_shown_committed_and_undone() {
    let server = server();
    server.import_to_the_end("r", file(&["a", "b", "c", "d"]));
    let first = head(&server);

    let held = server.ended(server.import("r", file(&["a"]).text("maxDeletes", "50%")));
    assert_eq!(held["status"], "FAILED");
    let message =
        "held back, nothing was changed: layer 'points' would lose 3 of 4 features, and maxDeletes is 50%";
    assert_eq!(held["error"]["message"], message);
    assert_eq!(held["result"]["layer"][0]["deleted"], 3);
    assert_eq!(held["result"]["warning"], json!(["layer 'points': 3 of 4 features were deleted"]));

    let shown = server.ended(server.import("r", file(&["a"]).text("dryRun", "true")));
    assert_eq!((&shown["status"], &shown["result"]["dryRun"]), (&json!("FINISHED"), &json!(true)));
    assert_eq!(shown["result"]["head"], first);
    assert_eq!(head(&server), first);

    let upload = format!("/repos/r/import.json?format=gpkg&upload={}&ifHead={first}", shown["id"]);
    let committed = ended(&server, &post(&server, &upload));
    assert_eq!(committed["status"], "FINISHED", "{committed}");
    assert_eq!(committed["result"]["commit"]["tree"], shown["result"]["tree"]);
    assert_eq!(committed["result"]["commit"]["message"], "Import from points.gpkg:points to points/");
    let late = ended(&server, &post(&server, &upload));
    let error = late["error"]["message"].as_str().unwrap();
    assert!(error.ends_with("as ifHead demands, so nothing was committed"), "{error}");

    let undone = ended(&server, &post(&server, "/repos/r/revert.json?commit=HEAD&message=Sorry"));
    assert_eq!(undone["status"], "FINISHED", "{undone}");
    assert_eq!(undone["result"]["commit"]["message"], "Sorry");
    let wrong = &committed["result"]["commit"]["id"];
    assert_eq!(undone["description"], format!("Undoing commit {}.", wrong.as_str().unwrap()));
    assert_eq!(undone["result"]["layer"][0]["added"], 3);
    assert_eq!(
        git(&server.data("repos/r.git"), &["rev-parse", "master^{tree}"]),
        git(&server.data("repos/r.git"), &["rev-parse", &format!("{first}^{{tree}}")])
    );
    let log = server.get("/repos/r/log.json?countChanges=true").json();
    let counts: Vec<_> =
        log["response"]["commit"].as_array().unwrap().iter().map(|commit| &commit["adds"]).collect();
    assert_eq!(counts, [3, 0, 4]);
    assert_eq!(git(&server.data("repos/r.git"), &["fsck", "--strict"]), "");
    server.stop();
}

#[test]
fn the_upload_of_a_dry_run_lives_as_long_as_its_task() {
    let server = server();
    let shown = server.ended(server.import("r", file(&["a"]).text("dryRun", "true")));
    assert_eq!(shown["result"]["head"], "0".repeat(40));
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
    let id = &shown["id"];
    let kept = server.get(&format!("/tasks/{id}/download.json"));
    assert_eq!((kept.status, kept.error().as_str()), (404, "Task result is not a file"));
    for target in ["/repos/r/import.json?format=gpkg&upload=99", "/repos/r/import.json?format=gpkg&upload=x"]
    {
        assert_eq!(post(&server, target).status, 400, "{target}");
    }
    server.init("other");
    let elsewhere = post(&server, &format!("/repos/other/import.json?format=gpkg&upload={id}"));
    assert!(elsewhere.error().contains("is no dry run of yours on this repository"), "{}", elsewhere.text());
    let both = server.send(
        Request::new("POST", &format!("/repos/r/import.json?format=gpkg&upload={id}")).form(file(&["a"])),
    );
    assert_eq!(both.status, 400);
    let bad_head = post(&server, &format!("/repos/r/import.json?format=gpkg&upload={id}&ifHead=HEAD"));
    assert_eq!(bad_head.error(), "ifHead must be the id of a commit, 40 hexadecimal digits.");
    server.get(&format!("/tasks/{id}.json?prune=true"));
    let gone = post(&server, &format!("/repos/r/import.json?format=gpkg&upload={id}"));
    assert!(gone.error().contains("is not kept any more"), "{}", gone.text());
    server.stop();
}

#[test]
fn only_harmless_settings_can_be_changed() {
    let server = server();
    let set = |name: &str, value: &str| {
        let response = post(&server, &format!("/repos/r/config.json?name={name}&value={value}"));
        (response.status, response.json()["response"]["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(set("LONGHAUL.maxdeletes", "5%25"), (200, String::new()));
    assert_eq!(set("longhaul.sameCrs", "true"), (200, String::new()));
    assert_eq!(set("user.name", "Jo%20%22%23%3B"), (200, String::new()));
    assert_eq!(set("longhaul.sameSchema", "maybe").0, 400);
    assert_eq!(set("longhaul.maxDeletes", "101%25").0, 400);
    assert_eq!(set("user.email", "a%0A%5Bcore%5D").0, 400);
    for name in [
        "core.hooksPath",
        "core.bare",
        "longhaul.id",
        "longhaul.other",
        "core.sshCommand",
        "include.path",
        "user.name%0Ax",
    ] {
        let (status, error) = set(name, "x");
        assert_eq!(status, 403, "{name}");
        assert!(
            error.starts_with("Only these settings can be changed: user.name, user.email, longhaul."),
            "{error}"
        );
    }
    let one = server.get("/repos/r/config.json?name=longhaul.maxDeletes").json();
    assert_eq!(one["response"], json!({"success": true, "value": "5%"}));
    assert_eq!(
        server.get("/repos/r/config.json?name=core.bare").json()["response"],
        json!({"success": true})
    );
    let all = server.get("/repos/r/config.json").json();
    let pair = |name: &str, value: &str| json!({"name": name, "value": value});
    let expected =
        [pair("user.name", "Jo \"#;"), pair("longhaul.maxDeletes", "5%"), pair("longhaul.sameCrs", "true")];
    assert_eq!(all["response"], json!({"success": true, "config": expected}));
    assert_eq!(git(&server.data("repos/r.git"), &["config", "user.name"]), "Jo \"#;");

    server.import_to_the_end("r", file(&["a", "b"]));
    let held = server.ended(server.import("r", file(&["a"])));
    assert_eq!(held["status"], "FAILED");
    assert_eq!(set("longhaul.maxDeletes", ""), (200, String::new()));
    server.import_to_the_end("r", file(&["a"]));
    assert_eq!(post(&server, "/repos/r/config.json?value=x").status, 500);
    server.stop();
}

#[test]
fn wrong_parameters_of_guards_and_reverts_are_refused() {
    let server = server();
    for (query, complaint) in [
        ("maxDeletes=-1", "maxDeletes must be a number of features, or a percentage such as 10%."),
        ("sameSchema=1", "sameSchema must be true or false."),
        ("dryRun=1", "dryRun must be true or false."),
        ("ifUnchanged=no", "ifUnchanged must be fail or finish."),
        ("ifHead=abc", "ifHead must be the id of a commit, 40 hexadecimal digits."),
    ] {
        let target = format!("/repos/r/import.json?format=gpkg&{query}");
        let answer = server.send(Request::new("POST", &target).form(file(&["a"])));
        assert_eq!((answer.status, answer.error().as_str()), (400, complaint));
    }
    for query in ["", "commit=a&downTo=b"] {
        let answer = post(&server, &format!("/repos/r/revert.json?{query}"));
        let complaint = "Name the commit to undo with commit, or the commit to go back to with downTo.";
        assert_eq!((answer.status, answer.error().as_str()), (400, complaint));
    }
    let nothing = ended(&server, &post(&server, "/repos/r/revert.json?commit=HEAD"));
    assert_eq!(nothing["error"]["message"], "the branch has no commits");
    let unchanged = file(&["a"]).text("ifUnchanged", "finish");
    server.import_to_the_end("r", unchanged.clone());
    assert_eq!(server.import_to_the_end("r", unchanged)["result"], json!({"unchanged": true}));
    server.stop();
}
