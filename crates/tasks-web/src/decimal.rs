//! Numbers with a fraction, as both formats write them.

use std::io::Write as _;

/// Writes a number in plain decimal with at least one decimal place; nothing for what is no number.
pub(crate) fn write_decimal(out: &mut Vec<u8>, number: f64) {
    if !number.is_finite() {
        return;
    }
    // Unlike `{:?}`, `{}` never turns to exponents; but it leaves whole numbers bare. Writing to a Vec cannot fail.
    let _ = write!(out, "{number}");
    if number.fract() == 0.0 {
        out.extend_from_slice(b".0");
    }
}
