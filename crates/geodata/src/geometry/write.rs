//! Writes geometries in the form in which datasets store them.

use super::code::{Code, GeometryKind};
use super::envelope::Envelope;
use super::header::{self, EnvelopeKind};

/// Appends a point.
pub fn write_point((x, y): (f64, f64), out: &mut Vec<u8>) {
    header::write(false, EnvelopeKind::None, out);
    begin(GeometryKind::Point, out);
    out.extend_from_slice(&x.to_le_bytes());
    out.extend_from_slice(&y.to_le_bytes());
}

/// Appends a line through these positions, of which there must be at least one.
pub fn write_line(positions: impl ExactSizeIterator<Item = (f64, f64)> + Clone, out: &mut Vec<u8>) {
    write_envelope(positions.clone(), out);
    begin(GeometryKind::LineString, out);
    write_positions(positions, out);
}

/// Appends a polygon of these rings, the outer one first; each ends with the position that it begins with.
pub fn write_polygon<R>(
    rings: impl IntoIterator<Item = R, IntoIter: ExactSizeIterator + Clone>,
    out: &mut Vec<u8>,
) where
    R: ExactSizeIterator<Item = (f64, f64)> + Clone,
{
    let rings = rings.into_iter();
    write_envelope(rings.clone().flatten(), out);
    begin(GeometryKind::Polygon, out);
    write_count(rings.len(), out);
    rings.for_each(|ring| write_positions(ring, out));
}

/// The header of a geometry that is not empty, with the range of all its positions.
fn write_envelope(positions: impl Iterator<Item = (f64, f64)>, out: &mut Vec<u8>) {
    let mut envelope = Envelope::default();
    positions.for_each(|(x, y)| envelope.add((x, y, None)));
    header::write(false, EnvelopeKind::Xy, out);
    envelope.write(EnvelopeKind::Xy, out);
}

fn begin(kind: GeometryKind, out: &mut Vec<u8>) {
    const LITTLE_ENDIAN: u8 = 1;
    out.push(LITTLE_ENDIAN);
    out.extend_from_slice(&Code { kind, z: false, m: false, old: false }.iso().to_le_bytes());
}

fn write_positions(positions: impl ExactSizeIterator<Item = (f64, f64)>, out: &mut Vec<u8>) {
    write_count(positions.len(), out);
    for (x, y) in positions {
        out.extend_from_slice(&x.to_le_bytes());
        out.extend_from_slice(&y.to_le_bytes());
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::normalise;
    use super::*;

    /// What is written is what [`normalise`] makes of it, also where it has to compute the envelope itself.
    fn check(written: &[u8], body_at: usize) {
        let mut again = Vec::new();
        normalise(written, &mut again).unwrap();
        assert_eq!(again, written);
        let mut bare = vec![b'G', b'P', 0, 1, 0xE6, 0x10, 0, 0];
        bare.extend_from_slice(&written[body_at..]);
        again.clear();
        normalise(&bare, &mut again).unwrap();
        assert_eq!(again, written);
    }

    #[test]
    fn what_is_written_is_the_stored_form_already() {
        let mut out = Vec::new();
        write_point((7.1923367, 50.7395887), &mut out);
        check(&out, 8);

        let ring = [(1.0, 2.0), (3.5, -4.0), (-0.25, 1.0), (1.0, 2.0)];
        out.clear();
        write_line(ring.into_iter(), &mut out);
        check(&out, 40);

        let hole = [(1.0, 0.5), (1.5, 0.0), (1.0, 0.25), (1.0, 0.5)];
        out.clear();
        write_polygon([ring.into_iter(), hole.into_iter()], &mut out);
        check(&out, 40);
    }
}
