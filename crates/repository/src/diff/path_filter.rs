//! Which layers and features a path names.

/// Layers, features and folders. No path names everything.
#[derive(Clone, Copy)]
pub(super) struct PathFilter<'a>(&'a [String]);

impl<'a> PathFilter<'a> {
    pub(super) fn new(paths: &'a [String]) -> Self {
        Self(paths)
    }

    /// Whether the file, the feature or the whole layer `path` is named.
    pub(super) fn covers(self, path: &str) -> bool {
        self.0.is_empty() || self.paths().any(|folder| is_within(path, folder))
    }

    /// Whether the layer `path`, or a feature of it, is named.
    pub(super) fn touches(self, layer: &str) -> bool {
        self.covers(layer) || self.paths().any(|path| is_within(path, layer))
    }

    fn paths(self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|path| path.trim_matches('/'))
    }
}

/// Whether `path` is `folder` or lies in it.
fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
