//! The header of GeoPackageBinary: `GP`, version, flags, reference system, envelope.

use super::GeometryError;
use super::code::{Code, GeometryKind};
use super::cursor::{ByteOrder, Cursor};

const FIXED_SIZE: usize = 8;
/// Where the envelope begins, if there is one.
pub(super) const ENVELOPE: usize = FIXED_SIZE;
pub(super) const SRS_ID: std::ops::Range<usize> = 4..8;

const LITTLE_ENDIAN: u8 = 0b00_0001;
const EMPTY: u8 = 0b01_0000;
const EXTENDED: u8 = 0b10_0000;

/// The content of a header.
pub(super) struct Header {
    pub(super) order: ByteOrder,
    pub(super) empty: bool,
    pub(super) envelope: EnvelopeKind,
}

/// Which ranges an envelope has; the discriminants are the codes of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum EnvelopeKind {
    None = 0,
    Xy = 1,
    Xyz = 2,
    Xym = 3,
    Xyzm = 4,
}

impl Header {
    /// Splits a GeoPackageBinary into its header and its well-known binary.
    pub(super) fn parse(input: &[u8]) -> Result<(Self, &[u8]), GeometryError> {
        let mut cursor = Cursor::new(input);
        if !input.starts_with(b"GP") {
            return Err(GeometryError::NoMagic);
        }
        let fixed = cursor.take(FIXED_SIZE)?;
        let header = Self::from_version_and_flags(fixed[2], fixed[3])?;
        cursor.take(header.envelope.size())?;
        Ok((header, cursor.rest()))
    }

    fn from_version_and_flags(version: u8, flags: u8) -> Result<Self, GeometryError> {
        if version != 0 {
            return Err(GeometryError::Version(version));
        }
        if flags & EXTENDED != 0 {
            return Err(GeometryError::Extended);
        }
        Ok(Self {
            order: match flags & LITTLE_ENDIAN {
                0 => ByteOrder::Big,
                _ => ByteOrder::Little,
            },
            empty: flags & EMPTY != 0,
            envelope: EnvelopeKind::parse(flags >> 1 & 0b111)?,
        })
    }
}

impl EnvelopeKind {
    fn parse(code: u8) -> Result<Self, GeometryError> {
        Ok(match code {
            0 => Self::None,
            1 => Self::Xy,
            2 => Self::Xyz,
            3 => Self::Xym,
            4 => Self::Xyzm,
            other => return Err(GeometryError::Envelope(other)),
        })
    }

    /// How many bytes it takes.
    fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::Xy => 32,
            Self::Xyz | Self::Xym => 48,
            Self::Xyzm => 64,
        }
    }
}

/// The envelope that the stored form of a geometry has: none for points and what is flagged as empty.
pub(super) fn wanted_envelope(empty: bool, code: Code) -> EnvelopeKind {
    if empty || code.kind == GeometryKind::Point {
        EnvelopeKind::None
    } else if code.z {
        EnvelopeKind::Xyz
    } else {
        EnvelopeKind::Xy
    }
}

/// Copies a whole GeoPackageBinary, with the reference system set to 0.
pub(super) fn copy_without_srs(input: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(input);
    out[start..][SRS_ID].fill(0);
}

/// Writes the header of a stored form, up to its envelope.
pub(super) fn write(empty: bool, envelope: EnvelopeKind, out: &mut Vec<u8>) {
    let flags = LITTLE_ENDIAN | if empty { EMPTY } else { 0 } | (envelope as u8) << 1;
    out.extend_from_slice(&[b'G', b'P', 0, flags, 0, 0, 0, 0]);
}
