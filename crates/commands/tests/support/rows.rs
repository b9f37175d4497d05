//! The features of a commit as text.

use longhaul_geodata::Value;
use longhaul_repository::{Dataset, DatasetPath, Repository};

/// A layer, which must exist.
pub fn layer(repository: &Repository, commit: &str, path: &str) -> Dataset {
    let path = DatasetPath::new(path).unwrap();
    let dataset = repository.dataset(commit.parse().unwrap(), &path).unwrap();
    dataset.unwrap_or_else(|| panic!("there is a layer {path}"))
}

/// The features of a layer as `1|High Street`, sorted.
pub fn rows(repository: &Repository, commit: &str, path: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in layer(repository, commit, path).batches() {
        let batch = batch.unwrap();
        rows.extend(batch.rows().map(|row| row.values().map(shown).collect::<Vec<_>>().join("|")));
    }
    rows.sort();
    rows
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) => text.to_owned(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
        Value::Geometry(_) => "geometry".to_owned(),
    }
}
