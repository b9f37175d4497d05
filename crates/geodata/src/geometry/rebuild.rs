//! Writes a geometry again: little-endian, with the type codes of ISO and a computed envelope.

use super::code::GeometryKind;
use super::cursor::ByteOrder;
use super::envelope::Envelope;
use super::header::{self, EnvelopeKind, Header, wanted_envelope};
use super::position::positions;
use super::walk::{self, Visitor};
use super::{Code, GeometryError};

/// Appends the stored form of the geometry with this header, this outermost type and this well-known binary.
pub(super) fn rebuild(
    header: &Header,
    code: Code,
    body: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), GeometryError> {
    let mut measure = EnvelopeVisitor::default();
    walk::walk(body, &mut measure)?;
    let empty = measure.envelope.is_empty();
    let envelope = stored_envelope(header, empty, code);
    header::write(empty, envelope, out);
    measure.envelope.write(envelope, out);
    walk::walk(body, &mut WkbWriter(out))?;
    Ok(())
}

/// The envelope to write.
///
/// The result must be the same bytes as Kart's. Kart relies on the flag of the input: an empty geometry without the flag and
/// with a little-endian header gets the envelope of its type, filled with zeros.
fn stored_envelope(header: &Header, empty: bool, code: Code) -> EnvelopeKind {
    let unflagged = header.order == ByteOrder::Little && !header.empty;
    wanted_envelope(empty && !unflagged, code)
}

/// Computes the envelope of a geometry.
#[derive(Default)]
struct EnvelopeVisitor {
    envelope: Envelope,
}

impl Visitor for EnvelopeVisitor {
    fn geometry(&mut self, _: ByteOrder, _: Code) {}

    fn count(&mut self, _: u32) {}

    fn positions(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        let positions = positions(order, code, bytes);
        match code.kind {
            GeometryKind::Point => positions.for_each(|at| self.envelope.add_point(at)),
            GeometryKind::CircularString => self.envelope.add_arcs(positions),
            _ => positions.for_each(|at| self.envelope.add(at)),
        }
    }
}

/// Writes what the walk finds, little-endian.
struct WkbWriter<'a>(&'a mut Vec<u8>);

impl Visitor for WkbWriter<'_> {
    fn geometry(&mut self, _: ByteOrder, code: Code) {
        self.0.push(1);
        self.0.extend_from_slice(&code.iso().to_le_bytes());
    }

    fn count(&mut self, count: u32) {
        self.0.extend_from_slice(&count.to_le_bytes());
    }

    fn positions(&mut self, order: ByteOrder, _: Code, bytes: &[u8]) {
        match order {
            ByteOrder::Little => self.0.extend_from_slice(bytes),
            ByteOrder::Big => {
                for number in bytes.as_chunks::<8>().0 {
                    self.0.extend(number.iter().rev());
                }
            }
        }
    }
}
