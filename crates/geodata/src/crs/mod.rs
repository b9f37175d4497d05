//! Coordinate reference systems in well-known text, versions 1 and 2: their identifiers, and the layout of their text.
//!
//! All functions accept any text, also what is not well-known text.

mod element;
mod tokens;

use sha2::{Digest, Sha256};

use crate::Crs;
pub use element::arguments;
use tokens::{Token, TokenKind, tokens};

/// The deepest indentation. Real definitions need much less; hostile ones must not make the text huge.
const DEEPEST_INDENT: usize = 20;

/// The longest identifier, in bytes: it becomes the name of a file.
const LONGEST_IDENTIFIER: usize = 200;

impl Crs {
    /// The reference system of a definition; none if the definition is empty or says `undefined`.
    pub fn from_wkt(definition: &str) -> Option<Self> {
        let definition = definition.trim();
        if definition.is_empty() || definition.eq_ignore_ascii_case("undefined") {
            return None;
        }
        Some(Self { identifier: identifier(definition), wkt: format_wkt(definition) })
    }
}

/// Kart's identifier of a reference system, used in schemas and in file names.
///
/// That is its authority's name and code (`EPSG:4326`), or else its own name, or else `CUSTOM:` and a number made
/// from the definition. Slashes and control characters become `_`. Unlike with Kart backslashes do too, and `_` goes in
/// front of what Git refuses as the name of a file: `.git:x`, `.git\x` or `git~1:x`, which Windows takes for `.git`.
pub fn identifier(definition: &str) -> String {
    authority(definition)
        .or_else(|| name(definition))
        .and_then(|identifier| storable(&identifier))
        .unwrap_or_else(|| custom_identifier(definition))
}

/// The identifier of a reference system that an authority lists under a code; none if it is empty or too long.
pub fn authority_identifier(authority: &str, code: &str) -> Option<String> {
    join_authority([authority, code]).as_deref().and_then(storable)
}

/// Whether a definition names the authority that lists it, so that [`identifier`] is the authority's.
pub fn has_authority(definition: &str) -> bool {
    authority(definition).is_some()
}

/// The identifier as the name of a file; none if it is too long for one.
fn storable(identifier: &str) -> Option<String> {
    let plain = identifier.replace(|c: char| matches!(c, '/' | '\\') || c.is_control(), "_");
    let is_short_name =
        plain.contains('~') && plain.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("gi"));
    let name = if plain.starts_with('.') || is_short_name { format!("_{plain}") } else { plain };
    (name.len() <= LONGEST_IDENTIFIER).then_some(name)
}

/// The definition on several lines: after a comma, an element with brackets of its own begins a new line.
pub fn format_wkt(definition: &str) -> String {
    let mut text = String::with_capacity(definition.len() * 2);
    let mut indent = 0_usize;
    let mut after_comma = false;
    let mut tokens = tokens(definition).peekable();
    while let Some(token) = tokens.next() {
        if after_comma {
            let opens = token.kind == TokenKind::Word
                && tokens.peek().is_some_and(|next| next.kind == TokenKind::Open);
            separate(&mut text, &mut indent, opens);
        }
        if token.kind == TokenKind::Close {
            indent = indent.saturating_sub(1);
        }
        text.push_str(token.text);
        after_comma = token.kind == TokenKind::Comma;
    }
    text.push('\n');
    text
}

fn separate(text: &mut String, indent: &mut usize, opens: bool) {
    if opens {
        *indent += 1;
        text.push('\n');
        text.extend(std::iter::repeat_n("    ", (*indent).min(DEEPEST_INDENT)));
    } else {
        text.push(' ');
    }
}

/// `name:code` of the first `AUTHORITY`, which WKT 2 calls `ID`, that belongs to the whole definition and not to a part
/// of it.
fn authority(definition: &str) -> Option<String> {
    let mut tokens = tokens(definition);
    let mut depth = 0_i64;
    while let Some(token) = tokens.next() {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth -= 1,
            TokenKind::Word if depth == 1 && is_authority(token.text) => {
                return join_authority(first_two(tokens));
            }
            _ => {}
        }
    }
    None
}

fn is_authority(keyword: &str) -> bool {
    keyword.eq_ignore_ascii_case("AUTHORITY") || keyword.eq_ignore_ascii_case("ID")
}

/// The first two arguments of the keyword that `tokens` follow.
fn first_two<'a>(tokens: impl Iterator<Item = Token<'a>>) -> [&'a str; 2] {
    let mut arguments = [""; 2];
    let mut which = 0;
    for token in tokens.skip_while(|token| token.kind == TokenKind::Open) {
        match token.kind {
            TokenKind::Comma if which == 0 => which = 1,
            TokenKind::Comma | TokenKind::Close | TokenKind::Open => break,
            _ => arguments[which] = token.unquoted(),
        }
    }
    arguments
}

fn join_authority([name, code]: [&str; 2]) -> Option<String> {
    let alone = match (name.is_empty(), code.is_empty()) {
        (false, false) => return Some(format!("{name}:{code}")),
        (true, _) => code,
        (false, true) => name,
    };
    let says_something = !matches!(alone, "" | "0" | "EPSG" | "ESRI");
    says_something.then(|| alone.to_owned())
}

/// The first element in the outermost brackets, if it is a text.
fn name(definition: &str) -> Option<String> {
    let mut tokens = tokens(definition).skip_while(|token| token.kind != TokenKind::Open).skip(1);
    let name = tokens.next().filter(|token| token.kind == TokenKind::Text)?.unquoted().trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A number between 200000 and 209199, which EPSG does not use.
fn custom_identifier(definition: &str) -> String {
    let digest = Sha256::digest(format_wkt(definition));
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("CUSTOM:{}", 200_000 + number % 9_200)
}
