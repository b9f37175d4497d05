//! The stored form of geometries.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::path::Path;

use longhaul_geodata::GeometryType;
use longhaul_geodata::geometry::{AllowedKinds, GeometryError, normalise};
use proptest::prelude::*;

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const COLLECTION: u32 = 7;
const CIRCULAR: u32 = 8;
const OLD_Z: u32 = 0x8000_0000;

const XY: u8 = 0b0010;
const EMPTY: u8 = 0b1_0000;
const EXTENDED: u8 = 0b10_0000;

/// How the numbers of a geometry are ordered.
#[derive(Clone, Copy, Debug)]
enum Order {
    Big,
    Little,
}
use Order::{Big, Little};

fn number(order: Order, value: u32) -> [u8; 4] {
    match order {
        Big => value.to_be_bytes(),
        Little => value.to_le_bytes(),
    }
}

fn floats(order: Order, values: &[f64]) -> Vec<u8> {
    let bytes = values.iter().map(|value| match order {
        Big => value.to_be_bytes(),
        Little => value.to_le_bytes(),
    });
    bytes.flatten().collect()
}

fn header(order: Order, flags: u8, envelope: &[f64]) -> Vec<u8> {
    let little = u8::from(matches!(order, Little));
    let mut bytes = vec![b'G', b'P', 0, flags | little];
    bytes.extend(number(order, 4326));
    bytes.extend(floats(order, envelope));
    bytes
}

fn start(order: Order, code: u32) -> Vec<u8> {
    let mut bytes = vec![u8::from(matches!(order, Little))];
    bytes.extend(number(order, code));
    bytes
}

fn point(order: Order, code: u32, coordinates: &[f64]) -> Vec<u8> {
    [start(order, code), floats(order, coordinates)].concat()
}

/// A line or another geometry with one list of positions of `dimensions` numbers each.
fn line(order: Order, code: u32, dimensions: usize, coordinates: &[f64]) -> Vec<u8> {
    let count = (coordinates.len() / dimensions) as u32;
    [start(order, code), number(order, count).to_vec(), floats(order, coordinates)].concat()
}

/// A polygon with one ring in the plane.
fn polygon(order: Order, ring: &[f64]) -> Vec<u8> {
    let counts = [number(order, 1), number(order, (ring.len() / 2) as u32)].concat();
    [start(order, POLYGON), counts, floats(order, ring)].concat()
}

/// A geometry made of others.
fn parts(order: Order, code: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    [start(order, code), number(order, parts.len() as u32).to_vec(), parts.concat()].concat()
}

fn normalised(geometry: &[u8]) -> Result<Vec<u8>, GeometryError> {
    let mut out = Vec::new();
    normalise(geometry, &mut out).map(|_| out)
}

/// The stored form of a geometry without an envelope.
fn stored(body: &[u8]) -> Vec<u8> {
    normalised(&[header(Little, 0, &[]), body.to_vec()].concat()).unwrap()
}

/// The stored form with this envelope kind, envelope and body.
fn expected(flags: u8, envelope: &[f64], body: &[u8]) -> Vec<u8> {
    let mut bytes = [header(Little, flags, envelope), body.to_vec()].concat();
    bytes[4..8].fill(0);
    bytes
}

fn error(body: &[u8]) -> GeometryError {
    normalised(&[header(Little, 0, &[]), body.to_vec()].concat()).unwrap_err()
}

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
fn what_is_no_geopackage_geometry_is_refused() {
    let body = point(Little, POINT, &[1.0, 2.0]);
    assert_eq!(normalised(&body), Err(GeometryError::NoMagic));
    assert_eq!(normalised(b""), Err(GeometryError::NoMagic));
    assert_eq!(normalised(b"GP"), Err(GeometryError::Short));
    let mut version_1 = header(Little, 0, &[]);
    version_1[2] = 1;
    assert_eq!(normalised(&version_1), Err(GeometryError::Version(1)));
    assert_eq!(normalised(&header(Little, EXTENDED, &[])), Err(GeometryError::Extended));
    assert_eq!(normalised(&header(Little, 0b1010, &[])), Err(GeometryError::Envelope(5)));
}

