//! The file of settings.

use std::path::Path;

use anyhow::Context;

use super::Given;

/// Reads the file.
pub(super) fn read(path: &Path) -> anyhow::Result<Given> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the settings in {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("reading the settings in {}", path.display()))
}
