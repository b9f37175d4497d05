//! Well-known text, cut into its tokens.

/// A piece of the text that has no white space in it, unless it is a quoted text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword: letters, digits and `_`, not starting with a digit.
    Word,
    /// A text in double quotes.
    Text,
    /// `[` or `(`.
    Open,
    /// `]` or `)`.
    Close,
    /// `,`.
    Comma,
    /// Numbers and all other characters.
    Other,
}

impl<'a> Token<'a> {
    /// The text without the quotes around it.
    pub(super) fn unquoted(self) -> &'a str {
        let text = self.text;
        text.strip_prefix('"').map_or(text, |text| text.strip_suffix('"').unwrap_or(text))
    }
}

/// The tokens of a definition, in order; together they are all of it but the white space.
pub(super) fn tokens(definition: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = definition;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let (kind, length) = measure(first, rest);
        let (text, after) = rest.split_at(length);
        rest = after;
        Some(Token { kind, text })
    })
}

/// What the token is that starts with `first` at the start of `rest`, and its length in bytes.
fn measure(first: char, rest: &str) -> (TokenKind, usize) {
    match first {
        '"' => (TokenKind::Text, quoted_length(rest)),
        '[' | '(' => (TokenKind::Open, 1),
        ']' | ')' => (TokenKind::Close, 1),
        ',' => (TokenKind::Comma, 1),
        _ if is_of_word(first) && !first.is_ascii_digit() => (TokenKind::Word, word_length(rest)),
        _ if is_of_word(first) => (TokenKind::Other, word_length(rest)),
        _ => (TokenKind::Other, first.len_utf8()),
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_length(rest: &str) -> usize {
    rest.find(|c| !is_of_word(c)).unwrap_or(rest.len())
}

/// Up to the closing quote; a doubled quote is one inside the text. A text that is not closed extends to the end.
fn quoted_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'"') {
        at += found + 1;
        match bytes.get(at) {
            Some(b'"') => at += 1,
            _ => return at,
        }
    }
    rest.len()
}
