//! Runs imports of the files, and reads what they made and said.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{Report, ReportValue, Status};

use crate::support::{git::git, harness::Harness, rows};

/// What an import ended with.
#[derive(Debug)]
pub struct Outcome {
    /// The error with its causes; none if it succeeded.
    pub error: Option<String>,
    pub warnings: Vec<String>,
}

/// The file of a report, without the packing that does not belong to it.
pub fn report(harness: &Harness, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/geopackage_reports/files");
    let (bytes, name) = match fs::read(folder.join(format!("{name}.gz"))) {
        Ok(packed) => {
            let mut bytes = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
            (bytes, name)
        }
        Err(_) => (fs::read(folder.join(name)).unwrap(), name),
    };
    let path = harness.scratch().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Runs a job to its end.
#[track_caller]
pub fn run(harness: &Harness, job: ImportGeopackage) -> Outcome {
    let task = harness.run(job);
    let warnings = task.result.as_deref().map(warnings_of).unwrap_or_default();
    let error = task.error.map(|error| harness.error_text(&error));
    assert_eq!(error.is_none(), task.status == Status::Finished, "{error:?}");
    Outcome { error, warnings }
}

/// Imports all layers of a report's file, which must succeed; returns the warnings.
#[track_caller]
pub fn import(harness: &Harness, name: &str) -> Vec<String> {
    let outcome = run(harness, harness.job(&report(harness, name)));
    assert_eq!(outcome.error, None, "{name}");
    outcome.warnings
}

/// Imports all layers of a file, which must succeed; returns the warnings.
#[track_caller]
pub fn import_file(harness: &Harness, file: &Path) -> Vec<String> {
    let outcome = run(harness, harness.job(file));
    assert_eq!(outcome.error, None, "{}", file.display());
    outcome.warnings
}

fn warnings_of(report: &Report) -> Vec<String> {
    let list = report.members().iter().find(|(name, _)| name == "warning").map(|(_, list)| list);
    let Some(ReportValue::List(items)) = list else { return Vec::new() };
    let text = |item: &ReportValue| match item {
        ReportValue::Text(text) => text.clone(),
        other => panic!("a warning is a text: {other:?}"),
    };
    items.iter().map(text).collect()
}

pub fn head(harness: &Harness) -> String {
    harness.repository.branch_tip("master").unwrap().expect("there is a commit").to_string()
}

/// The layers of the newest commit.
pub fn layers(harness: &Harness) -> Vec<String> {
    let datasets = harness.repository.datasets(head(harness).parse().unwrap()).unwrap();
    datasets.iter().map(ToString::to_string).collect()
}

/// The rows of a layer of the newest commit.
pub fn rows(harness: &Harness, layer: &str) -> Vec<String> {
    rows::rows(&harness.repository, &head(harness), layer)
}

/// An item of a layer's metadata in the newest commit.
pub fn meta(harness: &Harness, layer: &str, item: &str) -> String {
    git(harness.git_dir(), &["show", &format!("{}:{layer}/.table-dataset/meta/{item}", head(harness))])
}

/// The names of a layer's reference systems.
pub fn reference_systems(harness: &Harness, layer: &str) -> String {
    let folder = format!("{}:{layer}/.table-dataset/meta", head(harness));
    git(harness.git_dir(), &["ls-tree", "-r", "--name-only", &folder, "crs/"])
}

/// The message of the newest commit.
pub fn message(harness: &Harness) -> String {
    git(harness.git_dir(), &["log", "-1", "--format=%B", "master"]).trim_end().to_owned()
}
