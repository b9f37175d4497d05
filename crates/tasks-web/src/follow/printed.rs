use std::sync::{Mutex, PoisonError};

use crate::{Base, Format, Printer};

/// Kinds of callers for which something is kept. Most have one base, and `Host` headers could name any number.
const MOST: usize = 8;

/// What was made for each kind of caller, so as to make it once.
pub(super) struct Printed<T>(Mutex<Vec<(Kind, T)>>);

/// What an answer depends on beside what it tells.
pub(super) struct Kind {
    format: Format,
    verbose: bool,
    base: Base,
}

impl Kind {
    pub(super) fn of(printer: &Printer) -> Self {
        Self { format: printer.format, verbose: printer.verbose, base: printer.base.clone() }
    }

    pub(super) fn is_of(&self, printer: &Printer) -> bool {
        self.format == printer.format && self.verbose == printer.verbose && self.base == printer.base
    }
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
        if let Some((_, made)) = kept.iter().find(|(kind, _)| kind.is_of(printer)) {
            return made.clone();
        }
        let made = make();
        if kept.len() < MOST {
            kept.push((Kind::of(printer), made.clone()));
        }
        made
    }
}
