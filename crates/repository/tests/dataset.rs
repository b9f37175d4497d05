//! Reading layers back.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use longhaul_geodata::{
    Column, Crs, DataType, GeometryType,
    Value::{Blob, Float, Integer, Null, Text},
};
use longhaul_repository::{DatasetError, DatasetPath, Mode, Repository};
use support::{
    layers::{import, layer, rows, stage},
    repository,
};

fn path(path: &str) -> DatasetPath {
    DatasetPath::new(path).unwrap()
}

/// A commit of files as they stand.
fn commit(repository: &Repository, files: &[(&str, &str)]) -> gix::ObjectId {
    support::commit(repository.path(), "master", 1000, &[], files).parse().unwrap()
}

#[test]
fn features_are_read_as_the_columns_are_today() {
    let (_folder, repository) = repository();
    let first = layer("roads", &[("fid", "integer"), ("name", "text"), ("lanes", "integer")]);
    import(&repository, &first, &[&[Integer(1), Text("a"), Integer(2)], &[Integer(2), Text("b"), Null]]);
    let second = layer("roads", &[("length", "real"), ("fid", "integer"), ("name", "text")]);
    let commit = import(
        &repository,
        &second,
        &[&[Null, Integer(1), Text("a")], &[Float(0.5), Integer(2), Text("b")], &[Null, Integer(3), Null]],
    );
    assert_eq!(
        rows(&repository, &commit, "roads"),
        [r#"Float(0.5) Integer(2) Text("b")"#, r#"Null Integer(1) Text("a")"#, "Null Integer(3) Null",]
    );
}

#[test]
fn a_layer_of_an_earlier_commit_is_read_as_it_was() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let first = import(&repository, &roads, &[&[Integer(1)]]);
    import(&repository, &roads, &[&[Integer(2)]]);
    assert_eq!(rows(&repository, &first, "roads"), ["Integer(1)"]);
}

#[test]
fn many_features_come_in_small_batches() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer"), ("content", "blob")]);
    let large = vec![7; 100_000];
    let mut features: Vec<[longhaul_geodata::Value<'_>; 2]> =
        (0..2000).map(|key| [Integer(key), Blob(b"x")]).collect();
    features.extend((2000..2010).map(|key| [Integer(key), Blob(&large)]));
    let features: Vec<&[longhaul_geodata::Value<'_>]> = features.iter().map(|row| &row[..]).collect();
    let commit = import(&repository, &roads, &features);
    let dataset = repository.dataset(commit.id, &path("roads")).unwrap().unwrap();
    let batches: Vec<_> = dataset.batches().collect::<Result<_, _>>().unwrap();
    assert_eq!(batches.iter().map(|batch| batch.len()).sum::<usize>(), 2010);
    assert!(batches.iter().all(|batch| batch.len() <= 256 && batch.size() < 400_000));
}

#[test]
fn what_is_no_layer_is_none() {
    let (_folder, repository) = repository();
    let commit = commit(
        &repository,
        &[("README.md", "no layer"), ("folder/x/y", "z"), ("roads/.table-dataset/meta/schema.json", "[]")],
    );
    for nothing in ["README.md", "folder", "folder/x", "nowhere", "roads/x", "README.md/x"] {
        assert!(repository.dataset(commit, &path(nothing)).unwrap().is_none(), "{nothing}");
    }
    assert!(repository.dataset(commit, &path("roads")).unwrap().is_some());
}

#[test]
fn the_layers_of_a_commit_are_listed_wherever_they_are() {
    let (_folder, repository) = repository();
    let schema = |layer: &str| format!("{layer}/.table-dataset/meta/schema.json");
    let layers = [schema("b"), schema("a/b"), schema("a/c/d"), schema(".hidden/e"), schema("b/inner")];
    let files: Vec<_> = layers.iter().map(|path| (path.as_str(), "[]")).collect();
    let commit = commit(&repository, &files);
    let found = repository.datasets(commit).unwrap();
    assert_eq!(found, [path("a/b"), path("a/c/d"), path("b")]);
}

#[test]
fn a_commit_that_is_not_there_is_an_error() {
    let (_folder, repository) = repository();
    let nowhere = gix::ObjectId::from_hex(b"1234567812345678123456781234567812345678").unwrap();
    assert!(matches!(repository.dataset(nowhere, &path("x")), Err(DatasetError::Git(_))));
    assert!(matches!(repository.datasets(nowhere), Err(DatasetError::Git(_))));
}

#[test]
fn a_key_of_two_columns_is_read() {
    let (_folder, repository) = repository();
    // As the format foresees it, and as nobody writes it yet: [1, "x"] and its legend [["i0", "i1"], ["i2"]].
    let schema = r#"[{"id": "i1", "name": "b", "dataType": "text", "primaryKeyIndex": 1},
        {"id": "i2", "name": "c", "dataType": "boolean"},
        {"id": "i0", "name": "a", "dataType": "integer", "size": 64, "primaryKeyIndex": 0}]"#;
    let legend = "0000000000000000000000000000000000000000";
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join("t/.table-dataset").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("meta/schema.json", schema.as_bytes());
    write(&format!("meta/legend/{legend}"), b"\x92\x92\xa2i0\xa2i1\x91\xa2i2");
    write("feature/A/A/A/A/kgGheA==", &[&b"\x92\xd9\x28"[..], legend.as_bytes(), b"\x91\xc3"].concat());
    let commit = support::commit_folder(repository.path(), "master", 1000, &[], folder.path());
    let dataset = repository.dataset(commit.parse().unwrap(), &path("t")).unwrap().unwrap();
    let batch = dataset.batches().next().unwrap().unwrap();
    let row: Vec<_> = batch.rows().next().unwrap().values().collect();
    assert_eq!(row, [Text("x"), longhaul_geodata::Value::Boolean(true), Integer(1)]);
}

