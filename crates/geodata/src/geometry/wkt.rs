//! Well-known text.

use std::fmt::Write as _;

use super::code::{Body, Code, GeometryKind};
use super::cursor::{ByteOrder, Cursor};
use super::header::Header;
use super::{GeometryError, walk};

/// The well-known text of a GeoPackageBinary, `POINT Z (1 2 3)`.
///
/// # Errors
/// If the geometry does not decode from its first byte to its last.
pub fn well_known_text(geometry: &[u8]) -> Result<String, GeometryError> {
    let (_, body) = Header::parse(geometry)?;
    // From here on, nesting is bounded and every part is where it can be.
    walk::check(body)?;
    let mut text = String::new();
    write_geometry(&mut Cursor::new(body), None, &mut text)?;
    Ok(text)
}

fn write_geometry(
    cursor: &mut Cursor<'_>,
    outer: Option<GeometryKind>,
    text: &mut String,
) -> Result<(), GeometryError> {
    let order = cursor.byte_order()?;
    let code = Code::parse(cursor.u32(order)?)?;
    if has_tag(outer, code.kind) {
        let dimensions = match (code.z, code.m) {
            (false, false) => "",
            (true, false) => "Z ",
            (false, true) => "M ",
            (true, true) => "ZM ",
        };
        *text += code.kind.name();
        *text += " ";
        *text += dimensions;
    }
    match code.kind.body() {
        Body::Position => {
            let bytes = cursor.take_items(1, code.position_size())?;
            write_positions(bytes, order, code, text);
            Ok(())
        }
        Body::Positions => write_line(cursor, order, code, text),
        Body::Rings => {
            let count = cursor.u32(order)?;
            write_list(count, text, |text| write_line(cursor, order, code, text))
        }
        Body::Parts => {
            let count = cursor.u32(order)?;
            write_list(count, text, |text| write_geometry(cursor, Some(code.kind), text))
        }
    }
}

/// Whether a part has its type in front of it. It has none where only one type is possible, or is the usual one.
fn has_tag(outer: Option<GeometryKind>, kind: GeometryKind) -> bool {
    use GeometryKind::{CompoundCurve, CurvePolygon, LineString, MultiCurve, MultiSurface, Polygon};
    match outer {
        None | Some(GeometryKind::GeometryCollection) => true,
        Some(CompoundCurve | CurvePolygon | MultiCurve) => kind != LineString,
        Some(MultiSurface) => kind != Polygon,
        Some(_) => false,
    }
}

fn write_line(
    cursor: &mut Cursor<'_>,
    order: ByteOrder,
    code: Code,
    text: &mut String,
) -> Result<(), GeometryError> {
    let count = cursor.u32(order)?;
    let bytes = cursor.take_items(count, code.position_size())?;
    write_positions(bytes, order, code, text);
    Ok(())
}

fn write_list(
    count: u32,
    text: &mut String,
    mut write: impl FnMut(&mut String) -> Result<(), GeometryError>,
) -> Result<(), GeometryError> {
    if count == 0 {
        *text += "EMPTY";
        return Ok(());
    }
    for at in 0..count {
        *text += if at == 0 { "(" } else { ", " };
        write(text)?;
    }
    *text += ")";
    Ok(())
}

/// Writes positions in parentheses. An empty point is written as not-a-number twice.
fn write_positions(bytes: &[u8], order: ByteOrder, code: Code, text: &mut String) {
    let size = code.position_size();
    let number = |bytes: &[u8; 8]| match order {
        ByteOrder::Big => f64::from_be_bytes(*bytes),
        ByteOrder::Little => f64::from_le_bytes(*bytes),
    };
    let numbers = |position: &[u8]| position.as_chunks::<8>().0.iter().map(number).collect::<Vec<_>>();
    let is_empty_point = |position: &[u8]| numbers(position).iter().take(2).all(|number| number.is_nan());
    if bytes.is_empty() || (code.kind == GeometryKind::Point && is_empty_point(bytes)) {
        *text += "EMPTY";
        return;
    }
    for (at, position) in bytes.chunks_exact(size).enumerate() {
        *text += if at == 0 { "(" } else { ", " };
        for (at, number) in numbers(position).into_iter().enumerate() {
            let _ = write!(text, "{}{number}", if at == 0 { "" } else { " " });
        }
    }
    *text += ")";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(hex: &str) -> String {
        let mut geometry = b"GP\0\x01\0\0\0\0".to_vec();
        geometry
            .extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
        well_known_text(&geometry).unwrap()
    }

    #[test]
    fn geometries_are_written_as_postgis_writes_them() {
        for (hex, expected) in [
            ("0101000000000000000000F03F0000000000000040", "POINT (1 2)"),
            ("000000000140000000000000003FF0000000000000", "POINT (2 1)"),
            ("0101000000000000000000F87F000000000000F87F", "POINT EMPTY"),
            (
                "01B90B0000000000000000F03F000000000000004000000000000008400000000000001040",
                "POINT ZM (1 2 3 4)",
            ),
            (
                "01020000000200000000000000000000000000000000001440000000000000F0BF0000000000001D40",
                "LINESTRING (0 5, -1 7.25)",
            ),
            ("010200000000000000", "LINESTRING EMPTY"),
            (
                "0104000000020000000101000000000000000000F03F00000000000000400101000000000000000000F87F000000000000F87F",
                "MULTIPOINT ((1 2), EMPTY)",
            ),
            (
                "010700000002000000010600000000000000010900000001000000010200000000000000",
                "GEOMETRYCOLLECTION (MULTIPOLYGON EMPTY, COMPOUNDCURVE (EMPTY))",
            ),
            (
                "0106000000010000000103000000010000000200000000000000000000000000000000000000000000000000F03F0000000000000840",
                "MULTIPOLYGON (((0 0, 1 3)))",
            ),
        ] {
            assert_eq!(text(hex), expected);
        }
    }
}
