//! What is exported and imported again is what it was.

use std::path::PathBuf;

use longhaul_commands::{Export, ExportError, ExportFormat, ExportProgress, ImportGeopackage};
use longhaul_repository::DatasetPath;
use longhaul_tasks::Status;

use crate::{
    gdal::{FILES, natural_earth},
    golden::golden,
    repositories::{NAMES, serve},
    support::{git::git, harness::Harness},
};

struct NoProgress;

impl ExportProgress for NoProgress {}

/// Exports layers of a commit, into a file that is named after the first of them.
pub fn export(
    harness: &Harness,
    commit: &str,
    layers: Vec<DatasetPath>,
    format: ExportFormat,
) -> Result<PathBuf, ExportError> {
    let folder = harness.scratch().join("exports");
    std::fs::create_dir_all(&folder).unwrap();
    let name = layers[0].as_str().replace('/', "__");
    let path = folder.join(format!("{name}.{}", format.name()));
    let export = Export {
        commit: harness.repository.commit_named(commit).unwrap(),
        root: commit.to_owned(),
        layers: Some(layers),
        format,
        window: None,
        crs: None,
        indexes: None,
    };
    export.write(&harness.repository, &path, &NoProgress)?;
    Ok(path)
}

/// Exports each layer of HEAD and imports it again where it came from; nothing may change.
#[track_caller]
fn assert_a_round_trip_changes_nothing(harness: &Harness, what: &str) {
    let branch = git(harness.git_dir(), &["symbolic-ref", "--short", "HEAD"]);
    let head = git(harness.git_dir(), &["rev-parse", "HEAD"]);
    let commit = harness.repository.commit_named(&head).unwrap();
    let mut wrong = Vec::new();
    for path in harness.repository.datasets(commit).unwrap() {
        let file = export(harness, &head, vec![path.clone()], ExportFormat::Gpkg).unwrap();
        let job = ImportGeopackage {
            branch: Some(branch.clone()),
            dest: Some(path.to_string()),
            ..harness.job(&file)
        };
        let task = harness.run(job);
        let message = task.error.map(|error| error.message.clone()).unwrap_or_default();
        if task.status != Status::Failed || !message.starts_with("Nothing to commit") {
            let changed = match task.status {
                Status::Finished => git(harness.git_dir(), &["diff-tree", "-r", &head, &branch]),
                _ => message,
            };
            wrong.push(format!("{path}: {changed}"));
            git(harness.git_dir(), &["update-ref", &format!("refs/heads/{branch}"), &head]);
        }
    }
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

#[test]
fn importing_an_export_of_what_gdal_made_changes_nothing() {
    let harness = Harness::new();
    harness.import(harness.job(&natural_earth()));
    assert_a_round_trip_changes_nothing(&harness, "natural-earth");
}

#[test]
fn importing_an_export_of_what_kart_imports_changes_nothing() {
    for name in FILES {
        let Some(golden) = golden(name) else { return };
        let harness = Harness::new();
        harness.import(harness.job(&golden.unpack(name, harness.scratch())));
        assert_a_round_trip_changes_nothing(&harness, name);
    }
}

#[test]
fn importing_an_export_of_the_edges_of_every_type_changes_nothing() {
    let Some(golden) = golden("edge") else { return };
    let harness = Harness::new();
    let file = golden.unpack("edge", harness.scratch());
    let mut layers: Vec<String> = golden
        .tree("")
        .iter()
        .filter_map(|file| Some(file.path.split_once("/.table-dataset/")?.0.to_owned()))
        .filter(|layer| !layer.starts_with("composite_pk"))
        .collect();
    layers.dedup();
    for layer in &layers {
        harness.import(ImportGeopackage { layer: Some(layer.clone()), ..harness.job(&file) });
    }
    assert_a_round_trip_changes_nothing(&harness, "edge");
}

#[test]
fn importing_an_export_of_later_versions_changes_nothing() {
    for (folder, files) in [
        ("reimport", &["re-v1", "re-v2", "re-v3", "re-v4", "re-v5", "re-v6"][..]),
        ("reimport-nopk", &["re-nopk1", "re-nopk2"]),
    ] {
        let Some(golden) = golden(folder) else { return };
        let harness = Harness::new();
        for file in files {
            let path = golden.unpack(file, harness.scratch());
            harness.import(ImportGeopackage { dest: Some("layer".into()), ..harness.job(&path) });
            assert_a_round_trip_changes_nothing(&harness, file);
        }
    }
}

#[test]
fn importing_an_export_of_what_kart_made_changes_nothing() {
    let Some(golden) = golden("kart-made-repos") else { return };
    for name in NAMES {
        assert_a_round_trip_changes_nothing(&serve(&golden, name), name);
    }
}
