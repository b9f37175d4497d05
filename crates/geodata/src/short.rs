//! Shortens names for messages.

use std::borrow::Cow;

/// How many characters of a name are shown.
const LONGEST_SHOWN: usize = 200;

/// The name as messages show it: whole, or its first 200 characters and `...`.
///
/// The name of a table in a file may have a million letters.
pub fn short(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", &name[..end])),
        None => Cow::Borrowed(name),
    }
}
