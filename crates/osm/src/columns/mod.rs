//! Column definitions for OpenStreetMap data, and functions that write its values into a batch of features.

mod json;
mod timestamp;

use std::convert::Infallible;

use longhaul_geodata::{Batch, Column, Crs, DataType, GeometryType, Value, geometry};

use crate::{Info, Position, Tags};

/// The warning for a timestamp outside of the years 0 to 9999.
pub const INVALID_TIMESTAMP: &str = "has a timestamp that no calendar has, which is left out";

/// A column that is not a primary key.
pub fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, primary_key: false }
}

/// A text column without a length limit.
pub fn text(name: &str) -> Column {
    column(name, DataType::Text { length: None })
}

/// A geometry column in [`wgs84`]. `kind` is the name of the type in WKT, such as `POINT`.
pub fn geometry(name: &str, kind: &str) -> Column {
    let kind = GeometryType { name: kind.to_owned(), z: false, m: false };
    column(name, DataType::Geometry { kind, crs: Some(wgs84().identifier) })
}

/// The CRS of OpenStreetMap data, EPSG:4326.
pub fn wgs84() -> Crs {
    Crs::from_wkt(WGS_84).expect("the definition is not empty")
}

/// The definition that GDAL writes into GeoPackages, so that layers of both sources have the same CRS definition.
const WGS_84: &str = concat!(
    r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],"#,
    r#"AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],"#,
    r#"UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],"#,
    r#"AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]"#
);

/// Adds tags as a JSON object with sorted keys, or null if there are none.
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

/// Adds the user as `name:uid`. A missing name is empty, a missing uid is -1; if both are missing, the value is null.
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

/// Adds the timestamp as `YYYY-MM-DDThh:mm:ss` in UTC, with milliseconds if there are any, or null if it is not known.
/// Returns `false` for a timestamp outside of the years 0 to 9999, which is null too.
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

/// Adds a linestring.
pub fn push_linestring(linestring: &[Position], features: &mut Batch) {
    push_geometry(features, |out| geometry::write_line(linestring.iter().map(|at| at.degrees()), out));
}

/// Adds a polygon without holes. The last position of the ring must equal the first.
pub fn push_polygon(ring: &[Position], features: &mut Batch) {
    push_geometry(features, |out| geometry::write_polygon([ring.iter().map(|at| at.degrees())], out));
}

fn push_geometry(features: &mut Batch, write: impl FnOnce(&mut Vec<u8>)) {
    let Ok(()) = features.push_geometry_with(|out| {
        write(out);
        Ok::<_, Infallible>(())
    });
}
