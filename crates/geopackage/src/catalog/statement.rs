//! Reads the statements that made virtual tables.
//!
//! SQLite would tell that a table is virtual, but only by running its module.

/// The module of a virtual table, in small letters, from the statement that made it; none for other tables.
pub(super) fn virtual_module(sql: &[u8]) -> Option<String> {
    let mut tokens = Tokens(sql);
    for keyword in ["create", "virtual", "table"] {
        tokens.next().filter(|token| token.eq_ignore_ascii_case(keyword.as_bytes()))?;
    }
    let module = tokens.skip_while(|token| !token.eq_ignore_ascii_case(b"using")).nth(1);
    Some(String::from_utf8_lossy(module.unwrap_or_default()).to_ascii_lowercase())
}

/// The words, quoted names and other characters of a statement, without white space and comments.
struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.skip_space();
        let length = match *self.0.first()? {
            quote @ (b'"' | b'\'' | b'`') => quoted(self.0, quote),
            b'[' => quoted(self.0, b']'),
            first if is_of_word(first) => self.0.iter().take_while(|byte| is_of_word(**byte)).count(),
            _ => 1,
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

impl Tokens<'_> {
    fn skip_space(&mut self) {
        loop {
            self.0 = self.0.trim_ascii_start();
            let end: &[u8] = match self.0 {
                [b'-', b'-', ..] => b"\n",
                [b'/', b'*', ..] => b"*/",
                _ => return,
            };
            let comment = &self.0[2..];
            let length = comment.windows(end.len()).position(|window| window == end);
            self.0 = length.map_or(&[], |length| &comment[length + end.len()..]);
        }
    }
}

/// Up to the closing quote. Whether one is doubled does not matter: the rest is a token of its own.
fn quoted(text: &[u8], quote: u8) -> usize {
    text[1..].iter().position(|byte| *byte == quote).map_or(text.len(), |at| at + 2)
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::virtual_module;

    #[test]
    fn a_virtual_table_is_recognized_however_its_statement_is_written() {
        let module = |sql: &str| virtual_module(sql.as_bytes());
        assert_eq!(module("CREATE VIRTUAL TABLE a USING rtree(id, x, y)").as_deref(), Some("rtree"));
        assert_eq!(
            module("create/* USING x */ virtual --\n TABLE IF NOT EXISTS main.\"a using\" using FTS5(t)")
                .as_deref(),
            Some("fts5")
        );
        assert_eq!(module("CREATE VIRTUAL TABLE").as_deref(), Some(""));
        assert_eq!(module("CREATE TABLE virtual(a)"), None);
        assert_eq!(module("CREATE TABLE a(b) /* VIRTUAL TABLE c USING rtree */"), None);
        assert_eq!(module("CREATE VIRTUAL/* endless"), None);
    }
}
