use serde_json::Value;

use crate::{
    harness::{Server, git, server::longhaul},
    program::{Done, Running, client_at, client_of, file, file_of_points, run},
};

fn import(server: &Server, path: &std::path::Path, more: &[&str]) -> Done {
    let mut arguments = vec!["import", path.to_str().unwrap()];
    arguments.extend(more);
    run(client_of(server, &arguments))
}

#[test]
fn an_import_ends_with_its_commit() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a", "b"]);
    let done = import(
        &server,
        &path,
        &["--repo", "city", "--create", "-m", "Survey\n\nof May", "--author-name", "Jo"],
    );
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.err.contains("Uploading roads.gpkg"), "{done:?}");
    let repository = server.data("repos/city.git");
    let commit = git(&repository, &["rev-parse", "master"]);
    assert!(done.out.starts_with(&format!("commit {commit}\nAuthor: Jo <>\nDate:   ")), "{done:?}");
    assert!(done.out.ends_with("\n\n    Survey\n\n    of May\n"), "{done:?}");
    server.stop();
}

#[test]
fn every_option_reaches_the_commit() {
    let server = Server::start();
    server.init("city");
    let (_folder, path) = file_of_points("roads", &["a", "b"]);
    let author = ["--author-name", "Jo", "--author-email", "jo@example.org"];
    let place =
        ["--layer", "roads", "--dest", "traffic/roads", "--fid-attribute", "fid", "--branch", "survey"];
    let done = import(
        &server,
        &path,
        &[&["--repo", "city", "--message", "One & two = three"], &author[..], &place].concat(),
    );
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.contains("\nBranch: survey\nAuthor: Jo <jo@example.org>\n"), "{done:?}");
    let repository = server.data("repos/city.git");
    let format = ["log", "-1", "--format=%an <%ae> %s", "survey"];
    assert_eq!(git(&repository, &format), "Jo <jo@example.org> One & two = three");
    assert_eq!(git(&repository, &["ls-tree", "-d", "--name-only", "survey:traffic"]), "roads");

    let (_folder, more) = file_of_points("roads", &["a", "b", "c"]);
    let done = import(&server, &more, &[&["--repo", "city", "--add", "--quiet"], &place[..]].concat());
    assert_eq!((done.status, done.out.as_str(), done.err.as_str()), (Some(0), "", ""));
    assert_eq!(git(&repository, &["rev-list", "--count", "survey"]), "2");
    server.stop();
}

#[test]
fn openstreetmap_data_is_recognized_by_its_file_name() {
    let server = Server::start();
    let node = "<osm version=\"0.6\"><node id=\"7\" lat=\"1\" lon=\"2\" version=\"1\"/></osm>";
    let (_folder, path) = file("Corner.OSM", node.as_bytes());
    let refused = import(&server, &path, &["--repo", "niue", "--create", "--layer", "node"]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("OpenStreetMap data becomes the layers 'node' and 'way'"), "{refused:?}");
    let done = import(&server, &path, &["--repo", "niue", "--create", "-m", "A corner"]);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.ends_with("\n\n    A corner\n"), "{done:?}");
    let repository = server.data("repos/niue.git");
    assert_eq!(
        git(&repository, &["ls-tree", "--name-only", "master"]),
        ".kart.repostructure.version\nnode\nway"
    );
    server.stop();
}

