//! Words that many tasks share, by number.

use std::{collections::HashMap, sync::Arc};

/// A word's number; that no word was said is one, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct Word(u32);

/// The words that were ever used; there are few, kinds, subjects and owners.
#[derive(Default)]
pub(in crate::store) struct Words {
    numbers: HashMap<Arc<str>, Word>,
    words: Vec<Arc<str>>,
}

impl Words {
    pub(super) fn find(&self, word: Option<&str>) -> Option<Word> {
        match word {
            Some(word) => self.numbers.get(word).copied(),
            None => Some(Word(0)),
        }
    }

    pub(super) fn learn(&mut self, word: Option<&Arc<str>>) -> Word {
        let Some(word) = word else { return Word(0) };
        if let Some(known) = self.numbers.get(word) {
            return *known;
        }
        self.words.push(word.clone());
        let number = Word(u32::try_from(self.words.len()).unwrap_or(u32::MAX));
        self.numbers.insert(word.clone(), number);
        number
    }

    pub(in crate::store) fn word(&self, number: Word) -> Option<Arc<str>> {
        let at = usize::try_from(number.0).ok()?.checked_sub(1)?;
        self.words.get(at).cloned()
    }
}
