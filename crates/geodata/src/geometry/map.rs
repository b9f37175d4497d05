//! Moves the positions of a geometry.

use super::code::GeometryKind;
use super::cursor::ByteOrder;
use super::header::Header;
use super::position::positions;
use super::walk::{self, Visitor};
use super::{Code, GeometryError, rebuild};

/// Appends the stored form of a geometry whose positions are those of `input` as `map` changes them.
///
/// `map` is called once, with x and y of all positions that are not empty, in their order. Types, heights and measures
/// stay; the envelope is computed. Of arcs, only the positions that define them are mapped.
///
/// # Errors
/// The error of `map`, and that of a geometry that does not decode; `out` may then have been added to.
pub fn map_positions<E: From<GeometryError>>(
    input: &[u8],
    map: impl FnOnce(&mut [(f64, f64)]) -> Result<(), E>,
    out: &mut Vec<u8>,
) -> Result<(), E> {
    let (header, body) = Header::parse(input)?;
    let mut collector = Collector(Vec::new());
    walk::walk(body, &mut collector)?;
    let mut mapped = collector.0;
    map(&mut mapped)?;
    let mut writer = MappedWriter { mapped: mapped.into_iter(), out: Vec::with_capacity(body.len()) };
    walk::walk(body, &mut writer)?;
    let summary = walk::check(&writer.out)?;
    Ok(rebuild::rebuild(&header, summary.code, &writer.out, out)?)
}

/// Whether a position is that of an empty point.
fn is_empty(code: Code, x: f64, y: f64) -> bool {
    code.kind == GeometryKind::Point && x.is_nan() && y.is_nan()
}

struct Collector(Vec<(f64, f64)>);

impl Visitor for Collector {
    fn geometry(&mut self, _: ByteOrder, _: Code) {}

    fn count(&mut self, _: u32) {}

    fn positions(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        let filled = positions(order, code, bytes).filter(|(x, y, _)| !is_empty(code, *x, *y));
        self.0.extend(filled.map(|(x, y, _)| (x, y)));
    }
}

/// Writes little-endian well-known binary with the mapped positions.
struct MappedWriter {
    mapped: std::vec::IntoIter<(f64, f64)>,
    out: Vec<u8>,
}

impl Visitor for MappedWriter {
    fn geometry(&mut self, _: ByteOrder, code: Code) {
        self.out.push(1);
        self.out.extend_from_slice(&code.iso().to_le_bytes());
    }

    fn count(&mut self, count: u32) {
        self.out.extend_from_slice(&count.to_le_bytes());
    }

    fn positions(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        let sources = bytes.chunks_exact(code.position_size());
        for ((x, y, _), source) in positions(order, code, bytes).zip(sources) {
            let empty = is_empty(code, x, y);
            let (x, y) = if empty { (x, y) } else { self.mapped.next().unwrap_or((x, y)) };
            self.out.extend_from_slice(&x.to_le_bytes());
            self.out.extend_from_slice(&y.to_le_bytes());
            for number in source[16..].as_chunks::<8>().0 {
                match order {
                    ByteOrder::Little => self.out.extend_from_slice(number),
                    ByteOrder::Big => self.out.extend(number.iter().rev()),
                }
            }
        }
    }
}
