//! Warnings for the user who brought a file.

/// The most warnings kept; a file can give rise to thousands.
const MOST_WARNINGS: usize = 100;

/// The first hundred warnings, and how many more there were.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    kept: Vec<String>,
    more: usize,
}

impl Warnings {
    /// Adds a warning, a sentence.
    pub(crate) fn push(&mut self, note: String) {
        if self.kept.len() < MOST_WARNINGS {
            self.kept.push(note);
        } else {
            self.more += 1;
        }
    }

    /// The warnings kept; of the others only their number.
    pub(crate) fn into_vec(self) -> Vec<String> {
        let mut warnings = self.kept;
        if self.more > 0 {
            warnings.push(format!("and {} more", self.more));
        }
        warnings
    }
}

impl Extend<String> for Warnings {
    fn extend<T: IntoIterator<Item = String>>(&mut self, warnings: T) {
        warnings.into_iter().for_each(|note| self.push(note));
    }
}
