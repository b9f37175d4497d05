//! Reads the positions of a geometry.

use super::{
    Code, GeometryError,
    cursor::ByteOrder,
    header::Header,
    position::positions,
    walk::{Visitor, walk},
};

/// Calls `visit` with the x and y of each position of a GeoPackageBinary, in order.
///
/// # Errors
/// If the geometry does not decode; bytes behind it do not matter.
pub fn read_positions(input: &[u8], visit: impl FnMut(f64, f64)) -> Result<(), GeometryError> {
    let (_, body) = Header::parse(input)?;
    walk(body, &mut PositionVisitor(visit))?;
    Ok(())
}

struct PositionVisitor<F>(F);

impl<F: FnMut(f64, f64)> Visitor for PositionVisitor<F> {
    fn geometry(&mut self, _: ByteOrder, _: Code) {}

    fn count(&mut self, _: u32) {}

    fn positions(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        positions(order, code, bytes).for_each(|(x, y, _)| (self.0)(x, y));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{write_line, write_point};
    use super::*;

    fn read(geometry: &[u8]) -> Vec<(f64, f64)> {
        let mut found = Vec::new();
        read_positions(geometry, |x, y| found.push((x, y))).unwrap();
        found
    }

    #[test]
    fn what_is_written_is_read() {
        let mut geometry = Vec::new();
        write_point((1.5, -2.0), &mut geometry);
        assert_eq!(read(&geometry), [(1.5, -2.0)]);
        let line = [(1.0, 2.0), (3.5, -4.0), (-0.25, 1.0)];
        geometry.clear();
        write_line(line.into_iter(), &mut geometry);
        assert_eq!(read(&geometry), line);
        assert!(read_positions(&geometry[..geometry.len() - 1], |_, _| {}).is_err());
    }
}
