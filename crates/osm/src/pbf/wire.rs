//! The [wire format](https://protobuf.dev/programming-guides/encoding/) of protocol buffers.

use super::Malformed;

const CUT: Malformed = Malformed("a message ends in the middle of a field");

/// The fields of a message, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a>(&'a [u8]);

/// The value of a field; how it is meant, only its number tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A number of fixed length, of which OSM PBF has none.
    Fixed,
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next field with its number.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.0)?;
        let field = match tag & 7 {
            0 => Field::Varint(varint(&mut self.0)?),
            1 => self.fixed(8)?,
            2 => {
                let len = varint(&mut self.0)?;
                Field::Bytes(self.take(usize::try_from(len).map_err(|_| CUT)?)?)
            }
            5 => self.fixed(4)?,
            _ => return Err(Malformed("a field is of a kind that does not exist")),
        };
        Ok(Some((tag >> 3, field)))
    }

    fn fixed(&mut self, len: usize) -> Result<Field<'a>, Malformed> {
        self.take(len)?;
        Ok(Field::Fixed)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed("a number stands where a text or a message should be")),
        }
    }

    pub(super) fn message(self) -> Result<Message<'a>, Malformed> {
        self.bytes().map(Message)
    }

    pub(super) fn numbers(self) -> Result<PackedVarints<'a>, Malformed> {
        self.bytes().map(PackedVarints)
    }

    /// As `int64`; an `int32` is encoded the same.
    pub(super) fn integer(self) -> Result<i64, Malformed> {
        match self {
            Self::Varint(number) => Ok(number as i64),
            _ => Err(Malformed("something else stands where a number should be")),
        }
    }

    /// As `sint64`.
    pub(super) fn signed(self) -> Result<i64, Malformed> {
        self.integer().map(|number| unzigzag(number as u64))
    }
}

/// A packed list of numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PackedVarints<'a>(&'a [u8]);

impl PackedVarints<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        // The last byte of a number is the one without the highest bit.
        self.0.iter().filter(|byte| **byte < 0x80).count()
    }

    /// The next one, as `int64` or smaller.
    pub(super) fn next(&mut self) -> Result<Option<i64>, Malformed> {
        if self.0.is_empty() { Ok(None) } else { varint(&mut self.0).map(|number| Some(number as i64)) }
    }

    /// The next one, as `sint64` or smaller.
    pub(super) fn next_signed(&mut self) -> Result<Option<i64>, Malformed> {
        Ok(self.next()?.map(|number| unzigzag(number as u64)))
    }
}

/// PackedVarints that are written as differences to the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DeltaDecoder<'a> {
    differences: PackedVarints<'a>,
    last: i64,
}

impl<'a> DeltaDecoder<'a> {
    pub(super) fn new(differences: PackedVarints<'a>) -> Self {
        Self { differences, last: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.differences.count()
    }

    pub(super) fn next(&mut self) -> Result<Option<i64>, Malformed> {
        let Some(difference) = self.differences.next_signed()? else { return Ok(None) };
        self.last = self.last.wrapping_add(difference);
        Ok(Some(self.last))
    }
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    // Most numbers are differences, and most differences fit into a byte.
    if let [byte @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(u64::from(*byte));
    }
    long_varint(bytes)
}

fn long_varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    const LONGEST: usize = 10;
    let mut number = 0;
    for (at, byte) in bytes.iter().take(LONGEST).enumerate() {
        number |= u64::from(byte & 0x7F) << (7 * at);
        if *byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Ok(number);
        }
    }
    Err(if bytes.len() < LONGEST { CUT } else { Malformed("a number has more than ten bytes") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_all_their_lengths() {
        let mut numbers =
            PackedVarints(&[0, 0x96, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]);
        assert_eq!(numbers.count(), 3);
        assert_eq!(numbers.next(), Ok(Some(0)));
        assert_eq!(numbers.next(), Ok(Some(150)));
        assert_eq!(numbers.next(), Ok(Some(-1)));
        assert_eq!(numbers.next(), Ok(None));
        assert_eq!([0, 1, 2, u64::MAX].map(unzigzag), [0, -1, 1, i64::MIN]);
    }

    #[test]
    fn a_number_without_an_end_is_refused() {
        assert_eq!(PackedVarints(&[0x80, 0x80]).next(), Err(CUT));
        assert!(PackedVarints(&[0x80; 11]).next().is_err());
    }

    #[test]
    fn a_field_that_is_longer_than_its_message_is_refused() {
        assert!(Message::new(&[0x0A, 5, 1, 2]).next().is_err());
        assert!(Message::new(&[0x0A]).next().is_err());
    }
}
