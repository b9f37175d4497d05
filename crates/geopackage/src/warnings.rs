//! Warnings for the user who brought a file.

use std::fmt;

use crate::listing::NameList;

/// The most warnings kept; a file can give rise to thousands.
const MOST_WARNINGS: usize = 100;

/// A sentence about a file, or about one or more of its layers.
#[derive(Clone, Debug)]
pub struct Warning {
    layers: NameList,
    /// What follows the names of the layers.
    text: String,
    /// Whether it says what was left out or changed, so that an import lacks it.
    pub is_loss: bool,
}

impl Warning {
    /// About the file as a whole.
    pub fn of_file(text: String, is_loss: bool) -> Self {
        Self { layers: NameList::default(), text, is_loss }
    }

    /// About a layer.
    pub(crate) fn of_layer(layer: &str, text: String, is_loss: bool) -> Self {
        let mut layers = NameList::default();
        layers.push(layer);
        Self { layers, text, is_loss }
    }

    /// One warning for all layers of which the same is to be said.
    pub fn merge(warnings: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut merged = Vec::<Self>::new();
        for warning in warnings {
            let same = merged.iter_mut().find(|other| {
                other.layers.count() > 0 && warning.layers.count() > 0 && other.text == warning.text
            });
            match same {
                Some(other) => other.layers.append(warning.layers),
                None => merged.push(warning),
            }
        }
        merged
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, text) = (self.layers.shown(), &self.text);
        match self.layers.count() {
            0 => f.write_str(text),
            1 => write!(f, "layer {names}: {text}"),
            _ => write!(f, "layers {names}: {text}"),
        }
    }
}

/// Compares what a user reads.
impl PartialEq<&str> for Warning {
    fn eq(&self, other: &&str) -> bool {
        let text = self.to_string();
        text.as_str() == *other
    }
}

/// The first hundred warnings, and how many more there were.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    kept: Vec<Warning>,
    more: usize,
}

impl Warnings {
    /// Adds a warning.
    pub(crate) fn push(&mut self, warning: Warning) {
        if self.kept.len() < MOST_WARNINGS {
            self.kept.push(warning);
        } else {
            self.more += 1;
        }
    }

    /// The warnings kept; of the others only their number.
    pub(crate) fn into_vec(self) -> Vec<Warning> {
        let mut warnings = self.kept;
        if self.more > 0 {
            warnings.push(Warning::of_file(format!("and {} more", self.more), false));
        }
        warnings
    }
}

impl Extend<Warning> for Warnings {
    fn extend<T: IntoIterator<Item = Warning>>(&mut self, warnings: T) {
        warnings.into_iter().for_each(|warning| self.push(warning));
    }
}
