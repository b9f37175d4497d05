//! The parameters of a request for a download, which become the description of the task.

use serde::{Deserialize, Serialize};

/// How many characters of a filter or a mapping the description has. Both may be whole files.
const MAX_CHARS: usize = 2000;

/// The parameters of a request for a download, for the description of the task.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DownloadParameters {
    /// The filter, or the name of its file.
    pub filter: Option<String>,
    /// The bounding box.
    pub bbox: Option<String>,
    /// The mapping, or the name of its file.
    pub mapping: Option<String>,
    /// Whether the download updates the last one.
    pub update: Option<bool>,
    /// Whether an update is rebased instead of merged. There are never other changes, so both give the same result.
    pub rebase: Option<bool>,
}

impl DownloadParameters {
    /// GeoGig's description of a download.
    pub(super) fn description(&self) -> String {
        let or_null = |text: &Option<String>| text.as_deref().map_or("null".into(), shortened);
        let mut description =
            format!("osm download filter: {}, bbox: {}", or_null(&self.filter), or_null(&self.bbox));
        if let Some(mapping) = &self.mapping {
            description += &format!(", mapping: {}", shortened(mapping));
        }
        if let Some(update) = self.update {
            description += &format!(", update: {update}");
        }
        if let Some(rebase) = self.rebase {
            description += &format!(", rebase: {rebase}");
        }
        description
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_contains_the_parameters() {
        let parameters = DownloadParameters { bbox: Some("1,2,3,4".into()), ..DownloadParameters::default() };
        assert_eq!(parameters.description(), "osm download filter: null, bbox: 1,2,3,4");
        let parameters = DownloadParameters {
            filter: Some("node(1);out meta;".into()),
            mapping: Some("roads.json".into()),
            update: Some(false),
            rebase: Some(true),
            ..DownloadParameters::default()
        };
        assert_eq!(
            parameters.description(),
            "osm download filter: node(1);out meta;, bbox: null, mapping: roads.json, update: false, rebase: true"
        );
        let parameters =
            DownloadParameters { filter: Some("ö".repeat(5000)), ..DownloadParameters::default() };
        let expected = format!("osm download filter: {}..., bbox: null", "ö".repeat(2000));
        assert_eq!(parameters.description(), expected);
    }
}
