use std::sync::{Mutex, PoisonError};

use crate::{Base, Format, Printer};

/// Kinds of callers for which something is kept. Most have one base, and `Host` headers could name any number.
const MOST: usize = 8;

/// What was made for each kind of caller, so as to make it once.
pub(super) struct Printed<T>(Mutex<Vec<(Kind, T)>>);

/// What an answer depends on beside what it tells.
#[derive(PartialEq)]
struct Kind {
    format: Format,
    verbose: bool,
    base: Base,
}

impl<T> Default for Printed<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Printed<T> {
    /// What there is for this caller; made now, if it is the first of its kind.
    pub(super) fn of(&self, printer: &Printer, make: impl FnOnce() -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_asked = |kind: &Kind| {
            kind.format == printer.format && kind.verbose == printer.verbose && kind.base == printer.base
        };
        if let Some((_, made)) = kept.iter().find(|(kind, _)| is_asked(kind)) {
            return made.clone();
        }
        let made = make();
        if kept.len() < MOST {
            let kind = Kind { format: printer.format, verbose: printer.verbose, base: printer.base.clone() };
            kept.push((kind, made.clone()));
        }
        made
    }
}
