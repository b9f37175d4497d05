//! Test files and import jobs.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use longhaul_commands::{Destination, ImportOsm, OsmFile};
use longhaul_tasks::{Report, ReportValue, Status};

use crate::support::harness::Harness;

/// A job that imports the file at `path`.
pub fn job(harness: &Harness, path: &Path) -> ImportOsm {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    ImportOsm {
        destination: Destination { repository: harness.repository.id().to_owned(), ..Destination::default() },
        file: OsmFile::Uploaded(path.to_owned()),
        uri: name.clone(),
        file_name: name,
        repository_uri: "r".to_owned(),
        ..ImportOsm::default()
    }
}

/// Runs an import that must succeed, and returns its report and the id of its commit.
#[track_caller]
pub fn import(harness: &Harness, job: ImportOsm) -> (Report, String) {
    let task = harness.run(job);
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    let commit = harness.repository.branch_tip("master").unwrap().expect("the import made a commit");
    (Report::clone(task.result.as_ref().unwrap()), commit.to_string())
}

/// The id of the tree of a commit, which depends only on the features.
pub fn tree(harness: &Harness, commit: &str) -> String {
    crate::support::git::git(harness.git_dir(), &["rev-parse", &format!("{commit}^{{tree}}")])
}

/// The number in a report at a path like `OSMReport/nodeCount`.
#[track_caller]
pub fn number(report: &Report, path: &str) -> i64 {
    match member(report, path) {
        Some(ReportValue::Integer(number)) => *number,
        other => panic!("{path} is {other:?}"),
    }
}

/// The warnings of a report.
pub fn warnings(report: &Report) -> Vec<String> {
    let Some(ReportValue::List(warnings)) = member(report, "warnings") else { return Vec::new() };
    warnings
        .iter()
        .map(|warning| if let ReportValue::Text(text) = warning { text.clone() } else { panic!() })
        .collect()
}

pub fn member<'a>(report: &'a Report, path: &str) -> Option<&'a ReportValue> {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let (_, node) = report.members().iter().find(|(found, _)| found == name)?;
    match node {
        ReportValue::Element(inner) if !rest.is_empty() => member(inner, rest),
        node => Some(node),
    }
}

/// Writes an OSM XML file with these elements.
pub fn xml(harness: &Harness, name: &str, elements: &str) -> PathBuf {
    let path = harness.scratch().join(name);
    fs::write(&path, format!("<osm version=\"0.6\">\n{elements}</osm>\n")).unwrap();
    path
}

/// A node in XML, at `lon` degrees east.
pub fn node(id: i64, version: u32, lon: f64) -> String {
    format!("<node id=\"{id}\" version=\"{version}\" lat=\"1.5\" lon=\"{lon}\"/>\n")
}

/// A way in XML through these nodes.
pub fn way(id: i64, version: u32, refs: &[i64]) -> String {
    let mut text = format!("<way id=\"{id}\" version=\"{version}\">");
    refs.iter().for_each(|id| write!(text, "<nd ref=\"{id}\"/>").unwrap());
    text + "</way>\n"
}
