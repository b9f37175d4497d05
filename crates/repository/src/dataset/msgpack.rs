//! MessagePack as Kart writes it: always the shortest form.

use longhaul_geodata::Value;
use rmp::{
    Marker,
    encode::{self, ValueWriteError},
};

/// The extension type of a geometry: `G`.
const GEOMETRY: i8 = b'G' as i8;

fn infallible<T>(written: Result<T, ValueWriteError>) {
    written.expect("writing to memory does not fail");
}

pub(crate) fn array(out: &mut Vec<u8>, len: usize) {
    infallible(encode::write_array_len(out, len as u32));
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    infallible(encode::write_str(out, text));
}

pub(crate) fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Null => out.push(Marker::Null.to_u8()),
        Value::Boolean(value) => out.push(if value { Marker::True } else { Marker::False }.to_u8()),
        Value::Integer(number) => infallible(encode::write_sint(out, number)),
        Value::Float(number) => infallible(encode::write_f64(out, number)),
        Value::Text(value) => text(out, value),
        Value::Blob(bytes) => infallible(encode::write_bin(out, bytes)),
        Value::Geometry(bytes) => {
            infallible(encode::write_ext_meta(out, bytes.len() as u32, GEOMETRY));
            out.extend_from_slice(bytes);
        }
    }
}

/// Reads MessagePack from a slice; every method returns `None` where the bytes are something else.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn array(&mut self) -> Option<usize> {
        match self.marker()? {
            Marker::FixArray(len) => Some(len.into()),
            Marker::Array16 => self.number(2).map(|len| len as usize),
            Marker::Array32 => self.number(4).map(|len| len as usize),
            _ => None,
        }
    }

    pub(crate) fn texts(&mut self) -> Option<Vec<String>> {
        let len = self.array()?;
        (0..len).map(|_| self.text().map(str::to_owned)).collect()
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        match self.value()? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn value(&mut self) -> Option<Value<'a>> {
        Some(match self.marker()? {
            Marker::Null => Value::Null,
            Marker::True => Value::Boolean(true),
            Marker::False => Value::Boolean(false),
            Marker::FixPos(number) => Value::Integer(number.into()),
            Marker::FixNeg(number) => Value::Integer(number.into()),
            Marker::U8 => self.integer(1)?,
            Marker::U16 => self.integer(2)?,
            Marker::U32 => self.integer(4)?,
            Marker::U64 => self.integer(8)?,
            Marker::I8 => Value::Integer(i64::from(self.number(1)? as i8)),
            Marker::I16 => Value::Integer(i64::from(self.number(2)? as i16)),
            Marker::I32 => Value::Integer(i64::from(self.number(4)? as i32)),
            Marker::I64 => Value::Integer(self.number(8)? as i64),
            Marker::F32 => Value::Float(f64::from(f32::from_bits(self.number(4)? as u32))),
            Marker::F64 => Value::Float(f64::from_bits(self.number(8)?)),
            Marker::FixStr(len) => self.string(len.into())?,
            Marker::Str8 => self.sized(1, Self::string)?,
            Marker::Str16 => self.sized(2, Self::string)?,
            Marker::Str32 => self.sized(4, Self::string)?,
            Marker::Bin8 => self.sized(1, Self::blob)?,
            Marker::Bin16 => self.sized(2, Self::blob)?,
            Marker::Bin32 => self.sized(4, Self::blob)?,
            Marker::FixExt1 => self.geometry(1)?,
            Marker::FixExt2 => self.geometry(2)?,
            Marker::FixExt4 => self.geometry(4)?,
            Marker::FixExt8 => self.geometry(8)?,
            Marker::FixExt16 => self.geometry(16)?,
            Marker::Ext8 => self.sized(1, Self::geometry)?,
            Marker::Ext16 => self.sized(2, Self::geometry)?,
            Marker::Ext32 => self.sized(4, Self::geometry)?,
            _ => return None,
        })
    }

    fn marker(&mut self) -> Option<Marker> {
        Some(Marker::from_u8(self.take(1)?[0]))
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        let bytes = self.take(bytes)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn integer(&mut self, bytes: usize) -> Option<Value<'a>> {
        let number = self.number(bytes)?;
        i64::try_from(number).ok().map(Value::Integer)
    }

    fn sized(&mut self, bytes: usize, read: fn(&mut Self, usize) -> Option<Value<'a>>) -> Option<Value<'a>> {
        let len = self.number(bytes)?;
        read(self, len as usize)
    }

    fn string(&mut self, len: usize) -> Option<Value<'a>> {
        std::str::from_utf8(self.take(len)?).ok().map(Value::Text)
    }

    fn blob(&mut self, len: usize) -> Option<Value<'a>> {
        self.take(len).map(Value::Blob)
    }

    fn geometry(&mut self, len: usize) -> Option<Value<'a>> {
        let kind = self.take(1)?[0];
        let bytes = self.take(len)?;
        (kind as i8 == GEOMETRY).then_some(Value::Geometry(bytes))
    }
}
