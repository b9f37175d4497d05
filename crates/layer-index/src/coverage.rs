//! Where features are, without looking at each.

use std::io;

use longhaul_geodata::geometry::Extent;

use crate::{LayerIndex, Window, levels::CHILDREN};

impl LayerIndex {
    /// Boxes that together hold every feature in the window that has an extent: those of nodes of the lowest level of which there
    /// are no more than `most` in the window; of the root at least.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn coverage(&self, window: &Window, most: usize) -> io::Result<Vec<Extent>> {
        let Some((top, at)) = self.root() else { return Ok(Vec::new()) };
        let mut level = top;
        let mut found = self.in_window(window, level, at)?;
        while level > 0 {
            let mut below = Vec::new();
            for (node, _) in &found {
                below.extend(self.in_window(window, level - 1, node.saturating_mul(CHILDREN))?);
                if below.len() > most {
                    return Ok(found.into_iter().map(|(_, extent)| extent).collect());
                }
            }
            found = below;
            level -= 1;
        }
        Ok(found.into_iter().map(|(_, extent)| extent).collect())
    }

    /// The nodes from `at` on with the same parent that are in the window: their numbers and extents.
    fn in_window(&self, window: &Window, level: usize, at: u64) -> io::Result<Vec<(u64, Extent)>> {
        let nodes = (at..).zip(self.siblings(level, at)?);
        let extents = nodes.filter_map(|(at, node)| node.extent.map(|extent| (at, extent)));
        Ok(extents.filter(|(_, extent)| window.intersects(Some(extent))).collect())
    }
}