#[test]
fn a_geometry_cut_off_anywhere_is_refused() {
    let body = parts(
        Little,
        COLLECTION,
        &[
            point(Little, POINT, &[1.0, 2.0]),
            polygon(Big, &[3.0, 4.0, 5.0, 6.0]),
            parts(Little, COLLECTION, &[]),
        ],
    );
    let whole = [header(Little, XY, &[1.0, 5.0, 2.0, 6.0]), body].concat();
    normalised(&whole).unwrap();
    for length in 2..whole.len() {
        assert_eq!(
            normalised(&whole[..length]),
            Err(GeometryError::Short),
            "{length} of {} bytes",
            whole.len()
        );
    }
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
fn a_decoded_geometry_tells_its_type_and_which_columns_may_hold_it() {
    let summary =
        |body: &[u8]| normalise(&[header(Little, 0, &[]), body.to_vec()].concat(), &mut Vec::new()).unwrap();
    let point = summary(&point(Little, 3001, &[1.0; 4]));
    assert_eq!((point.kind(), point.z(), point.m()), ("POINT", true, true));
    let allowed = |name: &str| AllowedKinds::of(&GeometryType::named(name, false, false)).allows(&point);
    for name in ["POINT", "GEOMETRY", "Geometry", "anything else"] {
        assert!(allowed(name), "{name}");
    }
    for name in ["LINESTRING", "MULTIPOINT", "GEOMETRYCOLLECTION", "CURVE", "TIN"] {
        assert!(!allowed(name), "{name}");
    }
}

#[test]
fn the_name_of_a_geometry_type_is_read_in_any_case_and_with_dimensions() {
    for (name, expected) in [
        ("MultiPolygon", "MULTIPOLYGON"),
        (" point ", "POINT"),
        ("Point Z", "POINT Z"),
        ("LineStringM", "LINESTRING M"),
        ("POLYGONZM", "POLYGON ZM"),
        ("GeomCollection", "GEOMETRYCOLLECTION"),
        ("GEOMCOLLECTIONZ", "GEOMETRYCOLLECTION Z"),
        ("MULTICURVE", "MULTICURVE"),
        ("foam", "FOAM"),
    ] {
        assert_eq!(GeometryType::named(name, false, false).to_string(), expected, "{name}");
    }
    assert_eq!(GeometryType::named("PointM", true, false).to_string(), "POINT ZM");
}

#[test]
fn counts_that_promise_more_than_there_is_are_refused() {
    for code in [LINE, POLYGON, 4, 6, COLLECTION] {
        let body = [start(Little, code), number(Little, u32::MAX).to_vec(), vec![0; 64]].concat();
        let error = error(&body);
        assert!(
            matches!(error, GeometryError::Short | GeometryError::Code(0) | GeometryError::Part { .. }),
            "{code}: {error}"
        );
    }
}

#[test]
fn unknown_codes_are_refused() {
    for code in [0, 13, 14, 18, 4001, 1_000_001, OLD_Z, OLD_Z | 1001, 0x2000_0001, 0x4000_0001, 0xc000_0001] {
        assert_eq!(error(&point(Little, code, &[0.0; 4])), GeometryError::Code(code));
    }
    assert_eq!(error(&[2, 1, 0, 0, 0]), GeometryError::ByteOrder(2));
}

#[test]
fn parts_that_do_not_belong_are_refused() {
    let body = parts(Little, 6, &[point(Little, POINT, &[1.0, 2.0])]);
    assert_eq!(error(&body), GeometryError::Part { outer: "MULTIPOLYGON", inner: "POINT" });
}

#[test]
fn endless_nesting_is_refused() {
    let nested = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| parts_or_none(&inner));
    normalised(&[header(Little, 0, &[]), nested(33)].concat()).unwrap();
    assert_eq!(error(&nested(34)), GeometryError::Depth(32));

    let hostile = [start(Little, COLLECTION), number(Little, 1).to_vec()].concat().repeat(100_000);
    assert_eq!(error(&hostile), GeometryError::Depth(32));
}

fn parts_or_none(inner: &[u8]) -> Vec<u8> {
    let inner: &[Vec<u8>] = if inner.is_empty() { &[] } else { &[inner.to_vec()] };
    parts(Little, COLLECTION, inner)
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

/// Bytes that are well-formed more often than chance would make them.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let order = || prop_oneof![Just(Big), Just(Little)];
    let coordinates = proptest::collection::vec(prop_oneof![any::<f64>(), Just(f64::NAN), Just(1.0)], 0..24);
    let code = prop_oneof![
        1 => Just(POINT), 1 => Just(1001), 3 => Just(LINE), 1 => Just(3002), 1 => Just(CIRCULAR), 1 => Just(OLD_Z | LINE)
    ];
    let leaf = (order(), code, coordinates).prop_map(|(order, code, coordinates)| match code {
        POINT => point(order, code, &[coordinates.first().copied().unwrap_or(0.5), 1.5]),
        1001 => point(order, code, &[1.0, 2.0, 3.0]),
        3002 => line(order, code, 4, &coordinates[..coordinates.len() / 4 * 4]),
        LINE | CIRCULAR => line(order, code, 2, &coordinates[..coordinates.len() / 2 * 2]),
        _ => line(order, code, 3, &coordinates[..coordinates.len() / 3 * 3]),
    });
    leaf.prop_recursive(4, 32, 4, move |inner| {
        (order(), proptest::collection::vec(inner, 0..4))
            .prop_map(|(order, inner)| parts(order, COLLECTION, &inner))
    })
}

fn any_geometry() -> impl Strategy<Value = Vec<u8>> {
    let order = prop_oneof![Just(Big), Just(Little)];
    (order, 0..5_u8, any::<bool>(), any_body()).prop_map(|(order, envelope, empty, body)| {
        let numbers = [0, 4, 6, 6, 8][usize::from(envelope)];
        let flags = envelope << 1 | if empty { EMPTY } else { 0 };
        [header(order, flags, &vec![0.0; numbers]), body].concat()
    })
}

/// Kart gives an empty geometry that was not flagged as such a flag and an envelope, and takes the envelope off again
/// when it sees the geometry once more.
fn is_empty_with_envelope(stored: &[u8]) -> bool {
    stored[3] & EMPTY != 0 && stored[3] & 0b1110 != 0
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(geometry in any_geometry()) {
        let once = normalised(&geometry).unwrap();
        prop_assert_eq!(&once[..3], b"GP\0");
        prop_assert_eq!(&once[4..8], &[0; 4]);
        if !is_empty_with_envelope(&once) {
            prop_assert_eq!(normalised(&once).unwrap(), once);
        }
    }

    #[test]
    fn arbitrary_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), little in any::<bool>()) {
        let _ = normalised(&bytes);
        let order = if little { Little } else { Big };
        let _ = normalised(&[header(order, 0, &[]), bytes].concat());
    }

    #[test]
    fn a_changed_byte_is_taken_or_refused(geometry in any_geometry(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut geometry = geometry;
        let at = at.index(geometry.len());
        geometry[at] = byte;
        if let Ok(once) = normalised(&geometry) {
            prop_assert!(normalised(&once).is_ok());
        }
    }
}
