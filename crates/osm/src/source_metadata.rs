//! What a file says of itself.

/// What a file says of itself. Some of it may stand at the end of the file, so it is complete after the last block was
/// read.
#[derive(Clone, Debug, Default)]
pub struct SourceMetadata {
    /// The time up to which the data is complete, as the file writes it.
    pub osm_base: Option<String>,
    /// The remarks of an Overpass server, such as `runtime error: Query timed out …`.
    pub remarks: Vec<String>,
}

impl SourceMetadata {
    /// The first remark which means that data is missing. Other remarks are information for people.
    pub fn fatal_remark(&self) -> Option<&str> {
        self.remarks.iter().map(|remark| remark.trim()).find(|remark| remark.starts_with("runtime error"))
    }
}
