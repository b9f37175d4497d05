//! The documents by which clients find their way.

use serde_json::json;

use crate::{city, error, harness::Request, import_points, json, link};

#[test]
fn links_lead_from_the_repository_to_everything() {
    let server = city(&["a", "b"]);
    let page = json(&server, "/repos/city.json");
    for (relation, member) in
        [("service-desc", "openapi"), ("conformance", "conformsTo"), ("data", "collections")]
    {
        let document = json(&server, &link(&server, &page, relation).unwrap());
        assert!(!document[member].is_null(), "{document}");
    }
    let collections = json(&server, &link(&server, &page, "data").unwrap());
    let collection = &collections["collections"][0];
    assert_eq!(*collection, json(&server, &link(&server, collection, "self").unwrap()));
    assert_eq!((&collection["id"], &collection["itemType"]), (&json!("points"), &json!("feature")));
    assert_eq!(
        collection["extent"],
        json!({"spatial": {"bbox": [[0.0, 0.0, 1.0, 0.0]], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}})
    );
    assert_eq!(collection["storageCrs"], "http://www.opengis.net/def/crs/EPSG/0/4326");
    let features = json(&server, &link(&server, collection, "items").unwrap());
    assert_eq!(features["numberMatched"], 2);
    server.stop();
}

#[test]
fn the_api_tells_clients_the_size_of_pages() {
    let server = city(&["a"]);
    let response = server.get("/repos/city/api");
    assert_eq!(response.header("content-type"), Some("application/vnd.oai.openapi+json;version=3.0"));
    let api = response.json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.0."));
    let limit = &api["components"]["parameters"]["limit"]["schema"];
    assert_eq!((&limit["maximum"], &limit["default"]), (&json!(10_000), &json!(1_000)));
    for operation in api["paths"].as_object().unwrap().values() {
        for parameter in operation["get"]["parameters"].as_array().unwrap() {
            let pointer = parameter["$ref"].as_str().unwrap().trim_start_matches('#');
            assert!(api.pointer(pointer).is_some(), "{pointer}");
        }
    }
    server.stop();
}

#[test]
fn a_schema_describes_the_columns() {
    let server = city(&["a"]);
    let response = server.get("/repos/city/collections/points/schema");
    assert_eq!(response.header("content-type"), Some("application/schema+json"));
    let schema = response.json();
    assert_eq!(
        schema["properties"],
        json!({
            "fid": {"type": "integer", "title": "fid", "x-ogc-propertySeq": 1, "x-ogc-role": "id"},
            "geom": {"format": "geometry-point", "title": "geom", "x-ogc-propertySeq": 2, "x-ogc-role": "primary-geometry"},
            "name": {"type": "string", "title": "name", "x-ogc-propertySeq": 3},
        })
    );
    server.stop();
}

#[test]
fn documents_are_json_whatever_is_asked_for_and_unknown_parameters_are_refused() {
    let server = city(&["a"]);
    for path in ["api", "conformance", "collections", "collections/points", "collections/points/schema"] {
        for suffix in ["", ".xml", ".json", "?f=json", "?output_format=xml"] {
            json(&server, &format!("/repos/city/{path}{suffix}"));
        }
        let (status, text) = error(&server, &format!("/repos/city/{path}?colour=red"));
        assert_eq!((status, text.as_str()), (400, "Unknown parameter 'colour': this resource has none."));
    }
    let head = server.send(Request::new("HEAD", "/repos/city/collections"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    let head = server.send(Request::new("HEAD", "/repos/city/collections/none"));
    assert_eq!((head.status, head.body.len()), (404, 0));
    let post = server.send(Request::new("POST", "/repos/city/collections"));
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    server.stop();
}

#[test]
fn what_is_not_there_is_an_error_in_json() {
    let server = city(&["a"]);
    for (target, text) in [
        ("/repos/none/collections", "Repository not found."),
        ("/repos/city/collections/none", "There is no collection 'none'."),
        ("/repos/city/collections/none/items", "There is no collection 'none'."),
        ("/repos/city/at/none/collections", "There is no version 'none'."),
        ("/repos/city/collections/points/items/none", "There is no such feature."),
    ] {
        assert_eq!(error(&server, target), (404, text.to_owned()), "{target}");
    }
    server.init("empty");
    assert_eq!(json(&server, "/repos/empty/collections")["collections"], json!([]));
    assert_eq!(error(&server, "/repos/empty/collections/points").0, 404);
    server.stop();
}

#[test]
fn ids_of_layers_in_folders_have_underscores() {
    let server = city(&["a"]);
    import_points(&server, "roads/main streets", &["b"]);
    let collections = json(&server, "/repos/city/collections");
    let found: Vec<_> =
        collections["collections"].as_array().unwrap().iter().map(|found| found["id"].clone()).collect();
    assert_eq!(found, ["points", "roads__main_streets"]);
    let items = json(&server, "/repos/city/collections/roads__main_streets/items");
    assert_eq!(items["features"][0]["properties"]["name"], "b");
    server.stop();
}
