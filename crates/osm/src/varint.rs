//! Varints and the zigzag encoding, [as in protocol buffers](https://protobuf.dev/programming-guides/encoding/).

/// The most bytes of a varint of 64 bits.
const MAX_BYTES: usize = 10;

/// Why bytes are not a varint.
pub(crate) enum InvalidVarint {
    /// The bytes end before the varint.
    Truncated,
    /// The varint has more than ten bytes.
    TooLong,
}

/// Reads a varint and removes it from `bytes`.
#[inline]
pub(crate) fn read(bytes: &mut &[u8]) -> Result<u64, InvalidVarint> {
    // Most numbers are small differences of one byte.
    if let [byte @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(u64::from(*byte));
    }
    read_long(bytes)
}

fn read_long(bytes: &mut &[u8]) -> Result<u64, InvalidVarint> {
    let mut number = 0;
    for (index, byte) in bytes.iter().take(MAX_BYTES).enumerate() {
        number |= u64::from(byte & 0x7F) << (7 * index);
        if *byte < 0x80 {
            *bytes = &bytes[index + 1..];
            return Ok(number);
        }
    }
    Err(if bytes.len() < MAX_BYTES { InvalidVarint::Truncated } else { InvalidVarint::TooLong })
}

/// Appends a varint.
pub(crate) fn write(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Maps numbers near zero to small unsigned numbers.
#[inline]
pub(crate) fn zigzag(number: i64) -> u64 {
    (number as u64) << 1 ^ (number >> 63) as u64
}

/// The inverse of [`zigzag`].
#[inline]
pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
