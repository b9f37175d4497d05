//! Exports over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::process::Command;

use harness::{Form, Request, Server, geopackage, git};
use serde_json::Value;

/// A server with a repository `r` that has two layers.
fn server() -> Server {
    let server = Server::start();
    server.init("r");
    for (layer, names) in [("points", &["a", "b"][..]), ("places", &["c"])] {
        let file = geopackage::points(layer, names);
        server.import_to_the_end("r", Form::default().file("fileUpload", "points.gpkg", &file));
    }
    server
}

/// Exports to the end and returns the task.
fn export(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/repos/r/export.json?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    server.ended(answer.json()["task"]["id"].as_u64().unwrap())
}

fn download(server: &Server, task: &Value) -> Vec<u8> {
    assert_eq!(task["status"], "FINISHED", "{task}");
    let answer = server.get(&format!("/tasks/{}/download", task["id"]));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}

/// The names of layers in a file, as GDAL lists them.
fn layers(file: &[u8], ending: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("x.{ending}"));
    std::fs::write(&path, file).unwrap();
    let listed =
        Command::new("ogrinfo").args(["-ro", "-q"]).arg(&path).output().expect("GDAL's ogrinfo runs");
    assert_eq!(String::from_utf8_lossy(&listed.stderr), "", "GDAL has no complaint");
    let text = String::from_utf8(listed.stdout).unwrap();
    let names = text.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned());
    names.collect()
}

#[test]
fn an_export_is_a_task_with_geogigs_link_to_a_file() {
    let server = server();
    let task = export(&server, "format=gpkg");
    let file = download(&server, &task);
    assert_eq!(task["description"], "Export to Geopackage database");
    let link = format!("http://{}/tasks/{}/download", server.address, task["id"]);
    let expected = ("application/octet-stream;type=geopackage", link.as_str());
    let result = &task["result"];
    assert_eq!(
        (result["atom:link"]["type"].as_str().unwrap(), result["atom:link"]["href"].as_str().unwrap()),
        expected
    );
    assert_eq!(result["commitId"], git(&server.data("repos/r.git"), &["rev-parse", "master"]).as_str());
    assert_eq!(result["features"], 3);
    assert_eq!(layers(&file, "gpkg"), ["places", "points"]);
    server.stop();
}

#[test]
fn every_format_is_read_by_gdal() {
    let server = server();
    for format in ["fgb", "geojson", "geojsonl", "csv"] {
        let task = export(&server, &format!("format={format}&path=points"));
        let file = download(&server, &task);
        let layer = match format {
            // In these formats layers have no name: GDAL takes the file's.
            "csv" | "geojsonl" => "x",
            _ => "points",
        };
        assert_eq!(layers(&file, format), [layer], "{format}");
        let head = server.get(&format!("/tasks/{}/download", task["id"]));
        let media_type = task["result"]["atom:link"]["type"].as_str().unwrap();
        assert_eq!(head.header("content-type"), Some(media_type));
    }
    server.stop();
}

#[test]
fn layers_a_window_and_a_commit_can_be_chosen() {
    let server = server();
    let of_layer = export(&server, "format=GPKG&path=points&bbox=0.5,-1,5,5,EPSG:4326");
    assert_eq!(of_layer["result"]["features"], 1);
    assert_eq!(layers(&download(&server, &of_layer), "gpkg"), ["points"]);
    let first = export(&server, "format=gpkg&root=master~1");
    assert_eq!(layers(&download(&server, &first), "gpkg"), ["points"]);
    let elsewhere = export(&server, "format=gpkg&path=points&bbox=1e6,-1e6,9e6,1e6,EPSG:3857&crs=EPSG:3857");
    assert_eq!(elsewhere["result"]["features"], 0);
    server.stop();
}

