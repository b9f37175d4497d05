//! The files of the golden vectors, each served and read back.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{Server, all_features, gunzip, import_bytes, json, shared_data};

/// How many features each layer has in the repository that Kart made.
fn counts_of_kart(folder: &Path) -> BTreeMap<String, usize> {
    let tree = match std::fs::read(folder.join("tree.txt")) {
        Ok(tree) => tree,
        Err(_) => gunzip(&folder.join("tree.txt.gz")),
    };
    let mut counts = BTreeMap::new();
    for line in String::from_utf8(tree).unwrap().lines() {
        let path = line.split_once('\t').unwrap().1;
        if let Some((layer, _)) = path.split_once("/.table-dataset/feature/") {
            *counts.entry(layer.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// The file without the tables of `edge` that an import refuses.
fn without_composite_keys(file: &[u8]) -> Vec<u8> {
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    std::fs::write(&path, file).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let tables = connection.execute_batch(
        "DROP TABLE IF EXISTS composite_pk; DROP TABLE IF EXISTS composite_pk_rev;
         DELETE FROM gpkg_contents WHERE table_name LIKE 'composite_pk%'",
    );
    tables.unwrap();
    drop(connection);
    std::fs::read(&path).unwrap()
}

#[test]
fn every_feature_of_the_golden_files_is_served() {
    let Some(folder) = shared_data("kart-golden") else { return };
    let server = Server::start();
    for name in [
        "gpkg-points",
        "gpkg-polygons",
        "gpkg-au-census",
        "gpkg-stringpk",
        "gpkg-types",
        "gpkg-3d-points",
        "gpkg-points-no-crs",
        "gpkg-editing",
        "edge",
    ] {
        let file = without_composite_keys(&gunzip(&folder.join(name).join(format!("{name}.gpkg.gz"))));
        let mut expected = counts_of_kart(&folder.join(name));
        expected.retain(|layer, _| !layer.starts_with("composite_pk"));
        server.init(name);
        import_bytes(&server, name, &file);
        let layers = json(&server, &format!("/repos/{name}/layers.json"));
        let layers = layers["response"]["layer"].as_array().unwrap().clone();
        for layer in &layers {
            let (path, id) = (layer["name"].as_str().unwrap(), layer["collection"].as_str().unwrap());
            let count = expected.get(path).copied().unwrap_or(0);
            assert_eq!(layer["count"], count, "{name}: {path}");
            let features = all_features(&server, &format!("/repos/{name}/collections/{id}/items?limit=500"));
            assert_eq!(features.len(), count, "{name}: {path}");
            for feature in features.iter().take(50) {
                let id_of_feature = match &feature["id"] {
                    Value::String(text) => text.clone(),
                    id => id.to_string(),
                };
                let escaped: String = form_urlencoded::byte_serialize(id_of_feature.as_bytes()).collect();
                let escaped = escaped.replace('+', "%20");
                let escaped = escaped.replace(".json", "%2Ejson");
                let one = json(&server, &format!("/repos/{name}/collections/{id}/items/{escaped}"));
                assert_eq!(one["properties"], feature["properties"], "{name}: {path}");
                assert_eq!(one["geometry"], feature["geometry"], "{name}: {path}");
            }
        }
    }
    server.stop();
}
