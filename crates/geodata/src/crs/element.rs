//! Looks single elements of a definition up.

use super::tokens::{TokenKind, tokens};

/// The plain arguments (texts without their quotes, numbers and words) of the first element at the end of `path`, a
/// path of keywords from the root of the definition: `["GEOGCS", "UNIT"]` gives `["degree", "0.0174532925199433"]`.
///
/// Elements inside the element are left out. Keywords are compared in any letter case.
pub fn arguments(definition: &str, path: &[&str]) -> Option<Vec<String>> {
    let mut search = Search { path, depth: 0, matched: 0, arguments: Vec::new(), argument: String::new() };
    let mut tokens = tokens(definition).peekable();
    while let Some(token) = tokens.next() {
        let opens = tokens.peek().is_some_and(|next| next.kind == TokenKind::Open);
        match token.kind {
            TokenKind::Word if opens => search.keyword(token.text),
            TokenKind::Open => search.depth += 1,
            TokenKind::Comma if search.is_inside() => search.end_argument(),
            TokenKind::Close if search.is_inside() => {
                search.end_argument();
                return Some(search.arguments);
            }
            TokenKind::Close => search.close()?,
            _ if search.is_inside() => search.argument.push_str(token.unquoted()),
            _ => {}
        }
    }
    None
}

struct Search<'a> {
    path: &'a [&'a str],
    /// How many brackets are open.
    depth: usize,
    /// How many keywords of the path are those of open brackets.
    matched: usize,
    arguments: Vec<String>,
    argument: String,
}

impl Search<'_> {
    /// Directly inside the element that is looked for.
    fn is_inside(&self) -> bool {
        self.matched == self.path.len() && self.depth == self.matched
    }

    fn keyword(&mut self, word: &str) {
        let is_next = self.path.get(self.matched).is_some_and(|next| next.eq_ignore_ascii_case(word));
        if self.matched == self.depth && is_next {
            self.matched += 1;
        }
    }

    fn end_argument(&mut self) {
        if !self.argument.is_empty() {
            self.arguments.push(std::mem::take(&mut self.argument));
        }
    }

    /// `None` if nothing is open.
    fn close(&mut self) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        self.matched = self.matched.min(self.depth);
        Some(())
    }
}