#[test]
fn features_that_are_none_are_errors() {
    let (_folder, repository) = repository();
    let schema = r#"[{"id": "i", "name": "fid", "dataType": "integer", "size": 64, "primaryKeyIndex": 0}]"#;
    let broken: [&[(&str, &str)]; 6] = [
        &[("t/.table-dataset/feature/A/kQE=", "not MessagePack")],
        &[("t/.table-dataset/feature/A/kQE=", "")],
        // A feature that names a legend which is not there.
        &[("t/.table-dataset/feature/A/kQE=", "\u{1}\u{2}")],
        &[("t/.table-dataset/feature/A/not base64!", "")],
        &[("t/.table-dataset/feature/A/AAAA", "")],
        &[("t/.table-dataset/feature/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/kQE=", "")],
    ];
    for files in broken {
        let files = [files, &[("t/.table-dataset/meta/schema.json", schema)]].concat();
        let commit = commit(&repository, &files);
        let dataset = repository.dataset(commit, &path("t")).unwrap().unwrap();
        let mut batches = dataset.batches();
        assert!(batches.next().unwrap().is_err(), "{files:?}");
        assert!(batches.next().is_none(), "nothing comes after an error");
    }
}

#[test]
fn a_schema_without_columns_has_no_features() {
    let (_folder, repository) = repository();
    let commit = commit(
        &repository,
        &[("t/.table-dataset/meta/schema.json", "[]"), ("t/.table-dataset/feature/A/kQE=", "")],
    );
    let dataset = repository.dataset(commit, &path("t")).unwrap().unwrap();
    assert!(dataset.batches().next().unwrap().is_err());
}

#[test]
fn features_added_to_a_layer_are_read_with_the_rest() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "text"), ("v", "integer")]);
    import(&repository, &roads, &[&[Text("a"), Integer(1)], &[Text("b"), Integer(2)]]);
    let more = stage(&repository, &roads, Mode::Add, &[&[Text("b"), Integer(3)], &[Text(""), Integer(4)]]);
    let commit = more.unwrap().publish().unwrap();
    assert_eq!(
        rows(&repository, &commit, "roads"),
        [r#"Text("") Integer(4)"#, r#"Text("a") Integer(1)"#, r#"Text("b") Integer(3)"#]
    );
}

#[test]
fn the_metadata_of_a_layer_is_read_as_it_was_imported() {
    let (_folder, repository) = repository();
    let kind = GeometryType { name: "POINT".into(), z: true, m: false };
    let geometry = DataType::Geometry { kind, crs: Some("EPSG:4326".into()) };
    let mut roads = layer("roads", &[("fid", "integer"), ("name", "text")]);
    roads.schema.columns.push(Column { name: "geom".into(), data_type: geometry, primary_key: false });
    roads.title = Some("Straßen".into());
    roads.description = Some("all of them".into());
    roads.metadata_xml = Some("<x/>".into());
    roads.crs = ["EPSG:4326", "EPSG:4979"]
        .map(|identifier| Crs { identifier: identifier.into(), wkt: format!("of {identifier}") })
        .to_vec();
    let commit = import(&repository, &roads, &[&[Integer(1), Text("a"), Null]]);
    let dataset = repository.dataset(commit.id, &path("roads")).unwrap().unwrap();
    assert_eq!(dataset.layer().unwrap(), roads);
    assert_eq!(roads.geometry_crs().unwrap().wkt, "of EPSG:4326");
    assert_eq!(Some(dataset.tree()), repository.layer_tree(commit.id, &path("roads")).unwrap());
}

#[test]
fn features_are_counted_without_reading_them() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let features: Vec<_> = (0..1000).map(|key| [Integer(key * 50)]).collect();
    let features: Vec<&[_]> = features.iter().map(|row| &row[..]).collect();
    let count = |features| {
        let commit = import(&repository, &roads, features);
        let dataset = repository.dataset(commit.id, &path("roads")).unwrap().unwrap();
        assert_eq!(dataset.feature_tree().is_none(), features.is_empty());
        dataset.feature_count().unwrap()
    };
    assert_eq!(count(&features), 1000);
    assert_eq!(count(&[]), 0);
}

#[test]
fn metadata_that_is_no_text_is_an_error() {
    let (_folder, repository) = repository();
    let folder = tempfile::tempdir().unwrap();
    let meta = folder.path().join("t/.table-dataset/meta");
    std::fs::create_dir_all(&meta).unwrap();
    std::fs::write(meta.join("schema.json"), r#"[{"id": "i", "name": "fid", "dataType": "colour"}]"#)
        .unwrap();
    std::fs::write(meta.join("title"), [0xFF]).unwrap();
    let commit = support::commit_folder(repository.path(), "master", 1000, &[], folder.path());
    let dataset = repository.dataset(commit.parse().unwrap(), &path("t")).unwrap().unwrap();
    assert_eq!(dataset.layer().unwrap_err().to_string(), "a text of the dataset is malformed");
    assert_eq!(dataset.schema().unwrap_err().to_string(), "the type of a column of the dataset is malformed");
}

#[test]
fn features_come_in_the_order_of_their_keys() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let keys: Vec<_> = (0..3000).map(|key| [Integer(key * 37)]).collect();
    let features: Vec<&[_]> = keys.iter().map(|row| &row[..]).collect();
    let commit = import(&repository, &roads, &features);
    let dataset = repository.dataset(commit.id, &path("roads")).unwrap().unwrap();
    let batches: Vec<_> = dataset.batches().collect::<Result<_, _>>().unwrap();
    let read = batches.iter().flat_map(|batch| batch.rows()).map(|row| row.value(0));
    assert!(read.eq(keys.iter().map(|[key]| *key)));
}
