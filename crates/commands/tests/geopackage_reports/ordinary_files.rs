//! Files without anomalies, of which nothing is to be said.

use std::{
    fs,
    path::{Path, PathBuf},
};

use longhaul_commands::ImportGeopackage;

use crate::{
    outcome::{import_file, run},
    support::harness::Harness,
};

#[test]
fn natural_earth_has_no_warnings() {
    let harness = Harness::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/natural-earth-110m.gpkg");
    assert_eq!(import_file(&harness, &file), [""; 0]);
}

/// The files of which Kart's imports are known, but for `edge`, which was made to be odd.
#[test]
fn ordinary_files_of_kart_have_no_warnings() {
    let Some(files) = golden_files() else { return };
    assert!(files.len() > 14, "{files:?}");
    for packed in files.iter().filter(|file| !file.ends_with("edge.gpkg.gz")) {
        let harness = Harness::new();
        assert_eq!(import_file(&harness, &unpacked(&harness, packed)), [""; 0], "{}", packed.display());
    }
}

#[test]
fn of_a_file_that_was_made_to_be_odd_everything_odd_is_told_once() {
    let Some(files) = golden_files() else { return };
    let edge = files.iter().find(|file| file.ends_with("edge.gpkg.gz")).expect("it is one of them");
    let harness = Harness::new();
    let except = ["composite_pk", "composite_pk_rev"].map(str::to_owned).to_vec();
    let outcome = run(&harness, ImportGeopackage { except, ..harness.job(&unpacked(&harness, edge)) });
    assert_eq!(outcome.error, None);
    let misfit = |layer: &str, column: &str, declared: &str, row: &str| {
        format!(
            "layer \"{layer}\": column \"{column}\": 1 value is not of its type {declared}, in row {row}; it was kept unchanged"
        )
    };
    let misfits = |column: &str, declared: &str| {
        format!(
            "layer \"types_all\": column \"{column}\": 2 values are not of its type {declared}, in rows 4, 5; they were kept unchanged"
        )
    };
    assert_eq!(
        outcome.warnings,
        [
            "\"a_view\" is a view, which is not run, and was left out".to_owned(),
            "layer \"types_all\": 6 columns have types that GeoPackage does not define for attributes, and were imported as \
             text, with their values unchanged: \"vc\" has the type \"VARCHAR(20)\", \"big\" has the type \"BIGINT\", \"num\" \
             has the type \"NUMERIC(10,2)\" and 3 more"
                .to_owned(),
            misfit("custom_crs", "geom", "MULTIPOLYGON Z", "1"),
            misfit("slash_crs", "geom", "POINT M", "1"),
            misfits("b", "BOOLEAN"),
            misfit("types_all", "i64", "INTEGER", "5"),
            misfit("types_all", "dbl", "DOUBLE", "5"),
            misfit("types_all", "bl", "BLOB", "5"),
            misfit("types_all", "d", "DATE", "4"),
            misfits("dt", "DATETIME"),
            misfit("undef_crs", "the_geom", "LINESTRING ZM", "1"),
        ]
    );
}

/// The packed GeoPackages; `None`, with a message, if they are not on this machine.
fn golden_files() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden");
    if !folder.is_dir() {
        eprintln!("LEFT OUT: the files made by Kart are not on this machine");
        return None;
    }
    let entries =
        |folder: &Path| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let files = entries(&folder).flat_map(|folder| entries(&folder));
    Some(files.filter(|file| file.to_string_lossy().ends_with(".gpkg.gz")).collect())
}

fn unpacked(harness: &Harness, packed: &Path) -> PathBuf {
    let path = harness.scratch().join(packed.file_stem().unwrap());
    let mut packed = flate2::read::GzDecoder::new(fs::File::open(packed).unwrap());
    std::io::copy(&mut packed, &mut fs::File::create(&path).unwrap()).unwrap();
    path
}