#[test]
fn a_mapping_is_uploaded_with_openstreetmap_data() {
    let server = Server::start();
    let node = "<osm version=\"0.6\"><node id=\"7\" lat=\"1\" lon=\"2\" version=\"1\"><tag k=\"shop\" v=\"yes\"/></node></osm>";
    let (_folder, path) = file("corner.osm", node.as_bytes());
    let rules = r#"{"rules": [{"name": "shops", "filter": {"shop": []}, "fields": {"at": {"name": "at", "type": "POINT"}}}]}"#;
    let (_rules, mapping) = file("shops.json", rules.as_bytes());
    let mapping = mapping.to_str().unwrap();
    let done = import(&server, &path, &["--repo", "niue", "--create", "--no-raw", "--mapping", mapping]);
    assert_eq!(done.status, Some(0), "{done:?}");
    let repository = server.data("repos/niue.git");
    let layers = git(&repository, &["ls-tree", "--name-only", "master"]);
    assert_eq!(layers, ".kart.repostructure.version\nshops");

    let (_folder, roads) = file_of_points("roads", &["a"]);
    let refused = import(&server, &roads, &["--repo", "niue", "--mapping", mapping]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("--mapping is for OpenStreetMap data"), "{refused:?}");
    let missing = import(&server, &path, &["--repo", "niue", "--mapping", "nowhere.json"]);
    assert!(missing.err.contains("cannot read the mapping nowhere.json"), "{missing:?}");
    server.stop();
}

#[test]
fn with_json_only_the_final_document_is_printed() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a"]);
    let done = import(&server, &path, &["--repo", "city", "--create", "--json"]);
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""));
    let task = &done.json()["task"];
    assert_eq!(task["status"], "FINISHED");
    let commit = git(&server.data("repos/city.git"), &["rev-parse", "master"]);
    assert_eq!(task["result"]["commit"]["id"], Value::from(commit));
    server.stop();
}

#[test]
fn warnings_are_printed_whether_the_import_succeeds_or_fails() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a"]);
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(
        "CREATE VIEW streets AS SELECT * FROM roads;
         INSERT INTO gpkg_contents (table_name, data_type) VALUES ('streets', 'features');",
    )
    .unwrap();
    drop(file);
    let warning = "Warning: \"streets\" is a view, which is not run, and was left out\n";
    let done = import(&server, &path, &["--repo", "city", "--create"]);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.err.contains(warning), "{done:?}");
    let again = import(&server, &path, &["--repo", "city"]);
    assert_eq!(again.status, Some(0), "{again:?}");
    assert!(again.err.contains(warning) && again.err.contains("Nothing to commit after"), "{again:?}");
    server.stop();
}

#[test]
fn edits_that_are_not_in_the_file_yet_stop_the_import() {
    let server = Server::start();
    let (folder, path) = file_of_points("roads", &["a"]);
    let into_city = |more: &[&str]| import(&server, &path, &[&["--repo", "city", "--create"], more].concat());
    for (suffix, said) in [
        ("-wal", "holds edits that are not in the GeoPackage yet"),
        ("-journal", "a program is writing to the GeoPackage"),
    ] {
        let beside = folder.path().join(format!("roads.gpkg{suffix}"));
        std::fs::write(&beside, "edits").unwrap();
        let stopped = into_city(&[]);
        assert_eq!(stopped.status, Some(1), "{stopped:?}");
        assert!(stopped.err.contains(said) && stopped.err.contains("--ignore-wal"), "{stopped:?}");
        std::fs::write(&beside, "").unwrap();
        let without_edits = into_city(&["--branch", suffix.trim_start_matches('-')]);
        assert_eq!(without_edits.status, Some(0), "{without_edits:?}");
        std::fs::write(&beside, "edits").unwrap();
        let ignoring = into_city(&["--ignore-wal", "--branch", &format!("ignoring{suffix}")]);
        assert_eq!(ignoring.status, Some(0), "{ignoring:?}");
        std::fs::remove_file(&beside).unwrap();
    }
    server.stop();
}

