//! Downloads from an Overpass server.

use crate::{
    NODES, SHOPS, USAGE, encoded, error_message,
    harness::{self, Form, Request, git},
    id,
    mock_server::{MockServer, Reply, data},
    server, server_without_overpass,
};

#[test]
fn a_downloaded_area_becomes_a_commit() {
    let overpass = MockServer::start([Reply::Stall(Vec::new()), Reply::Send(data(NODES))]);
    let server = server(&overpass, &[]);
    let answer = server.get("/repos/r/osm/download?bbox=-32.9621,-60.6309,-32.9541,-60.6154");
    let description = "osm download filter: null, bbox: -32.9621,-60.6309,-32.9541,-60.6154";
    assert!(
        answer.text().contains(&format!("<description>{description}</description>")),
        "{}",
        answer.text()
    );
    let asked = overpass.next_query();
    assert_eq!(asked.header("user-agent"), "longhaul-tests/1.0");
    let area = "-32.9621%2C-60.6309%2C-32.9541%2C-60.6154";
    assert_eq!(
        asked.body,
        format!(
            "data=%28node%28{area}%29%3B%0Away%28{area}%29%3B%29%3B%0A%28._%3B%3E%3B%29%3B%0Aout+meta%3B"
        )
    );
    let running = server.get("/tasks/1.json").json()["task"].clone();
    assert_eq!(running["progress"]["task"], format!("Connecting to {}...", overpass.url()));
    assert_eq!(running["progress"]["amount"], 0.0);
    server.get("/tasks/1?cancel=true");
    assert_eq!(server.ended(1)["status"], "CANCELLED");

    let again = server.send(Request::new("POST", "/repos/r/osm/download.json").body(
        "application/x-www-form-urlencoded",
        "bbox=1,2,3,4&message=Spring&authorName=Jo&authorEmail=jo@x.org",
    ));
    let task = server.ended(id(&again));
    assert_eq!(task["status"], "FINISHED", "{task}");
    let report = &task["result"]["OSMReport"];
    let known = r#"{"latestChangeset":17,"latestTimestamp":1458289237000,"nodeCount":1,"processedEntities":1,"unpprocessedCount":0,"wayCount":0}"#;
    let numbers: Vec<_> = serde_json::from_str::<serde_json::Map<_, _>>(known).unwrap().into_iter().collect();
    for (name, number) in numbers {
        assert_eq!(report[&name], number, "{name}");
    }
    let repository = server.data("repos/r.git");
    let written = git(&repository, &["log", "--format=%an <%ae> %s"]);
    assert_eq!(written, "Jo <jo@x.org> Spring");
    let xml = server.get("/tasks/2.xml").text();
    assert!(
        xml.contains("<result><OSMReport><latestChangeset>17</latestChangeset><latestTimestamp>"),
        "{xml}"
    );
    server.stop();
}

