//! The types of geometries and of columns.

use longhaul_geodata::GeometryType;
use longhaul_geodata::geometry::{AllowedKinds, normalise};

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
