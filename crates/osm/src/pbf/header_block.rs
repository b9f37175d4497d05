//! What a file says of itself.

use jiff::Timestamp;

use super::{Malformed, wire::Message};
use crate::{Error, SourceMetadata, error_context::ErrorContext};

/// What must be understood to read a file right. History is: of each entity the highest version counts.
const SUPPORTED_FEATURES: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "HistoricalInformation"];

pub(super) struct HeaderBlock {
    required: Vec<String>,
    /// Up to when it is complete, in seconds since 1970.
    replication_timestamp: Option<i64>,
}

pub(super) fn decode(content: &[u8]) -> Result<HeaderBlock, Malformed> {
    let mut header = HeaderBlock { required: Vec::new(), replication_timestamp: None };
    let mut message = Message::new(content);
    while let Some((number, field)) = message.next()? {
        match number {
            4 => header.required.push(String::from_utf8_lossy(field.bytes()?).into_owned()),
            32 => header.replication_timestamp = Some(field.integer()?),
            _ => {}
        }
    }
    Ok(header)
}

impl HeaderBlock {
    /// Gives itself back if all that it requires is understood.
    pub(super) fn check(self, context: &ErrorContext) -> Result<Self, Error> {
        match self.required.iter().find(|feature| !SUPPORTED_FEATURES.contains(&feature.as_str())) {
            Some(feature) => {
                let feature = longhaul_geodata::short(feature);
                Err(context.unsupported(format!("it requires {feature:?}, which is not known here")))
            }
            None => Ok(self),
        }
    }

    pub(super) fn copy_to(&self, metadata: &mut SourceMetadata) {
        let moment = self.replication_timestamp.and_then(|seconds| Timestamp::from_second(seconds).ok());
        if let Some(moment) = moment {
            metadata.osm_base = Some(moment.to_string());
        }
    }
}
