//! How what OpenStreetMap knows is written into the columns of layers.

mod json;
mod timestamp;

use std::convert::Infallible;

use longhaul_geodata::{Batch, Column, Crs, DataType, GeometryType, Value, geometry};

use crate::{Info, Position, Tags};

/// The oddity of a timestamp that is outside of all calendars.
pub const INVALID_TIMESTAMP: &str = "has a timestamp that no calendar has, which is left out";

/// A column of its name and type, of which no feature is told by.
pub fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, primary_key: false }
}

/// A column of texts of any length.
pub fn text(name: &str) -> Column {
    column(name, DataType::Text { length: None })
}

/// A column of geometries, of a WKT type, in [`wgs84`].
pub fn geometry(name: &str, kind: &str) -> Column {
    let kind = GeometryType { name: kind.to_owned(), z: false, m: false };
    column(name, DataType::Geometry { kind, crs: Some(wgs84().identifier) })
}

/// The reference system of all that OpenStreetMap knows, EPSG:4326.
pub fn wgs84() -> Crs {
    Crs::from_wkt(WGS_84).expect("the definition is not empty")
}

/// As GDAL writes it into GeoPackages, so that layers of both sources have one definition.
const WGS_84: &str = concat!(
    r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],"#,
    r#"AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],"#,
    r#"UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],"#,
    r#"AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]"#
);

/// Adds tags as a JSON object with sorted keys; null where nothing is said.
pub fn push_tags(tags: Tags<'_>, features: &mut Batch) {
    if tags.is_empty() {
        features.push(Value::Null);
    } else {
        features.push_text_with(|out| json::object(tags.iter(), out));
    }
}

/// Adds the ids of a way's nodes as a JSON array.
pub fn push_refs(refs: &[i64], features: &mut Batch) {
    features.push_text_with(|out| json::array(refs, out));
}

/// Adds the user as `name:uid`, with nothing for a missing name and -1 for a missing number; null for nobody.
pub fn push_user(info: &Info<'_>, features: &mut Batch) {
    if info.user.is_none() && info.uid.is_none() {
        return features.push(Value::Null);
    }
    features.push_text_with(|out| {
        out.push_str(info.user.unwrap_or_default());
        out.push(':');
        out.push_str(itoa::Buffer::new().format(info.uid.unwrap_or(-1)));
    });
}

/// Adds the date_time as `YYYY-MM-DDThh:mm:ss`, with a fraction if it has one; null if it is not known. Whether it could be
/// written: one that no calendar has is null, too.
pub fn push_timestamp(info: &Info<'_>, features: &mut Batch) -> bool {
    let Some(milliseconds) = info.timestamp else {
        features.push(Value::Null);
        return true;
    };
    let date_time = timestamp::to_date_time(milliseconds);
    match date_time {
        Some(date_time) => features.push_text_with(|out| timestamp::write(date_time, out)),
        None => features.push(Value::Null),
    }
    date_time.is_some()
}

/// Adds a point.
pub fn push_point(at: Position, features: &mut Batch) {
    push_geometry(features, |out| geometry::write_point(at.degrees(), out));
}

/// Adds a line.
pub fn push_line(line: &[Position], features: &mut Batch) {
    push_geometry(features, |out| geometry::write_line(line.iter().map(|at| at.degrees()), out));
}

/// Adds a polygon without holes; the ring's first position must stand at its end, too.
pub fn push_polygon(ring: &[Position], features: &mut Batch) {
    push_geometry(features, |out| geometry::write_polygon([ring.iter().map(|at| at.degrees())], out));
}

fn push_geometry(features: &mut Batch, write: impl FnOnce(&mut Vec<u8>)) {
    let Ok(()) = features.push_geometry_with(|out| {
        write(out);
        Ok::<_, Infallible>(())
    });
}
