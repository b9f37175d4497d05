//! What a file says of itself.

use jiff::Timestamp;

use super::{Malformed, wire::Message};
use crate::{About, Error, source::Place};

/// What must be understood to read a file right. History is: of each entity the highest version counts.
const UNDERSTOOD: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "HistoricalInformation"];

pub(super) struct FileHeader {
    required: Vec<String>,
    /// Up to when it is complete, in seconds since 1970.
    replicated: Option<i64>,
}

pub(super) fn decode(content: &[u8]) -> Result<FileHeader, Malformed> {
    let mut header = FileHeader { required: Vec::new(), replicated: None };
    let mut message = Message::new(content);
    while let Some((number, field)) = message.next()? {
        match number {
            4 => header.required.push(String::from_utf8_lossy(field.bytes()?).into_owned()),
            32 => header.replicated = Some(field.integer()?),
            _ => {}
        }
    }
    Ok(header)
}

impl FileHeader {
    /// Gives itself back if all that it requires is understood.
    pub(super) fn check(self, place: &Place) -> Result<Self, Error> {
        match self.required.iter().find(|feature| !UNDERSTOOD.contains(&feature.as_str())) {
            Some(feature) => {
                let feature = longhaul_geodata::short(feature);
                Err(place.unsupported(format!("it requires {feature:?}, which is not known here")))
            }
            None => Ok(self),
        }
    }

    pub(super) fn tell(&self, about: &mut About) {
        let moment = self.replicated.and_then(|seconds| Timestamp::from_second(seconds).ok());
        if let Some(moment) = moment {
            about.osm_base = Some(moment.to_string());
        }
    }
}
