//! The files, and files like them.

use std::{fs, io::Read, path::PathBuf};

use longhaul_commands::ImportOsm;
use longhaul_geodata::Value;
use longhaul_tasks::Status;

use crate::{
    fixtures::{job, warnings, xml},
    support::harness::Harness,
};

/// The file of a report, unpacked once, so that it is as it was reported.
pub fn reported(harness: &Harness, name: &str) -> PathBuf {
    let packed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/osm/reports/files/{name}.gz"));
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(packed).unwrap()).read_to_end(&mut content).unwrap();
    let path = harness.scratch().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Imports the file of a report into an empty repository. Returns the warnings.
#[track_caller]
pub fn import_reported(harness: &Harness, name: &str) -> Vec<String> {
    let file = reported(harness, name);
    succeed(harness, job(harness, &file))
}

/// Runs an import that must succeed. Returns its warnings.
#[track_caller]
pub fn succeed(harness: &Harness, job: ImportOsm) -> Vec<String> {
    let task = harness.run(job);
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    warnings(&task.result.unwrap())
}

/// Runs an import that must fail and change nothing. Returns its error and its warnings.
#[track_caller]
pub fn fail(harness: &Harness, job: ImportOsm) -> (String, Vec<String>) {
    let before = harness.repository_files();
    let task = harness.run(job);
    assert_eq!(task.status, Status::Failed, "{:?}", task.result);
    assert_eq!(harness.repository_files(), before, "a failed import changes nothing");
    let error = harness.error_text(&task.error.unwrap());
    (error, task.result.map(|report| warnings(&report)).unwrap_or_default())
}

/// Imports a file of these elements, which must fail and change nothing.
#[track_caller]
pub fn fail_with(harness: &Harness, elements: &str) -> (String, Vec<String>) {
    let file = xml(harness, "f.osm", elements);
    fail(harness, job(harness, &file))
}

/// Imports a file of these elements. Returns the warnings.
#[track_caller]
pub fn succeed_with(harness: &Harness, elements: &str) -> Vec<String> {
    let file = xml(harness, "f.osm", elements);
    succeed(harness, job(harness, &file))
}

/// The tip of the branch.
#[track_caller]
pub fn tip(harness: &Harness) -> String {
    harness.repository.branch_tip("master").unwrap().expect("there is a commit").to_string()
}

/// The features of a layer, as text.
#[track_caller]
pub fn rows(harness: &Harness, layer: &str) -> Vec<String> {
    crate::support::rows::rows(&harness.repository, &tip(harness), layer)
}

/// The ids of the features of a layer.
#[track_caller]
pub fn ids(harness: &Harness, layer: &str) -> Vec<i64> {
    let mut ids: Vec<i64> =
        rows(harness, layer).iter().map(|row| row.split('|').next().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// The coordinates of the geometry of a feature.
#[track_caller]
pub fn coordinates(harness: &Harness, layer: &str, id: i64) -> Vec<(f64, f64)> {
    for batch in crate::support::rows::layer(&harness.repository, &tip(harness), layer).batches() {
        let batch = batch.unwrap();
        let found = batch.rows().find(|row| row.value(0) == Value::Integer(id));
        let geometry = found.and_then(|row| {
            row.values().find_map(|value| match value {
                Value::Geometry(bytes) => Some(bytes.to_vec()),
                _ => None,
            })
        });
        if let Some(geometry) = geometry {
            return positions(&geometry);
        }
    }
    panic!("{layer} has no geometry of {id}")
}

/// The positions of a point, of a line, or of a polygon without holes, in its stored form.
fn positions(geometry: &[u8]) -> Vec<(f64, f64)> {
    let envelope = if geometry[3] & 0b1110 == 0 { 0 } else { 32 };
    let body = &geometry[8 + envelope..];
    let head = match body[1] {
        1 => 5,
        2 => 9,
        3 => 13,
        other => panic!("the type {other}"),
    };
    let numbers: Vec<f64> =
        body[head..].chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}
