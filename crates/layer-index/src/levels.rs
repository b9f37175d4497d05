//! Where the levels of a packed tree are.

/// Children of a node.
pub(crate) const CHILDREN: u64 = 16;

/// The levels of a tree. Level 0 is that of the leaves, the last is that of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    /// The first node and the number of nodes of each.
    levels: Vec<(u64, u64)>,
    nodes: u64,
}

impl Levels {
    /// The levels above so many leaves; none above no leaf.
    pub(crate) fn of(leaves: u64) -> Self {
        let mut sizes = Vec::new();
        let mut size = leaves;
        while size > 0 {
            sizes.push(size);
            if size == 1 && sizes.len() > 1 {
                break;
            }
            size = size.div_ceil(CHILDREN);
        }
        let nodes = sizes.iter().sum();
        let mut end = nodes;
        let levels = sizes.into_iter().map(|size| {
            end -= size;
            (end, size)
        });
        Self { levels: levels.collect(), nodes }
    }

    /// The nodes of all levels.
    pub(crate) fn nodes(&self) -> u64 {
        self.nodes
    }

    pub(crate) fn len(&self) -> usize {
        self.levels.len()
    }

    /// The number of the first node of a level, counted from the root.
    pub(crate) fn start(&self, level: usize) -> u64 {
        self.levels[level].0
    }

    /// How many nodes a level has.
    pub(crate) fn size(&self, level: usize) -> u64 {
        self.levels[level].1
    }
}

/// How many leaves a whole node of this level has below it.
pub(crate) fn leaves_below(level: usize) -> u64 {
    CHILDREN.saturating_pow(level as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_each_other_from_the_root() {
        assert_eq!((Levels::of(0).nodes(), Levels::of(0).len()), (0, 0));
        for (leaves, expected) in [
            (1, vec![(1, 1), (0, 1)]),
            (16, vec![(1, 16), (0, 1)]),
            (17, vec![(3, 17), (1, 2), (0, 1)]),
            (257, vec![(20, 257), (3, 17), (1, 2), (0, 1)]),
        ] {
            assert_eq!(Levels::of(leaves).levels, expected, "{leaves}");
        }
    }
}
