use std::cmp::Ordering;

/// An item with its place in the order.
pub(crate) struct Placed<K, T> {
    place: K,
    pub(crate) item: T,
}

impl<K, T> Placed<K, T> {
    pub(crate) fn new(item: T, place: &impl Fn(&T) -> K) -> Self {
        Self { place: place(&item), item }
    }
}

impl<K: Ord, T> Ord for Placed<K, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl<K: Ord, T> PartialOrd for Placed<K, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord, T> PartialEq for Placed<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl<K: Ord, T> Eq for Placed<K, T> {}