#[test]
fn an_invalid_download_is_refused_with_the_messages_of_geogig() {
    let server = server_without_overpass(&[]);
    let either = "You must specify a filter file or a bounding box";
    for (query, words) in [
        ("", either),
        ("bbox=1,2,3,4&filter=node(1);out%20meta;", either),
        ("update=false&rebase=true", either),
        ("update=true&bbox=1,2,3,4", "Filters cannot be used when updating"),
        ("update=True&filter=x", "Filters cannot be used when updating"),
        ("rebase=true&bbox=1,2,3", "rebase switch can only be used when updating"),
        ("bbox=1,2,3", "Invalid bbox format: 1,2,3. Expected S,W,N,E"),
        ("bbox=1,2,3,x&mapping=none.json", "Invalid ordinate: x"),
        ("bbox=3,2,1,4", "South ordinate must be less than or equal to North ordinate"),
        ("bbox=1,4,3,2", "East ordinate must be less than or equal to West ordinate"),
        (
            "filter=[out:json];node(1);out;",
            "The filter asks for [out:json], and only XML can be read: leave that setting out",
        ),
        (
            "bbox=1,2,3,4&mapping={\"rules\":[]}",
            "Error parsing mapping definition: the mapping: it must have between 1 and 1000 rules",
        ),
    ] {
        let query = query.replace(' ', "%20").replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        assert_eq!(
            error_message(&server.get(&format!("/repos/r/osm/download.json?{query}"))),
            words,
            "{query}"
        );
    }
    let whole = server.get("/repos/r/osm/download").text();
    assert_eq!(
        whole,
        format!(
            "{either}{USAGE}download?[filter=FILTER|bbox=S,W,N,E|update=true][&mapping=MAPPING][&message=MESSAGE]\
             [&rebase=true][&untagged=false]"
        )
    );
    let flag = server.get("/repos/r/osm/download.json?update=1");
    assert_eq!((flag.status, flag.error().as_str()), (400, "update must be true or false."));
    let transaction = server.get("/repos/r/osm/download.json?bbox=1,2,3,4&transactionId=x");
    assert_eq!(transaction.error(), "A transaction with the provided ID could not be found.");
    let none = server.get("/repos/none/osm/download.json?bbox=1,2,3,4");
    assert_eq!((none.status, none.error().as_str()), (404, "Repository not found."));
    let method = server.send(Request::new("PUT", "/repos/r/osm/download"));
    assert_eq!((method.status, method.header("allow")), (405, Some("GET, POST, OPTIONS")));
    let page =
        Request::new("GET", "/repos/r/osm/download?bbox=1,2,3,4").header("Sec-Fetch-Site", "cross-site");
    assert_eq!(server.send(page).status, 403);
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    server.stop();
}

