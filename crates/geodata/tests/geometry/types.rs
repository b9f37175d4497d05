//! What is known of a geometry without its coordinates: its type, and its extent.

use longhaul_geodata::GeometryType;
use longhaul_geodata::geometry::{AllowedKinds, Extent, normalise, quick_extent};

use crate::encoding::*;

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
fn the_quick_extent_is_that_of_the_envelope_or_of_the_coordinates() {
    let extent = |min_x, min_y, max_x, max_y| Some(Extent { min_x, min_y, max_x, max_y });
    let line = line(Little, LINE, 2, &[1.0, 2.0, 3.0, -4.0]);
    for order in [Big, Little] {
        let enveloped = [header(order, XY, &[1.0, 3.0, -4.0, 2.0]), line.clone()].concat();
        assert_eq!(quick_extent(&enveloped), extent(1.0, -4.0, 3.0, 2.0));
    }
    assert_eq!(quick_extent(&stored(&line)), extent(1.0, -4.0, 3.0, 2.0));
    assert_eq!(quick_extent(&stored(&point(Little, POINT, &[7.0, 8.0]))), extent(7.0, 8.0, 7.0, 8.0));
    assert_eq!(quick_extent(&stored(&point(Little, POINT, &[f64::NAN; 2]))), None);
    for wrong in [[3.0, 1.0, 0.0, 0.0], [f64::NAN; 4], [0.0, f64::INFINITY, 0.0, 0.0]] {
        assert_eq!(quick_extent(&[header(Little, XY, &wrong), line.clone()].concat()), None);
    }
    for cut in [&b""[..], b"GP\0\x03\0\0\0\0", b"GP\0\x01\0\0\0\0\x01"] {
        assert_eq!(quick_extent(cut), None);
    }
}
