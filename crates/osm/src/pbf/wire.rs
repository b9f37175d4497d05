//! The [wire format](https://protobuf.dev/programming-guides/encoding/) of protocol buffers.

use super::malformed::Malformed;
use crate::varint::{self, InvalidVarint, unzigzag};

const TRUNCATED: Malformed = Malformed("a message ends in the middle of a field");

/// The fields of a message, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a>(&'a [u8]);

/// The value of a field. Its type depends on the number of the field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A number of fixed length. OSM PBF uses none, so the value is dropped.
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
                Field::Bytes(self.take(usize::try_from(len).map_err(|_| TRUNCATED)?)?)
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
        let (taken, rest) = self.0.split_at_checked(len).ok_or(TRUNCATED)?;
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

    /// The value as `int64`. An `int32` has the same encoding.
    pub(super) fn integer(self) -> Result<i64, Malformed> {
        match self {
            Self::Varint(number) => Ok(number as i64),
            _ => Err(Malformed("something else stands where a number should be")),
        }
    }

    /// The value as `sint64`.
    pub(super) fn signed(self) -> Result<i64, Malformed> {
        self.integer().map(|number| unzigzag(number as u64))
    }
}

/// A packed list of varints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PackedVarints<'a>(&'a [u8]);

impl PackedVarints<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of varints in the list.
    pub(super) fn count(&self) -> usize {
        // Only the last byte of a varint has no continuation bit.
        self.0.iter().filter(|byte| **byte < 0x80).count()
    }

    /// The next number, as `int64`.
    pub(super) fn next(&mut self) -> Result<Option<i64>, Malformed> {
        if self.0.is_empty() { Ok(None) } else { varint(&mut self.0).map(|number| Some(number as i64)) }
    }

    /// The next number, as `sint64`.
    pub(super) fn next_signed(&mut self) -> Result<Option<i64>, Malformed> {
        Ok(self.next()?.map(|number| unzigzag(number as u64)))
    }
}

/// Decodes a list in which each number is stored as the difference to the one before.
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

#[inline]
fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    varint::read(bytes).map_err(|error| match error {
        InvalidVarint::Truncated => TRUNCATED,
        InvalidVarint::TooLong => Malformed("a number has more than ten bytes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length_are_read() {
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
    fn an_unterminated_varint_is_refused() {
        assert_eq!(PackedVarints(&[0x80, 0x80]).next(), Err(TRUNCATED));
        assert!(PackedVarints(&[0x80; 11]).next().is_err());
    }

    #[test]
    fn a_field_longer_than_its_message_is_refused() {
        assert!(Message::new(&[0x0A, 5, 1, 2]).next().is_err());
        assert!(Message::new(&[0x0A]).next().is_err());
    }
}