#[test]
fn filters_and_mappings_are_taken_from_parameters_forms_and_bodies() {
    let overpass = MockServer::start(
        (0..5).map(|number| Reply::Send(data(&NODES.replace("17", &format!("1{number}"))))),
    );
    let server = server(&overpass, &[]);
    let filter = "[timeout:90];\nnode(1);\nout meta;";
    let send = |request: Request| {
        let task = server.ended(id(&server.send(request)));
        assert_eq!(task["status"], "FINISHED", "{task}");
        let asked = overpass.requests().pop().unwrap().body;
        (task["description"].as_str().unwrap().to_owned(), asked)
    };
    let form = |form: Form| Request::new("POST", "/repos/r/osm/download.json").form(form);
    let sent = "data=%5Btimeout%3A90%5D%3B%0Anode%281%29%3B%0Aout+meta%3B".to_owned();

    let inline = format!("/repos/r/osm/download.json?filter={}&mapping={}", encoded(filter), encoded(SHOPS));
    let (description, asked) = send(Request::new("GET", &inline));
    assert_eq!(description, format!("osm download filter: {filter}, bbox: null, mapping: {SHOPS}"));
    assert_eq!(asked, sent);
    assert_eq!(
        git(
            &server.data("repos/r.git"),
            &["ls-tree", "-r", "--name-only", "master", "shops/.table-dataset/feature"]
        )
        .lines()
        .count(),
        1
    );

    let files = Form::default().file("filter", "areas/a.ql", filter.as_bytes()).file(
        "mapping",
        "shops.json",
        SHOPS.as_bytes(),
    );
    let (description, asked) = send(form(files));
    assert_eq!(description, "osm download filter: a.ql, bbox: null, mapping: shops.json");
    assert_eq!(asked, sent);

    // Longer than what texts may be.
    let padded = format!("{SHOPS}{}", " ".repeat(100_000));
    let (description, _) = send(form(Form::default().text("bbox", "1,2,3,4").text("mapping", &padded)));
    assert!(description.starts_with("osm download filter: null, bbox: 1,2,3,4, mapping: {\"rules\""));

    let json = format!(r#"{{"filter": "node(1);out meta;", "mapping": {SHOPS}}}"#);
    let (description, _) =
        send(Request::new("POST", "/repos/r/osm/download.json").body("application/json", json));
    assert_eq!(description, format!("osm download filter: node(1);out meta;, bbox: null, mapping: {SHOPS}"));

    let (description, _) =
        send(Request::new("POST", "/repos/r/osm/download.json?bbox=1,2,3,4").body("application/json", SHOPS));
    assert!(description.contains(r#", mapping: {"rules": [{"name": "shops""#), "{description}");
    server.stop();
}

#[test]
fn downloaded_data_can_be_updated() {
    let more = NODES.replace("id=\"1\"", "id=\"2\"");
    let overpass =
        MockServer::start([Reply::Send(data(NODES)), Reply::Send(data(&more)), Reply::Send(data(&more))]);
    let server = server(&overpass, &[]);
    let run = |query: &str| server.ended(id(&server.get(&format!("/repos/r/osm/download.json?{query}"))));
    assert_eq!(run("update=true")["error"]["message"], "Repository has no HEAD, can't update.");
    assert_eq!(run("bbox=1,2,3,4")["status"], "FINISHED");
    let updated = run("update=true&rebase=true");
    assert_eq!(updated["status"], "FINISHED", "{updated}");
    assert_eq!(updated["description"], "osm download filter: null, bbox: null, update: true, rebase: true");
    let features = git(
        &server.data("repos/r.git"),
        &["ls-tree", "-r", "--name-only", "master", "node/.table-dataset/feature"],
    );
    assert_eq!(features, "node/.table-dataset/feature/A/A/A/A/kQI=", "deleted upstream is deleted here");
    let head = git(&server.data("repos/r.git"), &["rev-parse", "master"]);
    assert_eq!(run("update=true")["error"]["message"], format!("Nothing to commit after {head}"));
    server.stop();
}

#[test]
fn an_empty_area_and_an_unreachable_server_are_reported() {
    let overpass = MockServer::start([Reply::Send(data(""))]);
    let server = server(&overpass, &[]);
    let run = || server.ended(id(&server.get("/repos/r/osm/download.json?bbox=1,2,3,4")));
    assert_eq!(
        run()["error"]["message"],
        "The specified filter did not return any element.\nNo changes were made to the repository.\nTo check the \
         downloaded elements, use the --saveto and --keep-files options and verify the intermediate file."
    );
    let failed = run();
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("Did you try to use a standard OSM server instead?"), "{failed}");
    assert_eq!(git(&server.data("repos/r.git"), &["branch", "--all"]), "");
    server.stop();
}

#[test]
fn a_repository_is_not_deleted_during_a_download() {
    let nodes: String = (1..40_000).map(|id| NODES.replace("id=\"1\"", &format!("id=\"{id}\""))).collect();
    let whole = data(&nodes);
    let (act, go_on) = Reply::pause(&whole[..whole.len() / 2], &whole[whole.len() / 2..]);
    let overpass = MockServer::start([act]);
    let server = server(&overpass, &[]);
    let download = id(&server.get("/repos/r/osm/download.json?bbox=1,2,3,4"));
    let amount = |task: &serde_json::Value| task["progress"]["amount"].as_f64();
    while amount(&server.get(&format!("/tasks/{download}.json")).json()["task"])
        .is_none_or(|amount| amount == 0.0)
    {}
    let token = server.get("/repos/r/delete.json").json()["response"]["token"].as_str().unwrap().to_owned();
    let delete = || server.send(Request::new("DELETE", &format!("/repos/r.json?token={token}")));
    assert_eq!(delete().status, 503);
    go_on.send(()).unwrap();
    let task = server.ended(download);
    assert_eq!(task["status"], "FINISHED", "{task}");
    assert_eq!(delete().status, 200);
    server.stop();
}

#[test]
fn invalid_settings_are_an_error_at_the_start() {
    for (arguments, words) in [
        (["--overpass", "overpass-api.de"], "is no address of an Overpass server"),
        (["--user-agent", "a\u{7}b"], "cannot be sent as a User-Agent"),
        (["--import-root", "/nothing/here"], "--import-root /nothing/here"),
        (["--osm-node-memory", "much"], "is not a size"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = harness::server::longhaul();
        let output = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .args(arguments)
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}
