use std::{fmt, str::FromStr};

use crate::ProjectionError;

/// A name of a coordinate reference system, as clients write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Longitude and latitude on WGS 84, in this order: the system of GeoJSON.
    Crs84,
    /// A code of EPSG.
    Epsg(u16),
}

impl Reference {
    /// Its address in OGC's registry: `http://www.opengis.net/def/crs/EPSG/0/2193`.
    pub fn uri(self) -> String {
        match self {
            Self::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84".to_owned(),
            Self::Epsg(code) => format!("http://www.opengis.net/def/crs/EPSG/0/{code}"),
        }
    }
}

impl fmt::Display for Reference {
    /// `OGC:CRS84`, `EPSG:2193`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crs84 => f.write_str("OGC:CRS84"),
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
        }
    }
}

impl FromStr for Reference {
    type Err = ProjectionError;

    /// Reads `EPSG:2193`, `urn:ogc:def:crs:EPSG::2193` and `http://www.opengis.net/def/crs/EPSG/0/2193`, in any letter
    /// case; `OGC:CRS84` likewise.
    fn from_str(text: &str) -> Result<Self, ProjectionError> {
        let unknown = || ProjectionError::Name(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let (authority, code) = split(&lower).ok_or_else(unknown)?;
        match (authority, code) {
            ("ogc", "crs84") => Ok(Self::Crs84),
            ("epsg", digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() => {
                digits.parse().map(Self::Epsg).map_err(|_| ProjectionError::Unknown(text.trim().to_owned()))
            }
            _ => Err(unknown()),
        }
    }
}

/// Authority and code of a name in lower case; a version between them does not matter.
fn split(name: &str) -> Option<(&str, &str)> {
    let schemes = ["http://www.opengis.net/def/crs/", "https://www.opengis.net/def/crs/"];
    if let Some(path) = schemes.iter().find_map(|scheme| name.strip_prefix(scheme)) {
        let (authority, rest) = path.split_once('/')?;
        return Some((authority, rest.split_once('/')?.1));
    }
    if let Some(rest) = name.strip_prefix("urn:ogc:def:crs:") {
        let (authority, rest) = rest.split_once(':')?;
        return Some((authority, rest.split_once(':')?.1));
    }
    name.split_once(':')
}
