//! The list of layers for people and for programs that know no OGC API.

use serde_json::json;

use crate::{city, harness::git, import_points, json};

#[test]
fn the_list_says_of_each_layer_what_it_holds_and_who_changed_it_last() {
    let server = city(&["a", "b"]);
    let repository = server.data("repos/city.git");
    let first = git(&repository, &["rev-parse", "HEAD"]);
    import_points(&server, "trees/old", &["c"]);
    let second = git(&repository, &["rev-parse", "HEAD"]);
    let list = json(&server, "/repos/city/layers.json");
    let layers = list["response"]["layer"].as_array().unwrap();
    assert_eq!(
        layers.iter().map(|layer| layer["commit"]["id"].clone()).collect::<Vec<_>>(),
        [first.as_str(), second.as_str()]
    );
    let mut points = layers[0].clone();
    points.as_object_mut().unwrap().remove("commit");
    assert_eq!(
        points,
        json!({
            "name": "points",
            "collection": "points",
            "title": "points",
            "geometryType": ["POINT"],
            "crs": "EPSG:4326",
            "count": 2,
            "extent": {"minx": 0.0, "miny": 0.0, "maxx": 1.0, "maxy": 0.0},
            "column": [
                {"name": "fid", "type": "integer64", "primaryKey": true},
                {"name": "geom", "type": "POINT"},
                {"name": "name", "type": "text"},
            ],
        })
    );
    assert_eq!((&layers[1]["name"], &layers[1]["collection"]), (&json!("trees/old"), &json!("trees__old")));
    let xml = server.get("/repos/city/layers").text();
    assert!(xml.contains("<layer><name>points</name>") && xml.contains("<count>2</count>"), "{xml}");
    server.init("empty");
    let empty = json(&server, "/repos/empty/layers.json");
    assert_eq!(empty, json!({"response": {"success": true, "layer": []}}));
    assert_eq!(server.get("/repos/none/layers.json").status, 404);
    server.stop();
}
