//! Reads the `HeaderBlock`, which describes the file.

use jiff::Timestamp;

use super::{malformed::Malformed, wire::Message};
use crate::{Error, SourceMetadata, error_context::ErrorContext};

/// The required features that are supported. Of a file with history the highest version of each entity is used.
const SUPPORTED_FEATURES: [&str; 4] =
    ["OsmSchema-V0.6", "DenseNodes", "HistoricalInformation", "LocationsOnWays"];

pub(super) struct HeaderBlock {
    required_features: Vec<String>,
    /// The time up to which the data is complete, in seconds since 1970. Writers put 0 or -1 if they do not know it.
    replication_timestamp: Option<i64>,
}

pub(super) fn decode(content: &[u8]) -> Result<HeaderBlock, Malformed> {
    let mut header = HeaderBlock { required_features: Vec::new(), replication_timestamp: None };
    let mut message = Message::new(content);
    while let Some((number, field)) = message.next()? {
        match number {
            4 => header.required_features.push(String::from_utf8_lossy(field.bytes()?).into_owned()),
            32 => header.replication_timestamp = Some(field.integer()?),
            _ => {}
        }
    }
    Ok(header)
}

impl HeaderBlock {
    /// Fails if the file requires a feature that is not supported.
    pub(super) fn check(&self, context: &ErrorContext) -> Result<(), Error> {
        match self.required_features.iter().find(|feature| !SUPPORTED_FEATURES.contains(&feature.as_str())) {
            Some(feature) => {
                let feature = longhaul_geodata::short(feature);
                Err(context.unsupported(format!("it requires {feature:?}, which is not known here")))
            }
            None => Ok(()),
        }
    }

    pub(super) fn copy_to(&self, metadata: &mut SourceMetadata) {
        let seconds = self.replication_timestamp.filter(|seconds| *seconds > 0);
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        if let Some(time) = time {
            metadata.osm_base = Some(time.to_string());
        }
    }
}
