//! Compares exported files with what was imported, as GDAL reads them.

use std::{path::Path, process::Command};

use longhaul_commands::{ExportError, ExportFormat};
use longhaul_repository::DatasetPath;

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
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/natural-earth-110m.gpkg");
    let mut wrong = compare_file(&Harness::new(), "natural-earth", &fixture);
    for name in FILES {
        let Some(golden) = golden(name) else { break };
        let harness = Harness::new();
        let file = golden.unpack(name, harness.scratch());
        wrong.extend(compare_file(&harness, name, &file));
    }
    for name in NAMES {
        let Some(golden) = golden("kart-made-repos") else { break };
        let harness = serve(&golden, name);
        let head = git(harness.git_dir(), &["rev-parse", "HEAD"]);
        wrong.extend(compare_layers(&harness, name, &head, None));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Imports the file, exports each layer in each format, and returns the differences.
fn compare_file(harness: &Harness, name: &str, file: &Path) -> Vec<String> {
    let commit = harness.import(harness.job(file));
    compare_layers(harness, name, &commit, Some(file))
}

/// Compares the exports of each layer with the layer in `original`; without that, with the layer as a GeoPackage.
fn compare_layers(harness: &Harness, name: &str, commit: &str, original: Option<&Path>) -> Vec<String> {
    let id = harness.repository.commit_named(commit).unwrap();
    let mut wrong = Vec::new();
    for path in harness.repository.datasets(id).unwrap() {
        let package = export(harness, commit, vec![path.clone()], ExportFormat::Gpkg).unwrap();
        let original = original.unwrap_or(&package);
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
            let differences = compare(harness, commit, &path, format, [original, &exported]);
            wrong.extend(differences.map(|text| format!("{name} {path} {}: {text}", format.name())));
        }
    }
    wrong
}

/// What GDAL reads differently from the original and the exported file.
fn compare(
    harness: &Harness,
    commit: &str,
    path: &DatasetPath,
    format: ExportFormat,
    files: [&Path; 2],
) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kart_golden/compare_with_gdal.py");
    let [original, exported] = files.map(|path| path.to_str().unwrap());
    let key = key(harness, commit, path);
    let table = path.as_str().replace('/', "__");
    let mut arguments = vec![format.name(), original, &table, exported];
    arguments.extend(key.as_deref());
    python(script.to_str().unwrap(), &arguments).err()
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
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/natural-earth-110m.gpkg");
    let mut files = vec![fixture];
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
