//! Bytes that are no geometry.

use longhaul_geodata::geometry::GeometryError;

use crate::encoding::*;

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
