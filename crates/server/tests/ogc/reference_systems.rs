//! Part 2: coordinates in other systems, and boxes in them.

use serde_json::Value;

use crate::{city, gdal, import_bytes, json, output};

const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0/";

fn position(feature: &Value) -> (f64, f64) {
    let position = &feature["geometry"]["coordinates"];
    (position[0].as_f64().unwrap(), position[1].as_f64().unwrap())
}

#[test]
fn axes_are_in_the_order_of_the_authority() {
    let server = city(&["a", "b", "c"]);
    let items = "/repos/city/collections/points/items";
    let wanted = format!("{items}?crs={EPSG}4326&bbox-crs={EPSG}4326&bbox=-0.5,1.5,0.5,2.5");
    let response = server.get(&wanted);
    assert_eq!(response.header("content-crs"), Some(format!("<{EPSG}4326>").as_str()));
    let page = response.json();
    assert_eq!((page["numberMatched"].as_u64(), position(&page["features"][0])), (Some(1), (0.0, 2.0)));
    let one = json(&server, &format!("{items}/3?crs={EPSG}4326"));
    assert_eq!(position(&one), (0.0, 2.0));
    let mercator = json(&server, &format!("{items}/3?crs={EPSG}3857"));
    let (x, y) = position(&mercator);
    assert!((x - 222_638.98).abs() < 0.1 && y.abs() < 1e-6, "{x} {y}");
    server.stop();
}

#[test]
fn a_box_across_the_180th_meridian_has_two_parts() {
    let server = city(&["a", "b", "c", "d"]);
    // From 2.5 east around the world to 0.5: all but 1 and 2.
    let page = json(&server, "/repos/city/collections/points/items?bbox=2.5,-1,0.5,1");
    let mut found: Vec<_> =
        page["features"].as_array().unwrap().iter().map(|found| found["id"].as_i64().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, [1, 4]);
    server.stop();
}

#[test]
fn a_projected_layer_is_served_in_longitude_and_latitude_and_untouched_in_its_own_system() {
    let Some(mut ogr2ogr) = gdal("ogr2ogr") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (given, projected) = (folder.path().join("given.gpkg"), folder.path().join("projected.gpkg"));
    let names: Vec<String> = (0..15).map(|at| at.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    std::fs::write(&given, crate::harness::geopackage::points("points", &names)).unwrap();
    output(ogr2ogr.args(["-t_srs", "EPSG:32632"]).arg(&projected).arg(&given));
    let server = crate::Server::start();
    server.init("city");
    import_bytes(&server, "city", &std::fs::read(&projected).unwrap());

    let items = "/repos/city/collections/points/items";
    let collection = json(&server, "/repos/city/collections/points");
    assert_eq!(collection["storageCrs"], format!("{EPSG}32632"));
    assert!(collection["crs"].as_array().unwrap().contains(&collection["storageCrs"]), "{collection}");
    let bbox: Vec<f64> = serde_json::from_value(collection["extent"]["spatial"]["bbox"][0].clone()).unwrap();
    assert!(bbox[0].abs() < 0.01 && (bbox[2] - 14.0).abs() < 0.01, "{bbox:?}");
    for feature in json(&server, items)["features"].as_array().unwrap() {
        let expected = (feature["id"].as_f64().unwrap() - 1.0, 0.0);
        let (x, y) = position(feature);
        assert!((x - expected.0).abs() < 1e-6 && y.abs() < 1e-6, "{feature}");
    }
    // Point 10 is at 9 degrees east, the central meridian of zone 32.
    let stored = json(&server, &format!("{items}/10?crs={EPSG}32632"));
    let (x, y) = position(&stored);
    assert!((x - 500_000.0).abs() < 1e-3 && y.abs() < 1e-3, "{x} {y}");
    let page = json(&server, &format!("{items}?bbox=8.5,-1,9.5,1"));
    assert_eq!((page["numberMatched"].as_u64(), page["features"][0]["id"].as_i64()), (Some(1), Some(10)));
    let own = format!("{items}?bbox=499999,-10,500001,10&bbox-crs={EPSG}32632");
    assert_eq!(json(&server, &own)["numberMatched"], 1);
    let world = json(&server, &format!("{items}?bbox=-180,-90,180,90"));
    assert_eq!(world["numberMatched"], 15);
    server.stop();
}
