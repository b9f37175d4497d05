//! Geometries in the form in which datasets store them.
//!
//! A geometry comes as the GeoPackageBinary of the
//! [GeoPackage specification](https://www.geopackage.org/spec131/#gpb_format), which allows many encodings of one geometry.
//! [`normalise`] makes one of them, as [Kart's
//! documentation](https://docs.kartproject.org/en/latest/pages/development/table_v3.html) describes: the header is
//! little-endian, names no coordinate reference system, and has the envelope that the type asks for; the body is
//! little-endian ISO WKB.
//!
//! Nothing here computes with geometries beyond their extent and the direction of their rings.

mod arc;
mod code;
mod cursor;
mod envelope;
mod error;
mod extent;
mod geojson;
mod header;
mod map;
mod position;
mod read;
mod rebuild;
mod srs;
mod summary;
mod type_code;
mod visit;
mod walk;
mod wkt;
mod write;

pub use error::GeometryError;
pub use extent::{Extent, Measured, measure, quick_extent};
pub use geojson::{GeoJsonError, GeoJsonOptions, write_geojson, write_number};
pub use map::map_positions;
pub use read::read_positions;
pub use srs::write_with_srs;
pub use summary::{AllowedKinds, GeometrySummary};
pub use type_code::GeometryTypeCode;
pub use visit::{GeometryVisitor, Positions, visit};
pub use wkt::well_known_text;
pub use write::{write_line, write_point, write_polygon};

use code::Code;
use cursor::ByteOrder;
use header::{Header, wanted_envelope};

/// Appends the stored form of a GeoPackageBinary to `out`.
///
/// A geometry whose header and outermost body are little-endian and whose envelope has the right kind is copied, with
/// its reference system set to zero. Everything else stays as it is, also a wrong envelope, big-endian
/// parts and unused flags. Any other geometry is written again, with a computed envelope. The old codes for
/// three dimensions (`0x80000001` and so on) become those of ISO.
///
/// Bytes behind the end of the geometry are not part of it. As with Kart a copy keeps them, and a geometry that is written
/// again loses them.
///
/// # Errors
/// If the geometry does not decode; `out` may then have been added to.
pub fn normalise(input: &[u8], out: &mut Vec<u8>) -> Result<GeometrySummary, GeometryError> {
    let (header, body) = Header::parse(input)?;
    let summary = walk::check(body)?;
    if is_stored_form(&header, &summary) {
        header::copy_without_srs(input, out);
    } else {
        rebuild::rebuild(&header, summary.code, body, out)?;
    }
    Ok(GeometrySummary { code: summary.code, trailing: summary.trailing })
}

/// The well-known binary in a GeoPackageBinary, behind its header. The binary itself is not checked.
///
/// # Errors
/// If the header does not decode.
pub fn well_known_binary(geometry: &[u8]) -> Result<&[u8], GeometryError> {
    Header::parse(geometry).map(|(_, body)| body)
}

fn is_stored_form(header: &Header, summary: &walk::WkbSummary) -> bool {
    header.order == ByteOrder::Little
        && summary.order == ByteOrder::Little
        && summary.only_iso_codes
        && header.envelope == wanted_envelope(header.empty, summary.code)
}
