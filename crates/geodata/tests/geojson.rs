//! Geometries as GeoJSON, and their extents.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use longhaul_geodata::geometry::{
    Extent, GeoJsonError, GeoJsonOptions, GeometryError, measure, write_geojson, write_line, write_point,
    write_polygon,
};
use proptest::prelude::*;

const PLAIN: GeoJsonOptions = GeoJsonOptions { swap_axes: false, drop_measures: false };

fn geojson(stored: &[u8]) -> String {
    let mut out = Vec::new();
    write_geojson(stored, PLAIN, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The stored form without an envelope of a body.
fn stored(body: &[u8]) -> Vec<u8> {
    [b"GP\0\x01\0\0\0\0", body].concat()
}

/// A geometry of `code` that begins with a count, or with positions if there is none.
fn body(code: u32, count: Option<u32>, rest: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![1];
    out.extend_from_slice(&code.to_le_bytes());
    out.extend(count.into_iter().flat_map(u32::to_le_bytes));
    out.extend(rest.concat());
    out
}

fn floats(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn points_and_lines_are_written_with_all_their_digits() {
    let mut point = Vec::new();
    write_point((7.192_336_7, -0.1), &mut point);
    assert_eq!(geojson(&point), r#"{"type":"Point","coordinates":[7.1923367,-0.1]}"#);
    let mut line = Vec::new();
    write_line([(1.0, 1e300), (-0.0, 5e-324)].into_iter(), &mut line);
    assert_eq!(geojson(&line), r#"{"type":"LineString","coordinates":[[1,1e+300],[-0,5e-324]]}"#);
    let mut swapped = Vec::new();
    write_geojson(&point, GeoJsonOptions { swap_axes: true, ..PLAIN }, &mut swapped).unwrap();
    assert_eq!(swapped, br#"{"type":"Point","coordinates":[-0.1,7.1923367]}"#);
}

#[test]
fn outer_rings_run_counterclockwise_and_inner_ones_clockwise() {
    let counterclockwise = [(0.0, 0.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)];
    let clockwise: Vec<_> = counterclockwise.iter().rev().copied().collect();
    let expected =
        r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[0,4],[0,0]],[[0,0],[0,4],[4,0],[0,0]]]}"#;
    for (outer, inner) in [(&counterclockwise[..], &clockwise[..]), (&clockwise, &counterclockwise)] {
        let mut polygon = Vec::new();
        write_polygon([outer.iter().copied(), inner.iter().copied()], &mut polygon);
        assert_eq!(geojson(&polygon), expected);
    }
}

#[test]
fn parts_heights_and_empty_geometries_have_their_form() {
    let nan = floats(&[f64::NAN, f64::NAN]);
    let empty_point = body(1, None, &[&nan]);
    let point = body(1, None, &[&floats(&[1.0, 2.0])]);
    assert_eq!(geojson(&stored(&empty_point)), r#"{"type":"Point","coordinates":[]}"#);
    assert_eq!(geojson(&stored(&body(3, Some(0), &[]))), r#"{"type":"Polygon","coordinates":[]}"#);
    let multi = body(4, Some(3), &[&empty_point, &point, &empty_point]);
    assert_eq!(geojson(&stored(&multi)), r#"{"type":"MultiPoint","coordinates":[[1,2]]}"#);
    let high = body(1001, None, &[&floats(&[1.0, 2.0, 3.5])]);
    let collection = body(7, Some(2), &[&point, &body(7, Some(1), &[&high])]);
    assert_eq!(
        geojson(&stored(&collection)),
        r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2,3.5]}]}]}"#
    );
    let ring = floats(&[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let triangle = body(17, Some(1), &[&4_u32.to_le_bytes(), &ring]);
    let tin = body(16, Some(1), &[&triangle]);
    assert_eq!(
        geojson(&stored(&tin)),
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[0,1],[0,0]]]]}"#
    );
}

#[test]
fn what_geojson_does_not_have_is_an_error_and_nothing_is_written() {
    let measured = stored(&body(2001, None, &[&floats(&[1.0, 2.0, 9.0])]));
    let arc = stored(&body(8, Some(3), &[&floats(&[0.0, 0.0, 1.0, 1.0, 2.0, 0.0])]));
    let in_collection = stored(&body(7, Some(1), &[&body(8, Some(1), &[&floats(&[0.0, 0.0])])]));
    let too_short = stored(&body(2, Some(9), &[&floats(&[1.0, 2.0])]));
    for (geometry, expected) in [
        (&measured, GeoJsonError::Measures),
        (&arc, GeoJsonError::Curve("CIRCULARSTRING")),
        (&in_collection, GeoJsonError::Curve("CIRCULARSTRING")),
        (&too_short, GeoJsonError::Geometry(GeometryError::Short)),
    ] {
        let mut out = b"before".to_vec();
        assert_eq!(write_geojson(geometry, PLAIN, &mut out), Err(expected));
        assert_eq!(out, b"before");
    }
    let mut out = Vec::new();
    write_geojson(&measured, GeoJsonOptions { drop_measures: true, ..PLAIN }, &mut out).unwrap();
    assert_eq!(out, br#"{"type":"Point","coordinates":[1,2]}"#);
}

#[test]
fn an_extent_comes_from_the_coordinates() {
    let mut line = Vec::new();
    write_line([(1.0, 5.0), (-3.0, 2.0)].into_iter(), &mut line);
    // The envelope in the header is overwritten: nothing reads it.
    line[8..40].fill(0);
    let extent = |min_x, min_y, max_x, max_y| Some(Extent { min_x, min_y, max_x, max_y });
    let measured = measure(&line).unwrap();
    assert_eq!((measured.code.get(), measured.extent), (2, extent(-3.0, 2.0, 1.0, 5.0)));
    let arc = stored(&body(8, Some(3), &[&floats(&[0.0, 0.0, 1.0, 1.0, 2.0, 0.0])]));
    assert_eq!(measure(&arc).unwrap().extent, extent(0.0, 0.0, 2.0, 1.0));
    let empty = stored(&body(1, None, &[&floats(&[f64::NAN, f64::NAN])]));
    assert_eq!(measure(&empty).unwrap().extent, None);
    let partly = stored(&body(2, Some(2), &[&floats(&[f64::NAN, 0.0, 3.0, 4.0])]));
    assert_eq!(measure(&partly).unwrap().extent, extent(3.0, 4.0, 3.0, 4.0));
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let stored = stored(&bytes);
        let _ = measure(&stored);
        let mut out = Vec::new();
        let _ = write_geojson(&stored, PLAIN, &mut out);
    }
}
