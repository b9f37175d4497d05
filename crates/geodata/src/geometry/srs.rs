//! The number of the reference system in a geometry's header.

use super::GeometryError;
use super::cursor::ByteOrder;
use super::header::{self, EnvelopeKind, Header, SRS_ID};

/// Appends a geometry in its stored form, whose header then names the reference system `srs_id`, as GeoPackages want it.
///
/// The stored form of an empty geometry may have an envelope, of zeros. It is written without the envelope and without the flag
/// for empty ones, from which [`normalise`](super::normalise) makes the same stored form again.
///
/// # Errors
/// If its header does not decode. The rest is copied without a look at it.
pub fn write_with_srs(stored: &[u8], srs_id: i32, out: &mut Vec<u8>) -> Result<(), GeometryError> {
    let (header, body) = Header::parse(stored)?;
    let start = out.len();
    if header.empty && header.envelope != EnvelopeKind::None && header.order == ByteOrder::Little {
        header::write(false, EnvelopeKind::None, out);
        out.extend_from_slice(body);
    } else {
        out.extend_from_slice(stored);
    }
    let srs_id = match header.order {
        ByteOrder::Little => srs_id.to_le_bytes(),
        ByteOrder::Big => srs_id.to_be_bytes(),
    };
    out[start..][SRS_ID].copy_from_slice(&srs_id);
    Ok(())
}