#[test]
fn a_window_is_the_same_whether_there_is_an_index_or_not() {
    let server = Server::start();
    server.init("r");
    let names: Vec<String> = (0..500).map(|at| format!("point {at}")).collect();
    let file = geopackage::points("points", &names.iter().map(String::as_str).collect::<Vec<_>>());
    server.import_to_the_end("r", Form::default().file("fileUpload", "points.gpkg", &file));
    let windows = ["100,-1,300.5,900", "-5,-5,-1,-1", "0,0,1000,1000"];
    let exported = || {
        windows.map(|window| {
            let task = export(&server, &format!("format=csv&bbox={window}"));
            (task["result"]["features"].clone(), download(&server, &task))
        })
    };
    let without = exported();
    assert_eq!(without[0].0, 201);
    // The first request for items makes the index.
    assert_eq!(server.get("/repos/r/collections/points/items?limit=1").status, 200);
    assert_eq!(harness::names_in(&server.data("cache/index")).len(), 1);
    assert_eq!(exported(), without);
    server.stop();
}

#[test]
fn requests_that_make_no_sense_are_refused_with_geogigs_texts() {
    let server = server();
    for (query, status, text) in [
        ("", 400, "output format not provided"),
        ("format=shp", 400, "Unsupported output format: shp"),
        (
            "format=gpkg&interchange=true",
            501,
            "This server does not export the interchange format; without interchange it exports the layers.",
        ),
        (
            "format=gpkg&bbox=1,2,3",
            400,
            "bbox must be minx,miny,maxx,maxy or minx,miny,maxx,maxy,EPSG:n, with minx not above maxx and miny not above maxy, not '1,2,3'",
        ),
        (
            "format=gpkg&path=a..",
            400,
            "a layer cannot be kept as 'a..': a part of it starts or ends with a dot",
        ),
        ("format=gpkg&crs=EPSG:1", 400, "the coordinate reference system EPSG:1 is not known here"),
    ] {
        let answer = server.get(&format!("/repos/r/export.json?{query}"));
        assert_eq!((answer.status, answer.error().as_str()), (status, text), "{query}");
    }
    for (query, text) in [
        ("format=gpkg&root=nope", "RefSpec doesn't resolve to a commit: 'nope'"),
        ("format=gpkg&path=x,points,y", "The following requested layers do not exist in HEAD: [x, y]"),
    ] {
        let task = export(&server, query);
        assert_eq!(
            (task["status"].as_str(), task["error"]["message"].as_str()),
            (Some("FAILED"), Some(text))
        );
    }
    let head = server.send(Request::new("HEAD", "/repos/r/export?format=gpkg"));
    assert_eq!((head.status, head.header("allow")), (405, Some("GET, POST, OPTIONS")));
    server.stop();
}

