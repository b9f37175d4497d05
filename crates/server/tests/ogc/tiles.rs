//! Layers as vector tiles.

use std::process::Command;

use crate::harness::{Form, Server, geopackage};

fn with_points(count: usize) -> Server {
    let server = Server::start();
    server.init("city");
    let names = vec!["x"; count];
    // Not beyond the edge of the world.
    let near =
        "UPDATE p SET geom = (SELECT geom FROM p AS other WHERE other.fid = 1 + p.fid % 100) WHERE fid > 100";
    let package = geopackage::with(&geopackage::points("p", &names), near);
    let file = Form::default().file("fileUpload", "p.gpkg", &package);
    server.import_to_the_end("city", file);
    server
}

/// What GDAL finds in a tile: a line for each layer, with its name and the number of features.
fn read_by_gdal(tile: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("0.mvt");
    std::fs::write(&file, tile).unwrap();
    let output = Command::new("ogrinfo").args(["-al", "-so"]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn gdal_reads_a_tile_of_features() {
    let server = with_points(100);
    for base in ["/repos/city", "/repos/city/at/HEAD"] {
        let tile = server.get(&format!("{base}/collections/p/tiles/0/0/0.mvt"));
        assert_eq!(tile.status, 200, "{}", tile.text());
        assert_eq!(tile.header("content-type"), Some("application/vnd.mapbox-vector-tile"));
        assert_eq!(tile.header("cache-control"), Some("no-cache"));
        let read = read_by_gdal(&tile.body);
        for part in ["Layer name: features", "Geometry: Point", "Feature Count: 100", "id: String"] {
            assert!(read.contains(part), "{part}: {read}");
        }
    }
    // The points lie on the equator, east of Greenwich.
    assert!(server.get("/repos/city/collections/p/tiles/3/0/0.mvt").body.is_empty());
    let commit =
        server.get("/repos/city/log.json").json()["response"]["commit"][0]["id"].as_str().unwrap().to_owned();
    let permanent = server.get(&format!("/repos/city/at/{commit}/collections/p/tiles/1/1/0.mvt"));
    assert!(permanent.header("cache-control").unwrap().contains("immutable") && !permanent.body.is_empty());
    server.stop();
}

#[test]
fn a_tile_of_too_many_features_shows_where_they_are() {
    let server = with_points(10_001);
    let tile = server.get("/repos/city/collections/p/tiles/0/0/0.mvt");
    assert!(tile.body.len() < 500_000, "{}", tile.body.len());
    let read = read_by_gdal(&tile.body);
    assert!(read.contains("Layer name: coverage") && read.contains("Geometry: Polygon"), "{read}");
    server.stop();
}

#[test]
fn an_address_that_is_no_tile_is_not_found() {
    let server = with_points(1);
    for address in [
        "0/0/1.mvt",
        "1/2/0.mvt",
        "25/0/0.mvt",
        "0/0/0",
        "0/0/0.png",
        "-1/0/0.mvt",
        "0/+0/0.mvt",
        "99999999999/0/0.mvt",
    ] {
        let response = server.get(&format!("/repos/city/collections/p/tiles/{address}"));
        assert_eq!(response.status, 404, "{address}");
    }
    assert_eq!(server.get("/repos/city/collections/none/tiles/0/0/0.mvt").status, 404);
    server.stop();
}
