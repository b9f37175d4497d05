//! Compares the features that [`longhaul_repository::Dataset`] reads with those that Kart reads.

use std::collections::BTreeMap;

use longhaul_geodata::Value;
use longhaul_repository::{Dataset, KartColumn, Repository};
use serde_json::{Value as Json, json};

/// Rows by dataset and key.
type Rows = BTreeMap<(String, String), Json>;

/// Compares all features of a commit, except in excluded datasets.
#[track_caller]
pub fn assert_same_rows(
    repository: &Repository,
    commit: &str,
    karts: Vec<(String, Json)>,
    is_compared: impl Fn(&str) -> bool,
) {
    let commit = commit.parse().unwrap();
    let mut theirs = Rows::new();
    let mut ours = Rows::new();
    for path in repository.datasets(commit).unwrap() {
        if !is_compared(path.as_str()) {
            continue;
        }
        let dataset = repository.dataset(commit, &path).unwrap().unwrap();
        read(&dataset, &mut ours);
        for (_, row) in karts.iter().filter(|(dataset, _)| dataset == path.as_str()) {
            let key = key_in(row, dataset.columns());
            assert!(theirs.insert((path.to_string(), key), row.clone()).is_none());
        }
    }
    assert_eq!(theirs.len(), karts.iter().filter(|(dataset, _)| is_compared(dataset)).count());
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (key, our) in &ours {
        let their = &theirs[key];
        assert!(is_same(our, their), "{key:?}: we read {our}, Kart {their}");
    }
}

fn read(dataset: &Dataset, rows: &mut Rows) {
    let columns = dataset.columns();
    for batch in dataset.batches() {
        for row in batch.unwrap().rows() {
            let values = columns.iter().zip(row.values());
            let row: Json =
                values.map(|(column, value)| (column.name.clone(), shown(column, value))).collect();
            let key = (dataset.path().to_string(), key_in(&row, columns));
            assert!(rows.insert(key, row).is_none(), "a feature comes once");
        }
    }
}

fn key_in(row: &Json, columns: &[KartColumn]) -> String {
    let key = columns.iter().find(|column| column.primary_key_index == Some(0)).unwrap();
    row[&key.name].to_string()
}

/// A value in the form that Kart prints.
fn shown(column: &KartColumn, value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => json!(truth),
        Value::Integer(number) => json!(number),
        // JSON has no such numbers. Another test compares their bytes.
        Value::Float(number) if number.is_infinite() => Json::Null,
        Value::Float(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => json!(hex(bytes).to_lowercase()),
        Value::Geometry(bytes) => {
            assert_eq!(column.data_type, "geometry");
            json!(hex(well_known_binary(bytes)))
        }
    }
}

/// The WKB after the header of a GeoPackage geometry.
fn well_known_binary(geometry: &[u8]) -> &[u8] {
    assert!(geometry.starts_with(b"GP"));
    let envelope = [0, 32, 48, 48, 64][usize::from(geometry[3] >> 1 & 7)];
    &geometry[8 + envelope..]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A number may lose its last bit when it is printed and parsed. Another test compares the bytes.
fn is_same(our: &Json, their: &Json) -> bool {
    match (our, their) {
        (Json::Object(our), Json::Object(their)) => {
            our.len() == their.len()
                && our.iter().all(|(name, value)| their.get(name).is_some_and(|other| is_same(value, other)))
        }
        (Json::Number(our), Json::Number(their)) if our.is_f64() && their.is_f64() => {
            let (our, their) = (our.as_f64().unwrap(), their.as_f64().unwrap());
            (our - their).abs() <= our.abs() * f64::EPSILON
        }
        (our, their) => our == their,
    }
}