#[test]
fn layers_can_be_named_and_excepted_several_times() {
    let server = Server::start();
    let bytes = crate::harness::geopackage::with(
        &crate::harness::geopackage::points("a", &["x"]),
        "CREATE TABLE b(fid INTEGER PRIMARY KEY); CREATE TABLE c(fid INTEGER PRIMARY KEY);",
    );
    let (_folder, path) = file("f.gpkg", &bytes);
    let layers =
        |branch: &str| git(&server.data("repos/city.git"), &["ls-tree", "-d", "--name-only", branch]);
    let named =
        ["--repo", "city", "--create", "--branch", "one", "--layer", "a", "--layer", "c", "--lenient"];
    let done = import(&server, &path, &named);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(layers("one"), "a\nc");
    let done =
        import(&server, &path, &["--repo", "city", "--branch", "two", "--except", "a", "--except", "c"]);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(layers("two"), "b");
    server.stop();
}

#[test]
fn an_unusual_file_name_is_kept() {
    let server = Server::start();
    let name = "Straße \"7\"; a=b.gpkg";
    let (_folder, path) = file(name, &crate::harness::geopackage::points("roads", &["a"]));
    let done = import(&server, &path, &["--repo", "city", "--create"]);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.contains(name), "the message names the file: {done:?}");
    server.stop();
}

#[test]
fn a_file_that_is_not_a_geopackage_fails_with_the_error_of_the_server() {
    let server = Server::start();
    let (_folder, path) = file("roads.gpkg", b"these are no roads");
    let done = import(&server, &path, &["--repo", "city", "--create"]);
    assert_eq!((done.status, done.out.as_str()), (Some(1), ""), "{done:?}");
    let message = server.get("/tasks/1.json").json()["task"]["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("roads.gpkg"), "{message}");
    assert!(done.err.contains(&format!("Task 1: FAILED\n  {message}\n")), "{done:?}");

    let done = import(&server, &path, &["--repo", "city", "--json"]);
    assert_eq!(done.status, Some(1));
    assert_eq!(done.json()["task"]["status"], "FAILED");
    server.stop();
}

#[test]
fn importing_the_same_file_again_has_nothing_to_commit() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a"]);
    assert_eq!(import(&server, &path, &["--repo", "city", "--create"]).status, Some(0));
    let commit = git(&server.data("repos/city.git"), &["rev-parse", "master"]);
    let done = import(&server, &path, &["--repo", "city", "--create", "--quiet"]);
    let message = format!("Task 2: FAILED\n  Nothing to commit after {commit}\n");
    assert_eq!((done.status, done.out.as_str(), done.err.as_str()), (Some(0), "", message.as_str()));
    let done = import(&server, &path, &["--repo", "city", "--quiet", "--exit-code"]);
    assert_eq!(done.status, Some(3), "{done:?}");
    server.stop();
}

#[test]
fn a_missing_repository_is_created_only_with_create() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a"]);
    let done = import(&server, &path, &["--repo", "city"]);
    let message = format!("error: http://{} has no repository 'city': --create creates it\n", server.address);
    assert_eq!((done.status, done.err), (Some(1), message));
    let done = import(&server, &path, &["--repo", "no/name", "--create"]);
    assert_eq!(done.status, Some(1));
    assert!(done.err.starts_with("error: the server answered 400: "), "{done:?}");
    server.stop();
}

#[test]
fn an_unreachable_server_is_named_in_the_error() {
    let (_folder, path) = file_of_points("roads", &["a"]);
    let port = unused_port();
    let url = format!("http://127.0.0.1:{port}");
    for arguments in [
        &["import", path.to_str().unwrap(), "--repo", "city", "--retry-for", "0s"][..],
        &["tasks"],
        &["tasks", "wait", "3"],
    ] {
        let done = run(client_at(&url, arguments));
        let message = format!("error: cannot reach {url}: is 'longhaul serve' running?");
        assert_eq!((done.status, done.out.as_str()), (Some(4), ""));
        assert!(done.err.starts_with(&message), "{done:?}");
    }
}

