//! What the stored form of a geometry is.

use std::fs;
use std::path::Path;

use longhaul_geodata::geometry::normalise;

use crate::encoding::*;

#[test]
fn a_geometry_in_the_wanted_form_only_loses_its_reference_system() {
    let body = line(Little, LINE, 2, &[0.0, 5.0, -1.0, 7.0]);
    let wrong_envelope = [-100.0, 100.0, -100.0, 100.0];
    let input = [header(Little, XY, &wrong_envelope), body.clone()].concat();
    assert_eq!(normalised(&input).unwrap(), expected(XY, &wrong_envelope, &body));
}

#[test]
fn unused_flags_and_big_endian_parts_of_a_geometry_in_the_wanted_form_stay() {
    let body = parts(Little, 4, &[point(Big, POINT, &[1.0, 2.0])]);
    let input = [header(Little, XY | 0b1100_0000, &[1.0, 1.0, 2.0, 2.0]), body.clone()].concat();
    assert_eq!(normalised(&input).unwrap(), expected(XY | 0b1100_0000, &[1.0, 1.0, 2.0, 2.0], &body));
}

#[test]
fn a_missing_envelope_is_computed() {
    let body = polygon(Little, &[0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 0.0]);
    assert_eq!(stored(&body), expected(XY, &[0.0, 4.0, 0.0, 3.0], &body));
}

#[test]
fn big_endian_geometries_become_little_endian_in_all_their_parts() {
    let input =
        parts(Big, COLLECTION, &[point(Big, POINT, &[1.0, 2.0]), polygon(Big, &[3.0, 4.0, 5.0, 6.0])]);
    let output = parts(
        Little,
        COLLECTION,
        &[point(Little, POINT, &[1.0, 2.0]), polygon(Little, &[3.0, 4.0, 5.0, 6.0])],
    );
    assert_eq!(stored(&input), expected(XY, &[1.0, 5.0, 2.0, 6.0], &output));
}

#[test]
fn old_codes_for_three_dimensions_become_those_of_iso() {
    let old = line(Little, OLD_Z | LINE, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let iso = line(Little, 1000 + LINE, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let envelope = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    assert_eq!(stored(&old), expected(0b0100, &envelope, &iso));

    let with_envelope = [header(Little, 0b0100, &envelope), old].concat();
    assert_eq!(normalised(&with_envelope).unwrap(), expected(0b0100, &envelope, &iso));
}

#[test]
fn an_old_code_hidden_in_a_part_becomes_that_of_iso() {
    let old = parts(Little, 1004, &[point(Little, OLD_Z | POINT, &[1.0, 2.0, 3.0])]);
    let iso = parts(Little, 1004, &[point(Little, 1001, &[1.0, 2.0, 3.0])]);
    let envelope = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
    let input = [header(Little, 0b0100, &envelope), old].concat();
    assert_eq!(normalised(&input).unwrap(), expected(0b0100, &envelope, &iso));
}

#[test]
fn an_empty_point_has_no_envelope() {
    let body = point(Little, POINT, &[f64::NAN, f64::NAN]);
    assert_eq!(stored(&body), expected(0, &[], &body));
    let with_envelope = [header(Little, XY | EMPTY, &[f64::NAN; 4]), body.clone()].concat();
    assert_eq!(normalised(&with_envelope).unwrap(), expected(EMPTY, &[], &body));
}

#[test]
fn the_envelope_of_an_arc_reaches_as_far_as_the_arc() {
    let quarter = |x: f64, y: f64| (x * f64::sqrt(0.5), y * f64::sqrt(0.5));
    let (right_top, left_top) = (quarter(1.0, 1.0), quarter(-1.0, 1.0));
    let body = line(
        Little,
        CIRCULAR,
        2,
        &[right_top.0, right_top.1, 0.0, 1.0, left_top.0, left_top.1, -1.0, 0.0, left_top.0, -left_top.1],
    );
    let stored = stored(&body);
    let [min_x, max_x, min_y, max_y] = envelope(&stored);
    assert!((min_x + 1.0).abs() < 1e-12, "{min_x}");
    assert_eq!((max_x, min_y), (right_top.0, -left_top.1));
    assert!((max_y - 1.0).abs() < 1e-12, "{max_y}");
}

#[test]
fn the_envelope_of_a_circle_is_that_of_all_of_it() {
    let body = line(Little, CIRCULAR, 2, &[10.0, 20.0, 14.0, 20.0, 10.0, 20.0]);
    assert_eq!(envelope(&stored(&body)), [10.0, 14.0, 18.0, 22.0]);
}

#[test]
fn an_arc_that_is_a_straight_line_has_the_envelope_of_its_points() {
    let body = line(Little, CIRCULAR, 2, &[0.0, 0.0, 1.0, 1.0, 3.0, 3.0]);
    assert_eq!(envelope(&stored(&body)), [0.0, 3.0, 0.0, 3.0]);
}

/// The plane envelope of a stored form.
fn envelope(stored: &[u8]) -> [f64; 4] {
    assert_eq!(stored[3], 0b0011);
    [8, 16, 24, 32].map(|at| f64::from_le_bytes(stored[at..at + 8].try_into().unwrap()))
}

#[test]
fn bytes_after_the_end_are_counted_kept_by_a_copy_and_lost_otherwise() {
    let body = [point(Little, POINT, &[1.0, 2.0]), vec![7; 3]].concat();
    let as_stored = [header(Little, 0, &[]), body.clone()].concat();
    let mut out = Vec::new();
    assert_eq!(normalise(&as_stored, &mut out).unwrap().trailing, 3);
    assert_eq!(out.len(), as_stored.len());
    assert!(out.ends_with(&[7; 3]));

    let with_envelope = [header(Little, 0b0010, &[1.0, 1.0, 2.0, 2.0]), body].concat();
    out.clear();
    assert_eq!(normalise(&with_envelope, &mut out).unwrap().trailing, 3);
    assert_eq!(out, as_stored_point());
}

/// The stored form of the point (1, 2).
fn as_stored_point() -> Vec<u8> {
    let mut out = Vec::new();
    longhaul_geodata::geometry::write_point((1.0, 2.0), &mut out);
    out
}

#[test]
fn a_geometry_is_added_to_what_is_there_already() {
    let input = [header(Little, 0, &[]), point(Little, POINT, &[1.0, 2.0])].concat();
    let mut out = b"before".to_vec();
    normalise(&input, &mut out).unwrap();
    assert_eq!(out[..6], *b"before");
    assert_eq!(out[6..], normalised(&input).unwrap());
}

/// Pairs of a geometry and what Kart stores for it, which is the authority on the form.
#[test]
fn the_stored_form_is_that_of_kart() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden/geom_normalise.tsv");
    let Ok(pairs) = fs::read_to_string(&file) else {
        eprintln!("left out: the geometries stored by Kart are not on this machine");
        return;
    };
    let mut compared = 0;
    for pair in pairs.lines().skip(1) {
        let [label, input, output] = pair.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let ours = normalised(&from_hex(input)).unwrap();
        match output.starts_with("ERROR") {
            true => assert_eq!(ours[8 + usize::from(ours[3] >> 1 & 7) * 24..][2], 3, "{label}: not ISO"),
            false => assert_eq!(ours, from_hex(output), "{label}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 45);
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()).collect()
}
