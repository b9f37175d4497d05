//! Geometries of any content.

use proptest::prelude::*;

use crate::encoding::*;

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
