//! Imports of files: uploaded, or under an import root.

use std::os::unix::fs::symlink;

use crate::{
    NODES, SHOPS, encoded, error_message,
    harness::{Form, Request, git, names_in},
    id,
    mock_server::{MockServer, Reply, data, osm},
    server, server_without_overpass,
};

/// An import root with files, next to a folder that is not one.
fn library() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("deep")).unwrap();
    std::fs::write(root.join("deep/a.osm"), osm(NODES)).unwrap();
    std::fs::write(root.join("shops.json"), SHOPS).unwrap();
    std::fs::write(root.join("area.ql"), "node(1);out meta;").unwrap();
    std::fs::write(folder.path().join("secret.osm"), osm(NODES)).unwrap();
    symlink("../secret.osm", root.join("leak.osm")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(root.join("pipe.osm")).status().unwrap();
    assert!(pipe.success());
    folder
}

#[test]
fn a_file_under_an_import_root_is_imported() {
    let folder = library();
    let root = folder.path().join("root").to_str().unwrap().to_owned();
    let server = server_without_overpass(&["--import-root", &root]);
    let uri = format!("{root}/deep/a.osm");
    let answer = server.get(&format!("/repos/r/osm/import.json?uri={uri}&message=Files&mapping=shops.json"));
    let task = server.ended(id(&answer));
    assert_eq!(task["status"], "FINISHED", "{task}");
    let base = format!("http://{}/repos/r", server.address);
    assert_eq!(task["description"], format!("osm import {uri}, repository: {base}"));
    assert_eq!(task["result"]["OSMReport"]["nodeCount"], 1);
    let repository = server.data("repos/r.git");
    assert_eq!(git(&repository, &["log", "--format=%s"]), "Files");
    assert_eq!(
        git(&repository, &["ls-tree", "--name-only", "master"]),
        ".kart.repostructure.version\nnode\nshops\nway"
    );

    let mapped = server.get(&format!(
        "/repos/r/osm/import.json?uri=deep/a.osm&noRaw=true&root=mapped&mapping={}",
        encoded(SHOPS).replace("shops", "x")
    ));
    assert_eq!(
        server.ended(id(&mapped))["error"]["message"]
            .as_str()
            .map(|text| text.starts_with("Nothing to commit after")),
        Some(true)
    );
    let missing = server.ended(id(&server.get("/repos/r/osm/import.json?uri=none.osm")));
    assert_eq!(missing["error"]["message"], "File does not exist: none.osm");
    server.stop();
}

#[test]
fn files_outside_the_import_roots_are_not_read() {
    let folder = library();
    let (root, secret) = (folder.path().join("root"), folder.path().join("secret.osm"));
    let (root, secret) = (root.to_str().unwrap(), secret.to_str().unwrap());
    let server = server_without_overpass(&["--import-root", root]);
    let outside = "is not below a folder that this server imports from; --import-root names such folders";
    for uri in [
        secret,
        "/etc/passwd",
        "../secret.osm",
        "deep/../../secret.osm",
        "leak.osm",
        "http://example.org/a.osm",
    ] {
        let refused = server.get(&format!("/repos/r/osm/import.json?uri={uri}"));
        assert_eq!((refused.status, refused.error()), (403, format!("'{uri}' {outside}")));
        for name in ["filterPath", "filter", "mappingPath", "mapping"] {
            let area = if name.starts_with('m') { "&bbox=1,2,3,4" } else { "" };
            let refused = server.get(&format!("/repos/r/osm/download.json?{name}={uri}{area}"));
            assert_eq!((refused.status, refused.error()), (403, format!("'{uri}' {outside}")), "{name}");
        }
    }
    for uri in ["pipe.osm", "deep"] {
        let refused = server.get(&format!("/repos/r/osm/import.json?uri={uri}"));
        assert_eq!((refused.status, refused.error()), (403, format!("'{uri}' is no regular file")));
    }
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    server.stop();
    let without = server_without_overpass(&[]);
    let refused = without.get(&format!("/repos/r/osm/import.json?uri={root}/deep/a.osm"));
    assert_eq!(refused.status, 403);
    without.stop();
}

#[test]
fn filters_and_mappings_are_read_from_an_import_root() {
    let folder = library();
    let root = folder.path().join("root").to_str().unwrap().to_owned();
    let overpass = MockServer::start(
        (0..2).map(|number| Reply::Send(data(&NODES.replace("17", &format!("1{number}"))))),
    );
    let server = server(&overpass, &["--import-root", &root]);
    for query in [
        format!("filterPath={root}/area.ql&mappingPath=shops.json"),
        format!("filter={root}/area.ql&mapping=shops.json"),
    ] {
        let task = server.ended(id(&server.get(&format!("/repos/r/osm/download.json?{query}"))));
        assert_eq!(task["status"], "FINISHED", "{task}");
        let description = format!("osm download filter: {root}/area.ql, bbox: null, mapping: shops.json");
        assert_eq!(task["description"], description);
        assert_eq!(overpass.requests().pop().unwrap().body, "data=node%281%29%3Bout+meta%3B");
    }
    let get = |query: &str| server.get(&format!("/repos/r/osm/download.json?{query}"));
    assert_eq!(error_message(&get("filterPath=none.ql")), "The specified filter file does not exist");
    assert_eq!(error_message(&get("filter=none.ql")), "The specified filter file does not exist");
    assert_eq!(
        error_message(&get("bbox=1,2,3,4&mappingPath=none.json")),
        "The specified mapping file does not exist"
    );
    server.stop();
}

