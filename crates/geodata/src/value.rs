//! One value of a feature.

/// A value, borrowed from its row.
///
/// The kinds are those a file can hold, not those a schema asks for: a text in an integer column
/// stays a text, as Kart keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text; dates, times and decimals are texts too.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A geometry in the stored form of GeoPackageBinary.
    Geometry(&'a [u8]),
}
