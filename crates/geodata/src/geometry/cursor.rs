//! Reading numbers off the front of bytes.

use super::GeometryError;

/// How the bytes of a number are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Big,
    Little,
}

impl ByteOrder {
    #[inline]
    pub(super) fn float(self, bytes: [u8; 8]) -> f64 {
        match self {
            Self::Big => f64::from_be_bytes(bytes),
            Self::Little => f64::from_le_bytes(bytes),
        }
    }
}

/// The bytes that are still to be read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], GeometryError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(GeometryError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Takes `count` items of `size` bytes each. Nothing is allocated, however large the count is.
    #[inline]
    pub(super) fn take_items(&mut self, count: u32, size: usize) -> Result<&'a [u8], GeometryError> {
        let length = (count as usize).checked_mul(size).ok_or(GeometryError::Short)?;
        self.take(length)
    }

    #[inline]
    pub(super) fn byte_order(&mut self) -> Result<ByteOrder, GeometryError> {
        match self.take(1)? {
            [0] => Ok(ByteOrder::Big),
            [1] => Ok(ByteOrder::Little),
            other => Err(GeometryError::ByteOrder(other[0])),
        }
    }

    #[inline]
    pub(super) fn u32(&mut self, order: ByteOrder) -> Result<u32, GeometryError> {
        let (bytes, rest) = self.0.split_first_chunk::<4>().ok_or(GeometryError::Short)?;
        self.0 = rest;
        Ok(match order {
            ByteOrder::Big => u32::from_be_bytes(*bytes),
            ByteOrder::Little => u32::from_le_bytes(*bytes),
        })
    }
}
