//! Geometries in bytes.

use longhaul_geodata::geometry::{GeometryError, normalise};

pub use Order::{Big, Little};

pub const POINT: u32 = 1;
pub const LINE: u32 = 2;
pub const POLYGON: u32 = 3;
pub const COLLECTION: u32 = 7;
pub const CIRCULAR: u32 = 8;
pub const OLD_Z: u32 = 0x8000_0000;
pub const XY: u8 = 0b0010;
pub const EMPTY: u8 = 0b1_0000;
pub const EXTENDED: u8 = 0b10_0000;

/// How the numbers of a geometry are ordered.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Big,
    Little,
}

pub fn number(order: Order, value: u32) -> [u8; 4] {
    match order {
        Big => value.to_be_bytes(),
        Little => value.to_le_bytes(),
    }
}

pub fn floats(order: Order, values: &[f64]) -> Vec<u8> {
    let bytes = values.iter().map(|value| match order {
        Big => value.to_be_bytes(),
        Little => value.to_le_bytes(),
    });
    bytes.flatten().collect()
}

pub fn header(order: Order, flags: u8, envelope: &[f64]) -> Vec<u8> {
    let little = u8::from(matches!(order, Little));
    let mut bytes = vec![b'G', b'P', 0, flags | little];
    bytes.extend(number(order, 4326));
    bytes.extend(floats(order, envelope));
    bytes
}

pub fn start(order: Order, code: u32) -> Vec<u8> {
    let mut bytes = vec![u8::from(matches!(order, Little))];
    bytes.extend(number(order, code));
    bytes
}

pub fn point(order: Order, code: u32, coordinates: &[f64]) -> Vec<u8> {
    [start(order, code), floats(order, coordinates)].concat()
}

/// A line or another geometry with one list of positions of `dimensions` numbers each.
pub fn line(order: Order, code: u32, dimensions: usize, coordinates: &[f64]) -> Vec<u8> {
    let count = (coordinates.len() / dimensions) as u32;
    [start(order, code), number(order, count).to_vec(), floats(order, coordinates)].concat()
}

/// A polygon with one ring in the plane.
pub fn polygon(order: Order, ring: &[f64]) -> Vec<u8> {
    let counts = [number(order, 1), number(order, (ring.len() / 2) as u32)].concat();
    [start(order, POLYGON), counts, floats(order, ring)].concat()
}

/// A geometry made of others.
pub fn parts(order: Order, code: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    [start(order, code), number(order, parts.len() as u32).to_vec(), parts.concat()].concat()
}

pub fn normalised(geometry: &[u8]) -> Result<Vec<u8>, GeometryError> {
    let mut out = Vec::new();
    normalise(geometry, &mut out).map(|_| out)
}

/// The stored form of a geometry without an envelope.
pub fn stored(body: &[u8]) -> Vec<u8> {
    normalised(&[header(Little, 0, &[]), body.to_vec()].concat()).unwrap()
}

/// The stored form with this envelope kind, envelope and body.
pub fn expected(flags: u8, envelope: &[f64], body: &[u8]) -> Vec<u8> {
    let mut bytes = [header(Little, flags, envelope), body.to_vec()].concat();
    bytes[4..8].fill(0);
    bytes
}

pub fn error(body: &[u8]) -> GeometryError {
    normalised(&[header(Little, 0, &[]), body.to_vec()].concat()).unwrap_err()
}
