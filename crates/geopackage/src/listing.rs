//! Lists names in messages.

use longhaul_geodata::short;

/// How many names a message has.
const MOST_NAMES: usize = 3;

/// The first names of many, and how many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameList {
    first: Vec<String>,
    count: u64,
}

impl NameList {
    /// Adds a name.
    pub(crate) fn push(&mut self, name: &str) {
        self.push_shown(format!("{:?}", short(name)));
    }

    /// Adds a name with something that is said of it.
    pub(crate) fn push_with(&mut self, name: &str, note: &str) {
        self.push_shown(format!("{:?} ({})", short(name), short(note)));
    }

    /// Adds the name of a column with its type.
    pub(crate) fn push_typed(&mut self, name: &str, declared_type: &str) {
        self.push_shown(format!("{:?} has the type {:?}", short(name), short(declared_type)));
    }

    fn push_shown(&mut self, shown: String) {
        self.count += 1;
        if self.first.len() < MOST_NAMES {
            self.first.push(shown);
        }
    }

    /// Adds the names of another list.
    pub(crate) fn append(&mut self, other: Self) {
        self.count += other.count;
        let room = MOST_NAMES - self.first.len();
        self.first.extend(other.first.into_iter().take(room));
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// `"a", "b", "c" and 7 more`.
    pub(crate) fn shown(&self) -> String {
        let names = self.first.join(", ");
        match self.count - self.first.len() as u64 {
            0 => names,
            more => format!("{names} and {more} more"),
        }
    }

    /// A sentence about one name or about several; none if there is no name.
    pub(crate) fn sentence(
        &self,
        one: impl FnOnce(&str) -> String,
        several: impl FnOnce(u64, &str) -> String,
    ) -> Option<String> {
        match self.count {
            0 => None,
            1 => Some(one(&self.shown())),
            count => Some(several(count, &self.shown())),
        }
    }
}
