use std::path::Path;

use crate::{
    harness::{Form, Server, geopackage, git, names_in},
    program::{Done, client_of, run},
};

/// A server with a repository `city` that has the layers `roads` and `places`.
fn server() -> Server {
    let server = Server::start();
    server.init("city");
    for (layer, names) in [("roads", &["a", "b"][..]), ("places", &["c"])] {
        let file = geopackage::points(layer, names);
        server.import_to_the_end("city", Form::default().file("fileUpload", "x.gpkg", &file));
    }
    server
}

fn export(server: &Server, output: &Path, more: &[&str]) -> Done {
    let mut arguments = vec!["export", "city"];
    arguments.extend(more);
    arguments.extend(["-o", output.to_str().unwrap()]);
    run(client_of(server, &arguments))
}

#[test]
fn an_export_writes_a_file_of_the_format_that_its_ending_says() {
    let server = server();
    let commit = git(&server.data("repos/city.git"), &["rev-parse", "master"]);
    let folder = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("roads.gpkg", &b"SQLite format 3\0"[..]),
        ("roads.fgb", b"fgb\x03fgb\0"),
        ("roads.geojson", b"{\"type\":\"FeatureCollection\",\"name\":\"roads\","),
        ("roads.geojsonl", b"{\"type\":\"Feature\",\"id\":1,"),
        ("roads.CSV", b"WKT,fid,name\r\nPOINT (0 0),1,a\r\n"),
    ] {
        let output = folder.path().join(name);
        let done = export(&server, &output, &["roads"]);
        assert_eq!(done.status, Some(0), "{done:?}");
        let summary = format!("{}: 2 features of commit {} (", output.display(), &commit[..7]);
        assert!(done.out.starts_with(&summary), "{done:?}");
        assert!(std::fs::read(&output).unwrap().starts_with(start), "{name}");
    }
    assert_eq!(names_in(folder.path()).len(), 5, "{:?}", names_in(folder.path()));
    server.stop();
}

#[test]
fn a_ref_a_box_and_a_reference_system_can_be_chosen() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("roads.csv");
    let done = export(
        &server,
        &output,
        &["roads", "--ref", "master~1", "--bbox", "-1,-1,0.5,1", "--crs", "EPSG:3857"],
    );
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "WKT,fid,name\r\nPOINT (0 0),1,a\r\n");
    let done = export(&server, &output, &["roads", "--quiet"]);
    assert_eq!((done.status, done.out.as_str(), done.err.as_str()), (Some(0), "", ""));
    assert_eq!(std::fs::read_to_string(&output).unwrap().lines().count(), 3, "the file was replaced");
    server.stop();
}

#[test]
fn an_export_that_cannot_be_leaves_no_file() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    for (name, more, complaint) in [
        ("x.shp", &["roads"][..], "must be one of .gpkg, .fgb, .geojson, .geojsonl, .csv"),
        ("x.csv", &["nothing"], "The following requested layers do not exist in HEAD: [nothing]"),
        ("x.csv", &[], "a file of the format csv holds one layer, but 2 are to be exported"),
        ("x.geojson", &["roads", "--crs", "EPSG:3857"], "GeoJSON is always in EPSG:4326"),
        ("nowhere/x.csv", &["roads"], "there is no folder"),
    ] {
        let done = export(&server, &folder.path().join(name), more);
        assert_eq!(done.status, Some(if name == "x.shp" { 2 } else { 1 }), "{done:?}");
        assert!(done.err.contains(complaint), "{done:?}");
    }
    assert!(names_in(folder.path()).is_empty(), "{:?}", names_in(folder.path()));
    server.stop();
}

#[test]
fn the_layers_of_a_repository_are_listed() {
    let server = server();
    let done = run(client_of(&server, &["layers", "city"]));
    let expected =
        "places            1 features  POINT  EPSG:4326\nroads             2 features  POINT  EPSG:4326\n";
    assert_eq!((done.status, done.out.as_str(), done.err.as_str()), (Some(0), expected, ""));
    let done = run(client_of(&server, &["layers", "city", "--ref", "master~1"]));
    assert_eq!(
        (done.status, done.out.as_str()),
        (Some(0), "roads            2 features  POINT  EPSG:4326\n")
    );
    server.stop();
}