#[test]
fn an_uploaded_file_is_imported() {
    let server = server_without_overpass(&[]);
    let form = Form::default().file("fileUpload", "town.osm", &osm(NODES)).text("message", "A town");
    let answer = server.send(Request::new("POST", "/repos/r/osm/import.json").form(form));
    let task = server.ended(id(&answer));
    assert_eq!(task["status"], "FINISHED", "{task}");
    assert!(task["description"].as_str().unwrap().starts_with("osm import town.osm, repository: http://"));
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
    let raw = Request::new("POST", "/repos/r/osm/import.json?add=true")
        .body("application/octet-stream", osm(&NODES.replace("id=\"1\"", "id=\"2\"")));
    let task = server.ended(id(&server.send(raw)));
    assert_eq!(task["status"], "FINISHED", "{task}");
    let features = git(
        &server.data("repos/r.git"),
        &["ls-tree", "-r", "--name-only", "master", "node/.table-dataset/feature"],
    );
    assert_eq!(features.lines().count(), 2, "added, not replaced");
    server.stop();
}

#[test]
fn a_rule_inside_a_layer_of_the_repository_is_refused() {
    let server = server_without_overpass(&[]);
    let import = |mapping: &str| {
        let form = Form::default().file("fileUpload", "town.osm", &osm(NODES)).text("mapping", mapping);
        server.send(Request::new("POST", "/repos/r/osm/import.json").form(form))
    };
    let task = server.ended(id(&import(SHOPS)));
    assert_eq!(task["status"], "FINISHED", "{task}");
    let text = error_message(&import(&SHOPS.replace("\"shops\"", "\"Shops/open\"")));
    assert_eq!(
        text,
        "Error parsing mapping definition: rule 'Shops/open': its layer would be inside the layer 'shops'"
    );
    server.stop();
}

#[test]
fn an_invalid_import_is_refused() {
    let server = server_without_overpass(&[]);
    assert_eq!(error_message(&server.get("/repos/r/osm/import.json")), "Missing parameter: uri");
    let form = || Form::default().file("fileUpload", "a.osm", &osm(NODES));
    let post = |form: Form| server.send(Request::new("POST", "/repos/r/osm/import.json").form(form));
    assert_eq!(
        error_message(&post(form().text("noRaw", "true"))),
        "noRaw without a mapping leaves nothing to import"
    );
    let unknown =
        r#"{"rules": [{"name": "a:b", "filter": {}, "fields": {"g": {"name": "g", "type": "POINT"}}}]}"#;
    let text = error_message(&post(form().text("mapping", unknown)));
    assert!(text.starts_with("Error parsing mapping definition: a layer cannot be kept as 'a:b'"), "{text}");
    let rule = |name: &str| {
        format!(
            r#"{{"name": "{name}", "filter": {{}}, "fields": {{"g": {{"name": "g", "type": "POINT"}}}}}}"#
        )
    };
    for (rules, expected) in [
        ([rule("a"), rule("a/b")].join(","), "rule 'a/b': its layer would be inside the layer 'a'"),
        (rule("node/x"), "rule 'node/x': its layer would be inside the layer 'node'"),
    ] {
        let text = error_message(&post(form().text("mapping", &format!(r#"{{"rules": [{rules}]}}"#))));
        assert_eq!(text, format!("Error parsing mapping definition: {expected}"));
    }
    let long = post(form().file("mapping", "long.json", &vec![b' '; 1_100_000]));
    assert_eq!(
        (long.status, long.error().as_str()),
        (400, "The documents in the form are longer than 1048576 bytes.")
    );
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
    server.stop();
}

#[test]
fn a_dry_run_keeps_its_upload_for_the_import_that_commits_it() {
    let server = server_without_overpass(&[]);
    let file = || Form::default().file("fileUpload", "town.osm", &osm(NODES));
    let post = |target: &str| server.send(Request::new("POST", target));
    let dry = Request::new("POST", "/repos/r/osm/import.json?dryRun=true").form(file());
    let shown = server.ended(id(&server.send(dry)));
    assert_eq!((shown["status"].as_str(), &shown["result"]["dryRun"]), (Some("FINISHED"), &true.into()));
    let upload = format!("upload={}&ifHead={}", shown["id"], "0".repeat(40));
    assert_eq!(server.get(&format!("/tasks/{}/download", shown["id"])).status, 404);

    let as_geopackage = post(&format!("/repos/r/import.json?format=gpkg&{upload}"));
    assert!(as_geopackage.error().contains("is no dry run of yours"), "{}", as_geopackage.text());
    let both = Request::new("POST", &format!("/repos/r/osm/import.json?{upload}")).form(file());
    assert_eq!(server.send(both).status, 400);
    let other = server.ended(id(&post(&format!(
        "/repos/r/osm/import.json?{upload}&untagged=false&noRaw=false&mapping={}",
        encoded(SHOPS)
    ))));
    let error = other["error"]["message"].as_str().unwrap();
    assert!(error.starts_with("the import makes something else of the file than the dry run did"), "{error}");

    let committed = server.ended(id(&post(&format!("/repos/r/osm/import.json?{upload}"))));
    assert_eq!(committed["status"], "FINISHED", "{committed}");
    assert_eq!(committed["result"]["commit"]["tree"], shown["result"]["tree"]);
    assert!(committed["description"].as_str().unwrap().starts_with("osm import town.osm,"), "{committed}");
    let late = server.ended(id(&post(&format!("/repos/r/osm/import.json?{upload}"))));
    assert!(late["error"]["message"].as_str().unwrap().contains("as ifHead demands"), "{late}");
    server.stop();
}
