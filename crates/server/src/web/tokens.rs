use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

/// How long a token counts.
const LIFE: Duration = Duration::from_secs(60);
/// The most tokens that are remembered; the oldest goes for a new one.
const MOST: usize = 1000;

/// The tokens that let somebody delete a repository, so that nobody does so by mistake.
#[derive(Debug, Default)]
pub(crate) struct DeletionTokens(Mutex<VecDeque<Token>>);

#[derive(Debug)]
struct Token {
    text: String,
    repository: String,
    expires: Instant,
}

impl DeletionTokens {
    /// A new token for the repository with this id.
    pub(super) fn issue(&self, repository: &str, now: Instant) -> String {
        let text = Uuid::new_v4().simple().to_string();
        let token = Token { text: text.clone(), repository: repository.to_owned(), expires: now + LIFE };
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| token.expires > now);
        while tokens.len() >= MOST {
            tokens.pop_front();
        }
        tokens.push_back(token);
        text
    }

    /// Whether the token was given out for this repository and still counts.
    pub(super) fn counts(&self, repository: &str, text: &str, now: Instant) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| token.expires > now);
        // Every token is compared in full, so that the time it takes tells nothing.
        tokens.iter().fold(false, |found, token| {
            found | (same(&token.text, text) & same(&token.repository, repository))
        })
    }

    /// From now on the token does not count.
    pub(super) fn spend(&self, text: &str) {
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
    fn a_token_counts_for_its_repository_until_it_is_spent_and_for_a_minute() {
        let tokens = DeletionTokens::default();
        let now = Instant::now();
        let token = tokens.issue("a", now);
        assert!(!tokens.counts("b", &token, now));
        assert!(!tokens.counts("a", "", now));
        assert!(!tokens.counts("a", &token[..31], now));
        assert!(tokens.counts("a", &token, now + Duration::from_secs(59)));
        assert!(tokens.counts("a", &token, now), "until it is spent");
        tokens.spend(&token);
        assert!(!tokens.counts("a", &token, now));
        let late = tokens.issue("a", now);
        assert!(!tokens.counts("a", &late, now + Duration::from_secs(60)));
    }

    #[test]
    fn however_many_are_asked_for_few_are_kept() {
        let tokens = DeletionTokens::default();
        let now = Instant::now();
        let first = tokens.issue("a", now);
        (0..MOST).for_each(|_| drop(tokens.issue("a", now)));
        assert_eq!(tokens.0.lock().unwrap().len(), MOST);
        assert!(!tokens.counts("a", &first, now));
    }
}
