use longhaul_geodata::geometry::Extent;

/// Which features are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// All of them, also those without an extent.
    All,
    /// Those whose extent has a point in common with one of these boxes. A window across the 180th meridian is two.
    Boxes(Vec<Extent>),
}

impl Window {
    pub(crate) fn intersects(&self, extent: Option<&Extent>) -> bool {
        match self {
            Self::All => true,
            Self::Boxes(boxes) => {
                extent.is_some_and(|extent| boxes.iter().any(|wanted| wanted.intersects(extent)))
            }
        }
    }

    /// Whether everything with an extent in `extent` is asked for.
    pub(crate) fn contains(&self, extent: &Extent) -> bool {
        match self {
            Self::All => true,
            Self::Boxes(boxes) => boxes.iter().any(|wanted| wanted.contains(extent)),
        }
    }
}
