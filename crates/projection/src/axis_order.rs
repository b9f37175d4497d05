use longhaul_geodata::crs::arguments;

/// In which order an authority has the coordinates of its system. Stored coordinates and those of GeoPackage are
/// always in the order of [`AxisOrder::EastNorth`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisOrder {
    /// Easting or longitude first.
    EastNorth,
    /// Northing or latitude first: a client that asks for the system gets the coordinates swapped.
    NorthEast,
    /// Not known, or along other directions.
    Unknown,
}

/// Systems whose order was changed between versions of EPSG's database.
const CHANGED: [std::ops::RangeInclusive<u16>; 6] =
    [3907..=3911, 21891..=21894, 27492..=27492, 31265..=31268, 31291..=31297, 31462..=31465];

/// The order of a system of EPSG with this definition.
///
/// The definitions come from GDAL, which leaves the axes out where the order is latitude and longitude, or northing and
/// easting.
pub(crate) fn of_epsg(code: u16, wkt: &str) -> AxisOrder {
    if CHANGED.iter().any(|changed| changed.contains(&code)) {
        return AxisOrder::Unknown;
    }
    let root = if wkt.starts_with("PROJCS[") {
        "PROJCS"
    } else if wkt.starts_with("GEOGCS[") {
        "GEOGCS"
    } else {
        return AxisOrder::Unknown;
    };
    match arguments(wkt, &[root, "AXIS"]).as_deref() {
        Some([_, direction, ..]) if matches!(direction.as_str(), "EAST" | "WEST") => AxisOrder::EastNorth,
        Some([_, direction, ..]) if direction == "NORTH" => AxisOrder::NorthEast,
        Some(_) => AxisOrder::Unknown,
        None if root == "GEOGCS" && wkt.contains("(lon-lat)") => AxisOrder::EastNorth,
        None => AxisOrder::NorthEast,
    }
}
