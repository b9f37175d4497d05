//! Reading the positions of a geometry.

use super::code::Code;
use super::cursor::ByteOrder;

/// A position: x, y and, if there is one, z.
pub(super) type Position = (f64, f64, Option<f64>);

/// The positions of a geometry with this code.
pub(super) fn positions(order: ByteOrder, code: Code, bytes: &[u8]) -> impl Iterator<Item = Position> {
    bytes.chunks_exact(code.position_size()).map(move |position| {
        let mut numbers = position.as_chunks::<8>().0.iter().map(|bytes| order.float(*bytes));
        let mut next = || numbers.next().unwrap_or(f64::NAN);
        (next(), next(), code.z.then(next))
    })
}
