//! Converts arbitrary bytes to the stored form of a geometry, and that to GeoJSON.

use longhaul_geodata::geometry::{GeoJsonOptions, measure, normalise, write_geojson};

pub(crate) fn run(data: &[u8]) {
    let mut stored = b"before".to_vec();
    if normalise(data, &mut stored).is_ok() {
        let stored = stored.strip_prefix(b"before").expect("what was in the buffer stays");
        check_stored(stored);
        check_geojson(stored);
    }
}

/// Checks that a stored form can be measured, and is valid JSON or nothing.
fn check_geojson(stored: &[u8]) {
    let measured = measure(stored).expect("the stored form is a geometry");
    assert!(measured.extent.is_none_or(|extent| extent.contains(&extent)));
    for swap_axes in [false, true] {
        let mut out = Vec::new();
        match write_geojson(stored, GeoJsonOptions { swap_axes, drop_measures: swap_axes }, &mut out) {
            Ok(()) => drop(serde_json::from_slice::<serde::de::IgnoredAny>(&out).expect("it is JSON")),
            Err(_) => assert!(out.is_empty()),
        }
    }
}

/// Checks that the conversion is idempotent.
///
/// The exception is an empty geometry without the flag for it: it gets the flag and, as Kart expects, an envelope of zeros,
/// which a geometry with the flag does not have.
pub(crate) fn check_stored(stored: &[u8]) {
    const EMPTY: u8 = 0b1_0000;
    let again = stored_form_of(stored);
    if stored[3] & EMPTY == 0 {
        assert_eq!(again, stored);
    }
    assert_eq!(stored_form_of(&again), again);
}

fn stored_form_of(stored: &[u8]) -> Vec<u8> {
    let mut again = Vec::new();
    normalise(stored, &mut again).expect("the stored form is a geometry");
    again
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let bodies: [&[u8]; 8] = [
        &point(1, &[1.0, 2.0]),
        &point(1001, &[1.0, 2.0, 3.0]),
        &point(0x8000_0001, &[1.0, 2.0, 3.0]),
        &point(1, &[f64::NAN, f64::NAN]),
        &of_parts(2, 2, &[0.0; 4]),
        &[start(3), 1_u32.to_le_bytes().to_vec(), of_floats(4, &[0.0; 8])].concat(),
        &[start(7), 2_u32.to_le_bytes().to_vec(), point(1, &[5.0; 2]), of_parts(8, 3, &[1.0; 6])].concat(),
        &[vec![0], 1_u32.to_be_bytes().to_vec(), 1.0_f64.to_be_bytes().to_vec(), vec![0; 8]].concat(),
    ];
    let with = |flags: u8, envelope: &[f64]| {
        let header =
            [b"GP\0".to_vec(), vec![flags], 4326_i32.to_le_bytes().to_vec(), floats(envelope)].concat();
        bodies.map(|body| [&header, body].concat())
    };
    [with(1, &[]), with(0b0011, &[0.0; 4]), with(0b0101, &[0.0; 6]), with(0b1_0001, &[])].concat()
}

fn point(code: u32, coordinates: &[f64]) -> Vec<u8> {
    [start(code), floats(coordinates)].concat()
}

fn of_parts(code: u32, count: u32, coordinates: &[f64]) -> Vec<u8> {
    [start(code), of_floats(count, coordinates)].concat()
}

fn of_floats(count: u32, coordinates: &[f64]) -> Vec<u8> {
    [count.to_le_bytes().to_vec(), floats(coordinates)].concat()
}

fn start(code: u32) -> Vec<u8> {
    [vec![1], code.to_le_bytes().to_vec()].concat()
}

fn floats(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
