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

    /// Whether the token was given out for this repository and still counts; from now on it does not.
    pub(super) fn redeem(&self, repository: &str, text: &str, now: Instant) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| token.expires > now);
        // Every token is compared in full, so that the time it takes tells nothing.
        let found = tokens.iter().enumerate().fold(None, |found, (at, token)| {
            let is_it = same(&token.text, text) & same(&token.repository, repository);
            if is_it { Some(at) } else { found }
        });
        found.is_some_and(|at| tokens.remove(at).is_some())
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
    fn a_token_counts_once_for_its_repository_and_for_a_minute() {
        let tokens = DeletionTokens::default();
        let now = Instant::now();
        let token = tokens.issue("a", now);
        assert!(!tokens.redeem("b", &token, now));
        assert!(!tokens.redeem("a", "", now));
        assert!(!tokens.redeem("a", &token[..31], now));
        assert!(tokens.redeem("a", &token, now + Duration::from_secs(59)));
        assert!(!tokens.redeem("a", &token, now));
        let late = tokens.issue("a", now);
        assert!(!tokens.redeem("a", &late, now + Duration::from_secs(60)));
    }

    #[test]
    fn however_many_are_asked_for_few_are_kept() {
        let tokens = DeletionTokens::default();
        let now = Instant::now();
        let first = tokens.issue("a", now);
        (0..MOST).for_each(|_| drop(tokens.issue("a", now)));
        assert_eq!(tokens.0.lock().unwrap().len(), MOST);
        assert!(!tokens.redeem("a", &first, now));
    }
}
