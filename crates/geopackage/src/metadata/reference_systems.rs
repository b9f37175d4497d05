//! `gpkg_spatial_ref_sys`: the reference systems of a file.

use longhaul_geodata::Crs;
use longhaul_geodata::crs::{authority_identifier, format_wkt, has_authority};
use rusqlite::{OptionalExtension, Result};

use super::metadata_text::MetadataText;
use super::source::{SystemTables, integer};
use super::{LONGEST_NAME, LONGEST_TEXT};

/// What a file says of the reference system with some number.
#[derive(Debug)]
pub(crate) enum ReferenceSystem {
    /// It is undefined on purpose, or no number is given.
    Undefined,
    Defined(Crs),
    /// It cannot be kept, for this reason.
    Unknown(String),
}

/// A row of `gpkg_spatial_ref_sys`.
struct Definition {
    organization: String,
    code: Option<i64>,
    wkt: MetadataText,
    /// Well-known text, version 2, of the extension `gpkg_crs_wkt`.
    wkt2: MetadataText,
}

impl ReferenceSystem {
    pub(crate) fn read(tables: SystemTables<'_>, srs_id: Option<i64>) -> Result<Self> {
        // The specification reserves -1 and 0 for systems that are not defined.
        let Some(srs_id) = srs_id.filter(|srs_id| !matches!(srs_id, -1 | 0)) else {
            return Ok(Self::Undefined);
        };
        Ok(match Definition::read(tables, srs_id)? {
            Some(definition) => definition.into_reference_system(srs_id),
            None => {
                Self::Unknown(format!("gpkg_spatial_ref_sys does not have its reference system {srs_id}"))
            }
        })
    }

    pub(crate) fn into_crs(self) -> Option<Crs> {
        match self {
            Self::Defined(crs) => Some(crs),
            Self::Undefined | Self::Unknown(_) => None,
        }
    }

    /// Why it cannot be kept.
    pub(crate) fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(reason) => Some(reason),
            Self::Undefined | Self::Defined(_) => None,
        }
    }
}

impl Definition {
    fn read(tables: SystemTables<'_>, srs_id: i64) -> Result<Option<Self>> {
        let wanted =
            ["srs_id", "organization", "organization_coordsys_id", "definition", "definition_12_063"];
        let Some(source) = tables.source("gpkg_spatial_ref_sys", &wanted)? else { return Ok(None) };
        let sql = format!("SELECT * FROM {source} WHERE srs_id = ?1 LIMIT 1");
        let found = tables.connection.query_row(&sql, [srs_id], |row| {
            Ok(Self {
                organization: MetadataText::read(row, 1, LONGEST_NAME)?.present().unwrap_or_default(),
                code: integer(row, 2)?,
                wkt: MetadataText::read(row, 3, LONGEST_TEXT)?,
                wkt2: MetadataText::read(row, 4, LONGEST_TEXT)?,
            })
        });
        found.optional()
    }

    fn into_reference_system(self, srs_id: i64) -> ReferenceSystem {
        let is_too_long = self.wkt.is_too_long();
        let identifier =
            self.code.and_then(|code| authority_identifier(self.organization.trim(), &code.to_string()));
        let of_wkt = self.wkt.present().as_deref().and_then(Crs::from_wkt);
        let of_wkt2 = || self.wkt2.present().and_then(|wkt| from_wkt2(&wkt, identifier.as_deref()));
        let epsg = || {
            self.code.filter(|_| self.organization.trim().eq_ignore_ascii_case("EPSG")).and_then(from_epsg)
        };
        if let Some(crs) = of_wkt.or_else(of_wkt2).or_else(epsg) {
            return ReferenceSystem::Defined(crs);
        }
        match identifier {
            _ if is_too_long => ReferenceSystem::Unknown(
                "the definition of its reference system is too long and was left out".to_owned(),
            ),
            _ if self.organization.trim().eq_ignore_ascii_case("NONE") => ReferenceSystem::Undefined,
            Some(identifier) => {
                ReferenceSystem::Unknown(format!("its reference system {identifier} has no definition"))
            }
            None => ReferenceSystem::Unknown(format!("its reference system {srs_id} has no definition")),
        }
    }
}

/// A definition of WKT 2 that may leave it to the columns beside it to name its authority.
fn from_wkt2(wkt: &str, identifier: Option<&str>) -> Option<Crs> {
    let crs = Crs::from_wkt(wkt)?;
    Some(match identifier {
        Some(identifier) if !has_authority(wkt) => Crs { identifier: identifier.to_owned(), ..crs },
        _ => crs,
    })
}

/// The definition of a code of EPSG, from its database.
fn from_epsg(code: i64) -> Option<Crs> {
    let definition = crs_definitions::from_code(u16::try_from(code).ok()?)?;
    Some(Crs { identifier: format!("EPSG:{code}"), wkt: format_wkt(definition.wkt) })
}