/// The rows of a table: a text for each.
fn rows(file: &[u8], sql: &str) -> Vec<String> {
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), file).unwrap();
    let connection = rusqlite::Connection::open(path.path()).unwrap();
    let mut rows = connection.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_export_of_differences_has_what_was_added_and_changed_and_a_log_of_the_changes() {
    let server = server();
    let import = |names: &[&str]| {
        let file = geopackage::points("points", names);
        server.import_to_the_end("r", Form::default().file("fileUpload", "points.gpkg", &file));
    };
    import(&["a", "b", "x"]);
    import(&["a", "y"]);
    let export_diff = |query: &str| {
        let answer = server.get(&format!("/repos/r/export-diff.json?{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        server.ended(answer.json()["task"]["id"].as_u64().unwrap())
    };
    let task = export_diff("format=gpkg&oldRef=HEAD~2&newRef=HEAD~1");
    assert_eq!(task["description"], "Export changes between two commits to Geopackage database");
    let result = &task["result"];
    assert_eq!([&result["added"], &result["changed"], &result["deleted"]], [1, 0, 0]);
    let file = download(&server, &task);
    assert_eq!(layers(&file, "gpkg"), ["points", "points_changes"]);
    assert_eq!(rows(&file, "SELECT fid || name FROM points"), ["3x"]);
    let log = "SELECT geogig_fid || ' ' || audit_op FROM points_changes ORDER BY geogig_fid";
    assert_eq!(rows(&file, log), ["3 1"]);

    let file = download(&server, &export_diff("format=GPKG&oldRef=HEAD~1&path=points"));
    assert_eq!(rows(&file, "SELECT fid || name FROM points"), ["2y"]);
    assert_eq!(rows(&file, log), ["2 2", "3 3"]);
    assert_eq!(rows(&file, "SELECT count(*) || '' FROM rtree_points_geom"), ["1"]);

    // The added and changed features can be added to a repository that has the old ones.
    server.init("other");
    let old = geopackage::points("points", &["a", "b", "x"]);
    server.import_to_the_end("other", Form::default().file("fileUpload", "points.gpkg", &old));
    let changes = Form::default().file("fileUpload", "changes.gpkg", &file).text("add", "true");
    let added = server.import_to_the_end("other", changes);
    assert_eq!(added["result"]["layer"][0]["changed"], 1, "{added}");
    assert_eq!(added["result"].get("warning"), None, "{added}");

    let all = download(&server, &export_diff("format=gpkg&oldRef=%5BEMPTY%5D"));
    assert_eq!(layers(&all, "gpkg"), ["places", "points", "places_changes", "points_changes"]);
    let none = export_diff("format=gpkg&oldRef=HEAD&path=places");
    assert_eq!(rows(&download(&server, &none), "SELECT table_name FROM gpkg_contents"), [""; 0]);
    for (query, text) in [
        ("oldRef=nope", "RefSpec doesn't resolve to a commit: 'nope'"),
        ("oldRef=HEAD&newRef=%5BEMPTY%5D", "RefSpec doesn't resolve to a commit: '[EMPTY]'"),
        ("oldRef=HEAD~1&path=x", "The following requested layers do not exist in HEAD~1..HEAD: [x]"),
    ] {
        let task = export_diff(&format!("format=gpkg&{query}"));
        assert_eq!(task["error"]["message"], text);
    }
    for (query, status, text) in [
        ("format=gpkg", 500, "Required parameter 'oldRef' was not provided."),
        ("oldRef=HEAD", 400, "output format not provided"),
        ("format=csv&oldRef=HEAD", 400, "Unsupported output format: csv"),
    ] {
        let answer = server.get(&format!("/repos/r/export-diff.json?{query}"));
        assert_eq!((answer.status, answer.error().as_str()), (status, text));
    }
    server.stop();
}

#[test]
fn a_deleted_layer_is_exported_without_features_and_with_a_log_of_all() {
    let server = server();
    let repository = server.data("repos/r.git");
    let tree = git(&repository, &["ls-tree", "master"]);
    let rest: Vec<_> = tree.lines().filter(|line| !line.ends_with("\tpoints")).collect();
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), rest.join("\n") + "\n").unwrap();
    let mut mktree = Command::new("git");
    mktree.arg("-C").arg(&repository).arg("mktree").stdin(std::fs::File::open(list.path()).unwrap());
    let made = String::from_utf8(mktree.output().unwrap().stdout).unwrap();
    let commit = git(&repository, &["commit-tree", made.trim(), "-p", "master", "-m", "without points"]);
    git(&repository, &["update-ref", "refs/heads/master", &commit]);
    let answer = server.get("/repos/r/export-diff.json?format=gpkg&oldRef=HEAD~1&newRef=HEAD");
    let task = server.ended(answer.json()["task"]["id"].as_u64().unwrap());
    let file = download(&server, &task);
    assert_eq!(layers(&file, "gpkg"), ["points", "points_changes"]);
    assert_eq!(rows(&file, "SELECT count(*) || '' FROM points"), ["0"]);
    assert_eq!(
        rows(&file, "SELECT geogig_fid || ' ' || audit_op FROM points_changes ORDER BY geogig_fid"),
        ["1 3", "2 3"]
    );
    server.stop();
}
