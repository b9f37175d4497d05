//! Positions, geometries and boxes.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use longhaul_geodata::geometry::{normalise, write_point, write_polygon};
use longhaul_projection::{Bounds, ProjectionError, System, Transformation};
use proptest::prelude::*;

fn between(from: &str, to: &str) -> Transformation {
    let [from, to] = [from, to].map(|name| System::of(name.parse().unwrap()).unwrap());
    Transformation::new(&from, &to).unwrap()
}

#[test]
fn a_polygon_is_written_as_its_positions_in_the_target() {
    let ring = [(1.0, 2.0), (3.5, -4.0), (-0.25, 1.0), (1.0, 2.0)];
    let transformation = between("EPSG:4326", "EPSG:3857");
    let (mut stored, mut expected, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    write_polygon([ring.into_iter()], &mut stored);
    transformation.geometry(&stored, &mut moved).unwrap();
    let there = ring.map(|(x, y)| transformation.position(x, y).unwrap());
    write_polygon([there.into_iter()], &mut expected);
    assert_eq!(moved, expected);
}

#[test]
fn heights_measures_and_byte_orders_stay() {
    // POINT ZM, big-endian inside of the little-endian header.
    let mut input = b"GP\0\x01\0\0\0\0\0\0\0\x0b\xb9".to_vec();
    for number in [10.0_f64, 50.0, 123.0, -7.0] {
        input.extend(number.to_be_bytes());
    }
    let (mut stored, mut moved) = (Vec::new(), Vec::new());
    normalise(&input, &mut stored).unwrap();
    let transformation = between("EPSG:4326", "EPSG:32632");
    transformation.geometry(&stored, &mut moved).unwrap();
    let (x, y) = transformation.position(10.0, 50.0).unwrap();
    let mut expected = b"GP\0\x01\0\0\0\0\x01\xb9\x0b\0\0".to_vec();
    for number in [x, y, 123.0, -7.0] {
        expected.extend(number.to_le_bytes());
    }
    assert_eq!(moved, expected);
}

#[test]
fn an_empty_point_stays_empty() {
    let mut stored = b"GP\0\x11\0\0\0\0\x01\x01\0\0\0".to_vec();
    stored.extend([f64::NAN.to_le_bytes(), f64::NAN.to_le_bytes()].concat());
    let mut moved = Vec::new();
    between("EPSG:4326", "EPSG:2193").geometry(&stored, &mut moved).unwrap();
    assert_eq!(moved, stored);
}

#[test]
fn a_geometry_with_a_position_outside_is_an_error() {
    let mut stored = Vec::new();
    write_point((0.0, -90.0), &mut stored);
    let error = between("EPSG:4326", "EPSG:3857").geometry(&stored, &mut Vec::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the position 0 -90 is outside of what can be transformed from EPSG:4326 to EPSG:3857"
    );
    let not_a_geometry = between("EPSG:4326", "EPSG:3857").geometry(b"GP", &mut Vec::new());
    assert!(matches!(not_a_geometry, Err(ProjectionError::Geometry(_))));
}

#[test]
fn the_same_system_changes_no_bit() {
    let transformation = between("EPSG:2193", "EPSG:2193");
    assert!(transformation.is_identity());
    assert_eq!(transformation.position(f64::MAX, -0.1).unwrap(), (f64::MAX, -0.1));
}

#[test]
fn a_box_holds_what_bulges_over_its_corners() {
    let transformation = between("EPSG:4326", "EPSG:3035");
    let bounds = Bounds { min_x: 0.0, min_y: 50.0, max_x: 20.0, max_y: 55.0 };
    let around = transformation.bounds(bounds).unwrap();
    let (_, lowest) = transformation.position(10.0, 50.0).unwrap();
    assert!(around.min_y <= lowest, "{around:?}");
    assert!(around.min_y > lowest - 1_000.0, "{around:?}");
}

#[test]
fn a_box_around_a_pole_has_all_longitudes() {
    let bounds = Bounds { min_x: -1e6, min_y: -1e6, max_x: 1e6, max_y: 1e6 };
    let around = between("EPSG:3031", "EPSG:4326").bounds(bounds).unwrap();
    assert_eq!((around.min_x, around.max_x, around.min_y), (-180.0, 180.0, -90.0));
    assert!(around.max_y < -75.0, "{around:?}");
}

#[test]
fn a_box_without_any_place_in_the_target_is_none() {
    let bounds = Bounds { min_x: 1.0, min_y: f64::NAN, max_x: 2.0, max_y: 3.0 };
    assert_eq!(between("EPSG:4326", "EPSG:3857").bounds(bounds), None);
}

proptest! {
    #[test]
    fn a_position_comes_back_from_the_target(x in -10.0..30.0_f64, y in 40.0..70.0_f64) {
        for target in ["EPSG:3857", "EPSG:3035", "EPSG:32632", "EPSG:27700", "EPSG:28992", "EPSG:2154"] {
            let there = between("EPSG:4326", target).position(x, y).unwrap();
            let back = between(target, "EPSG:4326").position(there.0, there.1).unwrap();
            prop_assert!((back.0 - x).hypot(back.1 - y) < 1e-7, "{target} {there:?} {back:?}");
        }
    }

    #[test]
    fn no_position_stops_the_program(x in any::<f64>(), y in any::<f64>()) {
        for target in ["EPSG:3857", "EPSG:3035", "EPSG:32632", "EPSG:3031", "EPSG:2154", "EPSG:5070", "EPSG:5514", "EPSG:5880"] {
            if let Ok((x, y)) = between("EPSG:4326", target).position(x, y) {
                prop_assert!(x.is_finite() && y.is_finite());
            }
            let _ = between(target, "EPSG:4326").position(x, y);
        }
    }
}
