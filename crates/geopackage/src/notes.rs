//! Notes for the person who brought a file.

/// The most notes kept; a file can give rise to thousands.
const MOST_NOTES: usize = 100;

/// The first hundred notes, and how many more there were.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    kept: Vec<String>,
    more: usize,
}

impl Notes {
    /// Adds a note, a sentence.
    pub(crate) fn push(&mut self, note: String) {
        if self.kept.len() < MOST_NOTES {
            self.kept.push(note);
        } else {
            self.more += 1;
        }
    }

    /// The notes kept; of the others only their number.
    pub(crate) fn into_vec(self) -> Vec<String> {
        let mut notes = self.kept;
        if self.more > 0 {
            notes.push(format!("and {} more", self.more));
        }
        notes
    }
}

impl Extend<String> for Notes {
    fn extend<T: IntoIterator<Item = String>>(&mut self, notes: T) {
        notes.into_iter().for_each(|note| self.push(note));
    }
}