/// A free port.
fn unused_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_file_that_cannot_be_read_is_named_in_the_error() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let done = import(&server, folder.path(), &["--repo", "city", "--create"]);
    assert_eq!(done.status, Some(1));
    assert!(done.err.ends_with(" is not a file\n"), "{done:?}");
    let done = import(&server, &folder.path().join("gone.gpkg"), &["--repo", "city", "--create"]);
    assert!(done.err.contains("gone.gpkg: No such file"), "{done:?}");
    assert_eq!(server.get("/repos/city").status, 404, "no request was sent");
    server.stop();
}

#[test]
fn a_file_of_another_format_is_refused_with_the_command_that_converts_it() {
    let server = Server::start();
    for (name, format) in [("a.geojson", "GeoJSON"), ("b.SHP", "a Shapefile"), ("c.fgb", "FlatGeobuf")] {
        let (_folder, path) = file(name, b"features");
        let done = import(&server, &path, &["--repo", "city", "--create"]);
        assert_eq!((done.status, done.out.as_str()), (Some(2), ""));
        let package = path.with_extension("gpkg");
        let command = format!("ogr2ogr -f GPKG '{}' '{}'", package.display(), path.display());
        assert!(done.err.contains(&format!(" is {format}; ")) && done.err.contains(&command), "{done:?}");
    }
    assert_eq!(server.get("/repos/city").status, 404, "no request was sent");
    server.stop();
}

#[test]
fn a_server_that_is_away_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let port = unused_port();
    let (_folder, path) = file_of_points("roads", &["a"]);
    let arguments = ["import", path.to_str().unwrap(), "--repo", "city", "--create"];
    let mut client = Running::start(client_at(&format!("http://127.0.0.1:{port}"), &arguments));
    client.wait_for("trying again in 1 s");
    let listen = format!("127.0.0.1:{port}");
    let server = longhaul()
        .args(["serve", "--listen", &listen, "--data"])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    let mut server = server.unwrap();
    let done = client.end();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.starts_with("commit "), "{done:?}");
}

#[test]
fn a_server_that_is_lost_after_it_took_the_file_leaves_the_id_of_the_task() {
    let server = Server::start();
    server.init("city");
    let names: Vec<String> = (0..20_000).map(|name| name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_folder, path) = file_of_points("roads", &names);
    let arguments = ["import", path.to_str().unwrap(), "--repo", "city", "--retry-for", "0s"];
    let mut client = Running::start(client_of(&server, &arguments));
    client.wait_for("Task 1: ");
    server.kill();
    let done = client.end();
    if done.status == Some(0) {
        println!("LEFT OUT: the import was faster than the kill");
        return;
    }
    assert_eq!(done.status, Some(4), "{done:?}");
    assert!(done.err.contains("'longhaul tasks wait 1' follows task 1"), "{done:?}");
}

#[test]
fn the_repositories_of_a_server_are_listed_renamed_and_deleted() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a"]);
    assert_eq!(import(&server, &path, &["--repo", "city", "--create", "-m", "First"]).status, Some(0));
    let longhaul = |arguments: &[&str]| run(client_of(&server, arguments));
    assert_eq!(longhaul(&["repos"]).out, "city\n");
    assert_eq!(longhaul(&["repos", "--json"]).json(), server.get("/repos.json").json());
    let log = longhaul(&["log", "city", "-n", "5"]);
    assert!(log.out.starts_with("commit ") && log.out.ends_with("\n\n    First\n"), "{log:?}");
    assert_eq!(
        longhaul(&["log", "city", "--json"]).json()["response"]["commit"].as_array().unwrap().len(),
        1
    );
    assert_eq!(longhaul(&["rename", "city", "town"]).out, "Renamed city to town\n");
    let refused = longhaul(&["delete", "town"]);
    assert!(refused.status == Some(2) && refused.err.contains("--yes"), "{refused:?}");
    assert_eq!(longhaul(&["delete", "town", "--yes"]).out, "Deleted town\n");
    assert_eq!(longhaul(&["repos"]).out, "");
    assert_eq!(longhaul(&["delete", "town", "--yes"]).status, Some(1));
    server.stop();
}
