//! What a file says of itself.

use std::collections::BTreeMap;

/// How many different remarks are kept. A server sends one or two.
const MAX_REMARKS: usize = 20;

/// What a file says of itself. Some of it may stand at the end of the file, so it is complete after the last block was
/// read.
#[derive(Clone, Debug, Default)]
pub struct SourceMetadata {
    /// The time up to which the data is complete, as the file writes it.
    pub osm_base: Option<String>,
    /// The remarks of an Overpass server, such as `runtime error: Query timed out …`; at most 20 different ones, and the
    /// first that means that data is missing.
    pub remarks: Vec<String>,
    /// The first error that a server reported in the document.
    pub error: Option<String>,
    /// How many elements there were of each type that no layer takes, such as `area`.
    pub unused: BTreeMap<&'static str, u64>,
}

impl SourceMetadata {
    /// The first message of the server which means that data is missing. Other remarks are information for people.
    pub fn fatal_remark(&self) -> Option<&str> {
        let remark = || self.remarks.iter().map(String::as_str).find(|remark| is_fatal(remark));
        self.error.as_deref().or_else(remark)
    }

    pub(crate) fn add_remark(&mut self, text: &str) {
        let has_place = self.remarks.len() < MAX_REMARKS;
        let is_first_fatal = is_fatal(text) && self.fatal_remark().is_none();
        if text.is_empty() {
            return;
        }
        if (has_place && !self.remarks.iter().any(|other| other == text)) || is_first_fatal {
            self.remarks.push(text.to_owned());
        }
    }

    pub(crate) fn add_error(&mut self, text: &str) {
        let text = if text.is_empty() { "the server reports an error and does not say which" } else { text };
        self.error.get_or_insert_with(|| text.to_owned());
    }

    pub(crate) fn count_unused(&mut self, element: &'static str) {
        *self.unused.entry(element).or_default() += 1;
    }
}

fn is_fatal(remark: &str) -> bool {
    remark.starts_with("runtime error")
}
