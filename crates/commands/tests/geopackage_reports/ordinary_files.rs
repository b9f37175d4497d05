//! Files without warning_texts, of which nothing is to be said.

use std::{fs, path::Path};

use crate::{outcome::import_file, support::harness::Harness};

#[test]
fn natural_earth_has_no_warnings() {
    let harness = Harness::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/natural-earth-110m.gpkg");
    assert_eq!(import_file(&harness, &file), [""; 0]);
}

/// The files of which Kart's imports are known. Those named here were made to be odd.
#[test]
fn ordinary_files_of_kart_have_no_warnings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden");
    if !folder.is_dir() {
        eprintln!("LEFT OUT: the files made by Kart are not on this machine");
        return;
    }
    let mut checked = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let packed = folder.join(&name).join(format!("{name}.gpkg.gz"));
        if !packed.is_file() || name == "edge" {
            continue;
        }
        let harness = Harness::new();
        let path = harness.scratch().join(format!("{name}.gpkg"));
        let mut bytes = Vec::new();
        let mut packed = flate2::read::GzDecoder::new(fs::File::open(packed).unwrap());
        std::io::Read::read_to_end(&mut packed, &mut bytes).unwrap();
        fs::write(&path, bytes).unwrap();
        assert_eq!(import_file(&harness, &path), [""; 0], "{name}");
        checked += 1;
    }
    assert!(checked > 5, "{checked}");
}
