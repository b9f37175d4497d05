//! Compares exported files with what was imported, as GDAL reads them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use longhaul_commands::{ExportError, ExportFormat};
use longhaul_repository::DatasetPath;
use serde_json::{Value, json};

use crate::{
    exports::export,
    golden::golden,
    repositories::{NAMES, serve},
    support::{git::git, harness::Harness},
};

/// Debian's Python, which has the package python3-gdal.
const PYTHON: &str = "/usr/bin/python3";

/// The files that are exported.
pub const FILES: [&str; 9] = [
    "e2e",
    "gpkg-stringpk",
    "gpkg-3d-points",
    "gpkg-au-census",
    "gpkg-editing",
    "gpkg-points",
    "gpkg-points-no-crs",
    "gpkg-polygons",
    "gpkg-types",
];

/// Whether GDAL can be used from Python here; says so where it cannot.
fn has_gdal() -> bool {
    let found = Command::new(PYTHON).args(["-c", "from osgeo import ogr"]).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!(
            "LEFT OUT: exports were not read with GDAL, since Debian's package python3-gdal is missing"
        );
    }
    found
}

fn python(script: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(PYTHON).arg(script).args(arguments).output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()),
    }
}

#[test]
fn gdal_reads_from_every_format_what_was_imported() {
    if !has_gdal() {
        return;
    }
    let mut comparisons = Vec::new();
    // Their folders have the files.
    let mut harnesses = Vec::new();
    let mut files = vec![("natural-earth", natural_earth())];
    let scratch = tempfile::tempdir().unwrap();
    for name in FILES {
        files.extend(golden(name).map(|golden| (name, golden.unpack(name, scratch.path()))));
    }
    for (name, file) in files {
        let harness = Harness::new();
        let commit = harness.import(harness.job(&file));
        comparisons.extend(export_layers(&harness, name, &commit, Some(&file)));
        harnesses.push(harness);
    }
    for name in NAMES {
        let Some(golden) = golden("kart-made-repos") else { break };
        let harness = serve(&golden, name);
        let head = git(harness.git_dir(), &["rev-parse", "HEAD"]);
        comparisons.extend(export_layers(&harness, name, &head, None));
        harnesses.push(harness);
    }
    // One process: GDAL takes a second to start.
    let list = scratch.path().join("comparisons.json");
    std::fs::write(&list, serde_json::to_string(&comparisons).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kart_golden/compare_with_gdal.py");
    let compared = python(script.to_str().unwrap(), &[list.to_str().unwrap()]);
    compared.unwrap_or_else(|differences| panic!("{differences}"));
}

/// The fixture that GDAL made, with three layers of the whole world.
pub fn natural_earth() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/natural-earth-110m.gpkg")
}

/// Exports each layer in each format, and returns what is to be compared: with the layers in `original`; without that, with the
/// layers as GeoPackages.
fn export_layers(harness: &Harness, name: &str, commit: &str, original: Option<&Path>) -> Vec<Value> {
    let id = harness.repository.commit_named(commit).unwrap();
    let mut comparisons = Vec::new();
    for path in harness.repository.datasets(id).unwrap() {
        let package = export(harness, commit, vec![path.clone()], ExportFormat::Gpkg).unwrap();
        for format in ExportFormat::all() {
            let exported = match export(harness, commit, vec![path.clone()], format) {
                Ok(exported) => exported,
                Err(error @ (ExportError::Projection { .. } | ExportError::Sink(_))) => {
                    eprintln!("{name} {path} is not exported as {}: {error}", format.name());
                    continue;
                }
                Err(error) => panic!("{name} {path} {}: {error}", format.name()),
            };
            if is_transformed(harness, commit, &path, format) {
                continue;
            }
            comparisons.push(json!({
                "name": format!("{name} {path}"),
                "format": format.name(),
                "original": original.unwrap_or(&package),
                "layer": path.as_str().replace('/', "__"),
                "exported": exported,
                "key": key(harness, commit, &path),
            }));
        }
    }
    comparisons
}

/// The key, if it is not the number of the row.
fn key(harness: &Harness, commit: &str, path: &DatasetPath) -> Option<String> {
    let schema = schema(harness, commit, path);
    let key = &schema.columns[schema.primary_key()?];
    let is_number = matches!(key.data_type, longhaul_geodata::DataType::Integer { .. });
    (!is_number).then(|| key.name.clone())
}

fn schema(harness: &Harness, commit: &str, path: &DatasetPath) -> longhaul_geodata::Schema {
    let commit = harness.repository.commit_named(commit).unwrap();
    harness.repository.dataset(commit, path).unwrap().unwrap().schema().unwrap()
}

/// Whether the coordinates of the file are not those of the layer.
fn is_transformed(harness: &Harness, commit: &str, path: &DatasetPath, format: ExportFormat) -> bool {
    let commit = harness.repository.commit_named(commit).unwrap();
    let layer = harness.repository.dataset(commit, path).unwrap().unwrap().layer().unwrap();
    let is_wgs84 = layer.geometry_crs().is_none_or(|crs| crs.identifier == "EPSG:4326");
    format.prescribed_crs().is_some() && !is_wgs84
}

#[test]
fn gdals_validator_is_content_with_exported_geopackages() {
    if !has_gdal() {
        return;
    }
    let validator = "/usr/lib/python3/dist-packages/osgeo_utils/samples/validate_gpkg.py";
    if !Path::new(validator).exists() {
        eprintln!("LEFT OUT: GDAL's validate_gpkg.py is not on this machine");
        return;
    }
    let mut files = vec![natural_earth()];
    let harness = Harness::new();
    for name in FILES {
        files.extend(golden(name).map(|golden| golden.unpack(name, harness.scratch())));
    }
    for file in files {
        let harness = Harness::new();
        let commit = harness.import(harness.job(&file));
        let id = harness.repository.commit_named(&commit).unwrap();
        let all = harness.repository.datasets(id).unwrap();
        let exported = export(&harness, &commit, all, ExportFormat::Gpkg).unwrap();
        let result = python(validator, &[exported.to_str().unwrap()]);
        assert_eq!(result, Ok(()), "{}", file.display());
    }
}
