//! What the last download on a branch was.
//!
//! That is remembered in the last line of the commit's message, as a trailer: `Overpass-Filter: "node(…);\nout meta;"`, a
//! JSON text. Git and Kart show such a line and let it be, it survives a clone, a push and a rebase, and whoever reads
//! the history sees where the data comes from. A file in the tree would be one more thing that every diff and merge
//! stumbles over, and a header of the commit would be lost with the first rebase.

use anyhow::{Context as _, anyhow, bail};
use longhaul_repository::{Commit, DatasetPath, Repository};

use crate::{import_osm::MESSAGE, public_error::public_error};

const TRAILER: &str = "Overpass-Filter: ";
/// The layers that a download writes.
const RAW_LAYERS: [&str; 2] = ["node", "way"];

/// A commit that a download made, and the commit that its branch stands on.
pub(super) struct LastDownload {
    tip: Commit,
    commit: Commit,
    filter: String,
}

impl LastDownload {
    /// Looks for it in the history of a branch.
    pub(super) fn on(repository: &Repository, branch: &str) -> anyhow::Result<Self> {
        let tip = repository.branch_tip(branch).map_err(public_error)?;
        let tip = tip.ok_or_else(|| anyhow!("Repository has no HEAD, can't update."))?;
        let is_download = |commit: &Commit| filter_in(&commit.message).is_some();
        let commit = repository.newest(tip, is_download).map_err(public_error)?;
        let commit = commit.ok_or_else(|| anyhow!("The current branch does not contain OSM data"))?;
        let filter = filter_in(&commit.message).context("the last download has no filter")?;
        Ok(Self { tip: repository.commit(tip).map_err(public_error)?, commit, filter })
    }

    /// What it asked for.
    pub(super) fn into_filter(self) -> String {
        self.filter
    }

    /// Refuses if what it brought was edited since: replacing it would lose those edits.
    pub(super) fn require_untouched(&self, repository: &Repository) -> anyhow::Result<()> {
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

    /// What a download's commit says: the message, and then what was asked for.
    pub(super) fn message(message: Option<String>, filter: &str) -> String {
        let message = message.filter(|message| !message.trim().is_empty());
        let message = message.as_deref().unwrap_or(MESSAGE).trim_end();
        format!("{message}\n\n{TRAILER}{}\n", serde_json::Value::from(filter))
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
    fn a_message_remembers_the_filter_to_the_letter() {
        let filter = "[timeout:25];\n(node(1,2,3,4);\t\"ö\");\u{0}\nout meta;";
        for message in [None, Some(" "), Some("Spring"), Some("Two\n\nparagraphs\n")] {
            let message = LastDownload::message(message.map(str::to_owned), filter);
            assert_eq!(filter_in(&message).as_deref(), Some(filter), "{message}");
        }
        assert_eq!(
            LastDownload::message(None, "node(1);\nout meta;"),
            "Updated OSM data\n\nOverpass-Filter: \"node(1);\\nout meta;\"\n"
        );
    }

    #[test]
    fn only_a_last_line_in_the_form_of_a_text_counts() {
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
