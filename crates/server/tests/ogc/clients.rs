//! Real clients: GDAL's driver and OWSLib.

use std::{path::Path, process::Command};

use crate::{Server, city, gdal, gunzip, import_bytes, output, shared_data};

fn polygons() -> Option<Server> {
    let folder = shared_data("kart-golden/gpkg-polygons")?;
    let server = Server::start();
    server.init("city");
    import_bytes(&server, "city", &gunzip(&folder.join("gpkg-polygons.gpkg.gz")));
    Some(server)
}

fn service(server: &Server, path: &str) -> String {
    format!("OAPIF:http://{}/repos/city{path}", server.address)
}

#[test]
fn ogrinfo_lists_the_layers_of_a_repository_and_of_a_version() {
    let Some(mut ogrinfo) = gdal("ogrinfo") else { return };
    let server = city(&["a", "b", "c"]);
    let text = output(ogrinfo.args(["-so", &service(&server, ""), "points"]));
    for expected in ["Layer name: points", "Geometry: Point", "Feature Count: 3", "name: String"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(text.contains("Extent: (0.000000, 0.000000) - (2.000000, 0.000000)"), "{text}");
    let version = output(Command::new("ogrinfo").args(["-q", &service(&server, "/at/master")]));
    assert!(version.contains("points"), "{version}");
    server.stop();
}

#[test]
fn ogr2ogr_copies_a_window_and_transforms_it() {
    let (Some(mut by_window), Some(server)) = (gdal("ogr2ogr"), polygons()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.gpkg");
    let layer = "nz_waca_adjustments";
    output(
        by_window
            .args(["-spat", "174", "-42", "176", "-39", "-t_srs", "EPSG:2193"])
            .arg(&copy)
            .args([&service(&server, ""), layer]),
    );
    let given = folder.path().join("given.gpkg");
    let file = shared_data("kart-golden/gpkg-polygons").unwrap().join("gpkg-polygons.gpkg.gz");
    std::fs::write(&given, gunzip(&file)).unwrap();
    let expected = folder.path().join("expected.gpkg");
    output(
        Command::new("ogr2ogr")
            .args(["-spat", "174", "-42", "176", "-39", "-t_srs", "EPSG:2193"])
            .arg(&expected)
            .arg(&given)
            .arg(layer),
    );
    let (copied, expected) = (features(&copy, layer), features(&expected, layer));
    assert!(!expected.is_empty());
    assert_eq!(copied.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (key, area) in &copied {
        // The client transforms what was transformed before, which costs digits.
        assert!((area / expected[key] - 1.0).abs() < 1e-6, "{key}: {area} and {}", expected[key]);
    }
    server.stop();
}

/// The areas of features by their keys.
fn features(file: &Path, layer: &str) -> std::collections::BTreeMap<i64, f64> {
    // Where the key is the identifier of GDAL's features, an expression makes it a value as well.
    let sql = format!("SELECT id + 0 AS key, ST_Area(geom) AS area FROM \"{layer}\"");
    let json =
        output(Command::new("ogr2ogr").args(["-f", "GeoJSON", "/vsistdout/"]).arg(file).args(["-sql", &sql]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let features = json["features"].as_array().unwrap().iter();
    features
        .map(|feature| {
            let properties = &feature["properties"];
            (properties["key"].as_i64().unwrap(), properties["area"].as_f64().unwrap())
        })
        .collect()
}

/// The Python of the environment that `cargo xtask test` makes; `None`, with a message, if it is missing.
fn python_with_clients() -> Option<Command> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python-clients/bin/python3");
    if !python.exists() {
        eprintln!(
            "LEFT OUT: OWSLib is not there; 'cargo xtask test' installs it, or type: python3 -m venv target/python-clients && target/python-clients/bin/pip install OWSLib"
        );
        return None;
    }
    Some(Command::new(python))
}

#[test]
fn owslib_reads_documents_and_pages() {
    let Some(mut python) = python_with_clients() else { return };
    let server = city(&["a", "b", "c"]);
    let script = r#"
import sys
from owslib.ogcapi.features import Features

city = Features(sys.argv[1], headers={"Accept": "application/json"})
assert city.api()["openapi"].startswith("3.0"), city.api()
assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in city.conformance()["conformsTo"]
assert city.feature_collections() == ["points"], city.feature_collections()
assert city.collection("points")["itemType"] == "feature"
page = city.collection_items("points", bbox=[0.5, -1, 5, 1], limit=1)
assert (page["numberMatched"], page["numberReturned"]) == (2, 1), page
assert city.collection_item("points", "3")["properties"]["name"] == "c"
version = Features(sys.argv[1] + "/at/master")
assert version.collections()["collections"][0]["id"] == "points"
print("read")
"#;
    let base = format!("http://{}/repos/city", server.address);
    assert_eq!(output(python.args(["-c", script, &base])).trim(), "read");
    server.stop();
}
