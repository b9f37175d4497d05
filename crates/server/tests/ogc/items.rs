//! Features, page by page and one by one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{all_features, city, error, harness::Request, json, link};

/// The names of features, sorted.
fn names(features: &[serde_json::Value]) -> Vec<String> {
    let names: BTreeSet<_> =
        features.iter().map(|feature| feature["properties"]["name"].as_str().unwrap().to_owned()).collect();
    names.into_iter().collect()
}

#[test]
fn a_feature_has_its_key_its_geometry_and_its_values() {
    let server = city(&["quote \" and ü"]);
    let response = server.get("/repos/city/collections/points/items");
    assert_eq!(response.header("content-type"), Some("application/geo+json"));
    assert_eq!(response.header("content-crs"), Some("<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"));
    let expected = json!({
        "type": "Feature",
        "id": 1,
        "geometry": {"type": "Point", "coordinates": [0, 0]},
        "properties": {"fid": 1, "name": "quote \" and ü"},
    });
    assert_eq!(response.json()["features"], json!([expected]));
    let mut one = json(&server, "/repos/city/collections/points/items/1");
    let collection = link(&server, &one, "collection").unwrap();
    assert_eq!(collection, "/repos/city/collections/points");
    one.as_object_mut().unwrap().remove("links");
    assert_eq!(one, expected);
    server.stop();
}

#[test]
fn pages_visit_each_feature_once() {
    let names_given: Vec<String> = (0..2500).map(|at| format!("{at:04}")).collect();
    let server = city(&names_given.iter().map(String::as_str).collect::<Vec<_>>());
    let items = "/repos/city/collections/points/items";
    let page = json(&server, items);
    assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&json!(2500), &json!(1000)));
    let features = all_features(&server, items);
    assert_eq!((features.len(), names(&features)), (2500, names_given));
    for limit in [1, 7, 700, 10_000, 99_999] {
        let target = format!("{items}?limit={limit}&bbox=100,-1,119.5,1");
        let features = all_features(&server, &target);
        assert_eq!(features.len(), 20, "pages of {limit}");
        assert_eq!(names(&features), (100..120).map(|at| format!("{at:04}")).collect::<Vec<_>>());
        let page = json(&server, &target);
        assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&json!(20), &json!(limit.min(20))));
    }
    let nothing = json(&server, &format!("{items}?bbox=0.2,-1,0.8,1"));
    assert_eq!((&nothing["numberMatched"], &nothing["features"]), (&json!(0), &json!([])));
    server.stop();
}

#[test]
fn a_page_follows_the_commit_of_the_page_before_it() {
    let server = city(&["a", "b", "c"]);
    let first = json(&server, "/repos/city/collections/points/items?limit=2");
    let next = link(&server, &first, "next").unwrap();
    crate::import_points(&server, "points", &["x", "y", "z", "zz"]);
    let second = json(&server, &next);
    let mut features = first["features"].as_array().unwrap().clone();
    features.extend(second["features"].as_array().unwrap().iter().cloned());
    assert_eq!(names(&features), ["a", "b", "c"]);
    assert_eq!(
        names(&all_features(&server, "/repos/city/collections/points/items?limit=3")),
        ["x", "y", "z", "zz"]
    );
    server.stop();
}

#[test]
fn parameters_that_are_wrong_or_unknown_are_refused() {
    let server = city(&["a"]);
    for query in [
        "limit=0",
        "limit=-1",
        "limit=many",
        "limit=1&limit=2",
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=1,2,3,nan",
        "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326",
        "bbox=1,2,3,4&bbox-crs=nonsense",
        "crs=nonsense",
        "crs=http://www.opengis.net/def/crs/EPSG/0/65000",
        "next=7",
        "name=a",
        "colour",
    ] {
        let (status, text) = error(&server, &format!("/repos/city/collections/points/items?{query}"));
        assert!(status == 400 && !text.is_empty(), "{query}: {status} {text}");
    }
    let (_, text) = error(&server, "/repos/city/collections/points/items?name=a");
    assert_eq!(text, "Unknown parameter 'name'. There are: limit, bbox, bbox-crs, crs, datetime, next.");
    assert_eq!(error(&server, "/repos/city/collections/points/items/1?limit=1").0, 400);
    let past_the_end = json(&server, "/repos/city/collections/points/items?next=nffffffffffffffff");
    assert_eq!(past_the_end["numberReturned"], 0);
    server.stop();
}

#[test]
fn a_head_has_the_headers_of_the_page() {
    let server = city(&["a"]);
    let head = server.send(Request::new("HEAD", "/repos/city/collections/points/items"));
    assert_eq!(
        (head.status, head.header("content-type"), head.body.len()),
        (200, Some("application/geo+json"), 0)
    );
    server.stop();
}

#[test]
fn many_readers_of_a_layer_without_an_index_all_get_their_page() {
    let names: Vec<String> = (0..3000).map(|at| at.to_string()).collect();
    let server = city(&names.iter().map(String::as_str).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..40)
            .map(|at| {
                let target = format!("/repos/city/collections/points/items?limit=1&bbox={at},-1,{at},1");
                let server = &server;
                scope.spawn(move || json(server, &target)["numberMatched"].clone())
            })
            .collect();
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() == 1));
    });
    assert_eq!(std::fs::read_dir(server.data("cache/index")).unwrap().count(), 1);
    server.stop();
}

#[test]
fn an_index_that_is_removed_is_made_again() {
    let server = city(&["a", "b"]);
    let target = "/repos/city/collections/points/items?bbox=0.5,-1,2,1";
    assert_eq!(names(&all_features(&server, target)), ["b"]);
    let folder = server.data("cache/index");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    std::fs::remove_dir_all(server.data("cache")).unwrap();
    assert_eq!(names(&all_features(&server, target)), ["b"]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    server.stop();
}
