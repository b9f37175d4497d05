//! Layers that are staged without a file.

use longhaul_geodata::{Batch, Column, DataType, Layer, Schema, Value};
use longhaul_repository::{
    Commit, CommitDetails, DatasetPath, Identity, Mode, Repository, Stage, StageError, StagedCommit,
};

/// Column `fid` is the primary key.
pub const KEY: &str = "fid";

/// A layer of columns given as name and type: `integer`, `text`, `real` or `blob`.
pub fn layer(name: &str, columns: &[(&str, &str)]) -> Layer {
    let column = |(name, kind): &(&str, &str)| Column {
        name: (*name).to_owned(),
        data_type: match *kind {
            "integer" => DataType::Integer { size: 64 },
            "real" => DataType::Float { size: 64 },
            "blob" => DataType::Blob { length: None },
            _ => DataType::Text { length: None },
        },
        primary_key: *name == KEY,
    };
    let schema = Schema { columns: columns.iter().map(column).collect() };
    Layer { name: name.to_owned(), schema, ..Layer::default() }
}

/// Rows in a batch.
pub fn batch(rows: &[&[Value<'_>]]) -> Batch {
    let mut batch = Batch::new(rows.first().map_or(1, |row| row.len()));
    rows.iter().flat_map(|row| row.iter()).for_each(|value| batch.push(*value));
    batch
}

/// Who commits here, and when.
pub fn details() -> CommitDetails {
    CommitDetails {
        author: Identity::fallback(),
        committer: Identity::fallback(),
        message: None,
        source: "a test".to_owned(),
        time: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

/// A commit of one layer, ready to be published.
pub fn stage(
    repository: &Repository,
    layer: &Layer,
    mode: Mode,
    rows: &[&[Value<'_>]],
) -> Result<StagedCommit, StageError> {
    let mut stage = Stage::open(repository, "master")?;
    let path = DatasetPath::new(&layer.name)?;
    let mut layer = stage.layer(&path, layer, mode)?;
    let mut writer = layer.writer(&stage);
    writer.write(&batch(rows))?;
    layer.collect(writer.finish()?);
    stage.finish(layer)?;
    stage.commit(&details())
}

/// Commits one layer.
pub fn import(repository: &Repository, layer: &Layer, rows: &[&[Value<'_>]]) -> Commit {
    stage(repository, layer, Mode::Replace, rows).unwrap().publish().unwrap()
}

/// The features of a layer, by their values.
pub fn rows(repository: &Repository, commit: &Commit, path: &str) -> Vec<String> {
    let path = DatasetPath::new(path).unwrap();
    let dataset = repository.dataset(commit.id, &path).unwrap().expect("the layer is there");
    let mut rows = Vec::new();
    for batch in dataset.batches() {
        for row in batch.unwrap().rows() {
            rows.push(row.values().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" "));
        }
    }
    rows.sort();
    rows
}
