//! What a commit has changed in a layer.

use crate::{
    city,
    harness::{Form, geopackage},
};

#[test]
fn the_changes_of_a_commit_are_a_layer() {
    let server = city(&["a", "b", "c"]);
    let file = geopackage::points("points", &["a", "changed", "c", "d"]);
    server.import_to_the_end("city", Form::default().file("fileUpload", "p.gpkg", &file));
    let server_changes =
        |revision: &str| server.get(&format!("/repos/city/at/{revision}/collections/points/changes"));
    let response = server_changes("HEAD");
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/geo+json")));
    let features = response.json()["features"].as_array().unwrap().clone();
    let of = |at: usize, name: &str| features[at]["properties"][name].clone();
    assert_eq!(features.len(), 2);
    assert_eq!(
        (features[0]["id"].as_str(), of(0, "change"), of(0, "name")),
        (Some("2"), "changed".into(), "changed".into())
    );
    assert_eq!((of(0, "geometry_changed"), of(0, "attributes_changed")), (false.into(), true.into()));
    assert_eq!(features[0]["geometry"]["coordinates"], serde_json::json!([1, 0]));
    assert_eq!((of(1, "change"), of(1, "name")), ("added".into(), "d".into()));

    let first = server_changes("HEAD~1").json();
    assert_eq!(first["features"].as_array().unwrap().len(), 3);
    let limited = server.get("/repos/city/collections/points/changes?limit=1").json();
    assert_eq!(limited["features"].as_array().unwrap().len(), 1);
    for bad in ["limit=0", "limit=x", "other=1"] {
        assert_eq!(server.get(&format!("/repos/city/collections/points/changes?{bad}")).status, 400, "{bad}");
    }
    server.stop();
}
