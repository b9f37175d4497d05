//! Finds the last download on a branch, and its filter.
//!
//! The filter is stored in the last line of the commit message, as a trailer with a JSON string:
//! `Overpass-Filter: "node(…);\nout meta;"`. Git and Kart show a trailer and do not change it; it survives a clone, a push and
//! a rebase, and readers of the history see where the data comes from. A file in the tree would appear in every diff and
//! merge, and a header of the commit would be lost in a rebase.

use anyhow::{Context as _, anyhow, bail};
use longhaul_osm::{RawNodes, RawWays};
use longhaul_repository::{Commit, DatasetPath, Repository};

use crate::public_error::public_error;

const TRAILER: &str = "Overpass-Filter: ";
/// The layers that every download writes.
const RAW_LAYERS: [&str; 2] = [RawNodes::NAME, RawWays::NAME];

/// The last commit of a download on a branch, and the tip of the branch.
pub(super) struct LastDownload {
    tip: Commit,
    commit: Commit,
    filter: String,
}

impl LastDownload {
    /// Searches the history of a branch.
    pub(super) fn find(repository: &Repository, branch: &str) -> anyhow::Result<Self> {
        let tip = repository.branch_tip(branch).map_err(public_error)?;
        let tip = tip.ok_or_else(|| anyhow!("Repository has no HEAD, can't update."))?;
        let is_download = |commit: &Commit| filter_in(&commit.message).is_some();
        let commit = repository.newest(tip, is_download).map_err(public_error)?;
        let commit = commit.ok_or_else(|| anyhow!("The current branch does not contain OSM data"))?;
        let filter = filter_in(&commit.message).context("the last download has no filter")?;
        Ok(Self { tip: repository.commit(tip).map_err(public_error)?, commit, filter })
    }

    /// The filter of the download.
    pub(super) fn into_filter(self) -> String {
        self.filter
    }

    /// Fails if the layers of the download were edited since, because an update would replace them and lose the edits.
    pub(super) fn require_unedited(&self, repository: &Repository) -> anyhow::Result<()> {
        for name in RAW_LAYERS {
            let path = DatasetPath::new(name).map_err(public_error)?;
            let tree = |commit: &Commit| repository.layer_tree(commit.id, &path).map_err(public_error);
            if tree(&self.tip)? != tree(&self.commit)? {
                bail!(
                    "The layer '{name}' was edited in this repository since it was downloaded (commit {}), and an update \
                     would lose those edits: merging them is not possible yet. Nothing was committed.",
                    self.commit.id
                );
            }
        }
        Ok(())
    }

    /// The message of the commit of a download: with the trailer.
    pub(super) fn message(message: String, filter: &str) -> String {
        format!("{}\n\n{TRAILER}{}\n", message.trim_end(), serde_json::Value::from(filter))
    }
}

fn filter_in(message: &str) -> Option<String> {
    let json = message.trim_end().lines().last()?.strip_prefix(TRAILER)?;
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_in_a_message_is_unchanged() {
        let filter = "[timeout:25];\n(node(1,2,3,4);\t\"ö\");\u{0}\nout meta;";
        for message in ["Spring", "Two\n\nparagraphs\n"] {
            let message = LastDownload::message(message.to_owned(), filter);
            assert_eq!(filter_in(&message).as_deref(), Some(filter), "{message}");
        }
        assert_eq!(
            LastDownload::message("Updated OSM data".to_owned(), "node(1);\nout meta;"),
            "Updated OSM data\n\nOverpass-Filter: \"node(1);\\nout meta;\"\n"
        );
    }

    #[test]
    fn only_a_trailer_with_a_json_string_in_the_last_line_is_a_filter() {
        for message in [
            "",
            "Overpass-Filter: \"a\"\nmore",
            "Overpass-Filter: a",
            "Overpass-Filter: 7",
            "x Overpass-Filter: \"a\"",
        ] {
            assert_eq!(filter_in(message), None, "{message}");
        }
    }
}
