use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

/// How long a token is valid.
const LIFETIME: Duration = Duration::from_secs(60);
/// The most tokens that are stored; a new one replaces the oldest.
const MAX_TOKENS: usize = 1000;

/// The tokens for the second step of a deletion, so that nobody deletes a repository by mistake.
#[derive(Debug, Default)]
pub(crate) struct DeleteTokens(Mutex<VecDeque<Token>>);

#[derive(Debug)]
struct Token {
    text: String,
    repository: String,
    expires: Instant,
}

impl DeleteTokens {
    /// A new token for the repository with this id.
    pub(super) fn issue(&self, repository: &str, now: Instant) -> String {
        let text = Uuid::new_v4().simple().to_string();
        let token = Token { text: text.clone(), repository: repository.to_owned(), expires: now + LIFETIME };
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| token.expires > now);
        while tokens.len() >= MAX_TOKENS {
            tokens.pop_front();
        }
        tokens.push_back(token);
        text
    }

    /// Whether the token was issued for this repository and is still valid.
    pub(super) fn is_valid(&self, repository: &str, text: &str, now: Instant) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| token.expires > now);
        // Every token is compared in full, so that the time of the response reveals nothing.
        tokens.iter().fold(false, |found, token| {
            found | (same(&token.text, text) & same(&token.repository, repository))
        })
    }

    /// Makes the token invalid.
    pub(super) fn revoke(&self, text: &str) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| !same(&token.text, text));
    }
}

/// Whether the texts are the same, in a time that depends on their lengths alone.
fn same(one: &str, other: &str) -> bool {
    let differences =
        one.bytes().zip(other.bytes()).fold(0, |differences, (one, other)| differences | (one ^ other));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_for_its_repository_until_it_is_revoked_and_for_a_minute() {
        let tokens = DeleteTokens::default();
        let now = Instant::now();
        let token = tokens.issue("a", now);
        assert!(!tokens.is_valid("b", &token, now));
        assert!(!tokens.is_valid("a", "", now));
        assert!(!tokens.is_valid("a", &token[..31], now));
        assert!(tokens.is_valid("a", &token, now + Duration::from_secs(59)));
        assert!(tokens.is_valid("a", &token, now), "until it is revoked");
        tokens.revoke(&token);
        assert!(!tokens.is_valid("a", &token, now));
        let late = tokens.issue("a", now);
        assert!(!tokens.is_valid("a", &late, now + Duration::from_secs(60)));
    }

    #[test]
    fn only_so_many_tokens_are_stored() {
        let tokens = DeleteTokens::default();
        let now = Instant::now();
        let first = tokens.issue("a", now);
        (0..MAX_TOKENS).for_each(|_| drop(tokens.issue("a", now)));
        assert_eq!(tokens.0.lock().unwrap().len(), MAX_TOKENS);
        assert!(!tokens.is_valid("a", &first, now));
    }
}
