//! Forms work without a script, and only from our own pages.

use crate::{
    csrf_in,
    harness::{Form, Request, Server, geopackage},
    navigation, open, page, submit, with_layer,
};

/// The page that a form has led to.
fn location(response: &crate::harness::Response) -> String {
    assert_eq!(response.status, 303, "{}", response.text());
    response.header("location").unwrap().to_owned()
}

fn id(location: &str) -> u64 {
    let id = location.strip_prefix("/tasks/").unwrap().split('?').next().unwrap();
    id.parse().unwrap()
}

#[test]
fn a_file_becomes_a_commit_by_forms_alone() {
    let server = Server::start();
    let csrf = csrf_in(&page(&server, "/"));
    let made = submit(&server, "/-/repositories", &[("csrf", &csrf), ("name", "city")]);
    assert_eq!(location(&made), "/repos/city");
    assert!(page(&server, "/repos/city").contains("There are no layers yet."));

    let file = geopackage::points("p", &["a", "b"]);
    let form = Form::default()
        .text("csrf", &csrf)
        .text("repository", "city")
        .text("message", "Spring & more")
        .text("kind", "gpkg")
        .text("add", "")
        .file("fileUpload", "p.gpkg", &file)
        .text("dryRun", "true");
    let dry_run = location(&server.send(navigation("POST", "/-/import").form(form)));
    assert_eq!(dry_run, "/tasks/1?message=Spring+%26+more");
    server.ended(1);
    let shown = page(&server, &dry_run);
    assert!(shown.contains("What would change") && shown.contains("value=\"Spring &#38; more\""), "{shown}");

    let head = "0".repeat(40);
    let fields = [
        ("csrf", csrf.as_str()),
        ("repository", "city"),
        ("upload", "1"),
        ("ifHead", &head),
        ("message", "Spring & more"),
    ];
    let commit = location(&submit(&server, "/-/commit-upload", &fields));
    assert_eq!(server.ended(id(&commit))["status"], "FINISHED");
    let history = page(&server, "/repos/city");
    assert!(history.contains("Spring &#38; more"), "{history}");

    let revert = submit(&server, "/-/revert", &[("csrf", &csrf), ("repository", "city"), ("commit", "HEAD")]);
    assert_eq!(server.ended(id(&location(&revert)))["status"], "FINISHED");
    let setting =
        [("csrf", csrf.as_str()), ("repository", "city"), ("name", "longhaul.maxDeletes"), ("value", "5%")];
    assert_eq!(location(&submit(&server, "/-/settings", &setting)), "/repos/city#settings");
    assert_eq!(
        server.get("/repos/city/config.json?name=longhaul.maxDeletes").json()["response"]["value"],
        "5%"
    );

    let removed =
        submit(&server, "/-/remove-tasks", &[("csrf", &csrf), ("status", "FINISHED"), ("kind", "revert")]);
    assert_eq!(location(&removed), "/tasks?status=FINISHED&kind=revert");
    assert_eq!(server.get("/tasks.json").json()["tasks"].as_array().unwrap().len(), 2);
    server.stop();
}

#[test]
fn the_dry_run_of_an_osm_file_is_committed_from_its_page() {
    let server = Server::start();
    let csrf = csrf_in(&page(&server, "/"));
    submit(&server, "/-/repositories", &[("csrf", &csrf), ("name", "island")]);
    let data = br#"<osm version="0.6"><node id="1" version="1" lat="1" lon="2"><tag k="place" v="town"/></node></osm>"#;
    let form = Form::default()
        .text("csrf", &csrf)
        .text("repository", "island")
        .text("kind", "osm")
        .file("fileUpload", "island.osm", data)
        .text("dryRun", "true");
    let dry_run = location(&server.send(navigation("POST", "/-/import").form(form)));
    assert_eq!(server.ended(id(&dry_run))["status"], "FINISHED");
    let shown = page(&server, &dry_run);
    assert!(
        shown.contains("Commit exactly this") && shown.contains("name=\"kind\" value=\"osm\""),
        "{shown}"
    );

    let (upload, head) = (id(&dry_run).to_string(), "0".repeat(40));
    let fields = [
        ("csrf", csrf.as_str()),
        ("repository", "island"),
        ("kind", "osm"),
        ("upload", &upload),
        ("ifHead", &head),
    ];
    let commit = location(&submit(&server, "/-/commit-upload", &fields));
    let task = server.ended(id(&commit));
    assert!(task["status"] == "FINISHED" && task["result"]["commit"]["id"].is_string(), "{task}");
    server.stop();
}

#[test]
fn a_script_is_told_where_the_form_leads_to() {
    let (server, csrf) = with_layer(&["a"]);
    let form = Form::default().text("csrf", &csrf).text("repository", "city").text("kind", "gpkg").file(
        "fileUpload",
        "p.gpkg",
        &geopackage::points("p", &["a", "b"]),
    );
    let request = Request::new("POST", "/-/import")
        .header("Accept", "application/json")
        .header("Sec-Fetch-Dest", "empty");
    assert_eq!(server.send(request.form(form)).json()["location"], "/tasks/2");
    server.ended(2);
    let form = Form::default().text("csrf", &csrf).text("repository", "none").text("kind", "gpkg");
    let refused =
        server.send(Request::new("POST", "/-/import").header("Accept", "application/json").form(form));
    assert_eq!((refused.status, refused.error().as_str()), (404, "Repository not found."));
    server.stop();
}

#[test]
fn a_form_that_does_not_repeat_the_token_of_its_page_is_refused() {
    let (server, csrf) = with_layer(&["a"]);
    let file = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &["a"]));
    for form in [
        file.clone(),
        Form::default().text("csrf", "wrong").text("repository", "city").text("kind", "gpkg"),
        // The token after the file is not looked for.
        file.text("csrf", &csrf),
    ] {
        let refused = server.send(navigation("POST", "/-/import").form(form));
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("The form is out of date"), "{}", refused.text());
    }
    for action in [
        "/-/repositories",
        "/-/revert",
        "/-/settings",
        "/-/cancel-task",
        "/-/remove-task",
        "/-/cancel-tasks",
        "/-/remove-tasks",
        "/-/commit-upload",
        "/-/sign-out",
    ] {
        for fields in [&[("id", "1")][..], &[("id", "1"), ("csrf", "")], &[("id", "1"), ("csrf", "wrong")]] {
            assert_eq!(submit(&server, action, fields).status, 403, "{action}");
        }
        let from_elsewhere = navigation("POST", action).header("Origin", "http://evil.example");
        let body = format!("csrf={csrf}&id=1");
        let refused = server.send(from_elsewhere.body("application/x-www-form-urlencoded", body));
        assert_eq!(refused.status, 403, "{action}");
        assert_eq!(open(&server, action).status, 405, "{action}");
    }
    assert_eq!(server.get("/tasks/1.json").status, 200);
    server.stop();
}
