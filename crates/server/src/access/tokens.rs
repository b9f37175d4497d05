use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use subtle::{Choice, ConditionallySelectable};

use super::{Token, secret::SecretHash};

/// The tokens of a file, as of when it was last read.
pub(crate) struct Tokens {
    file: PathBuf,
    known: ArcSwap<Vec<Arc<Token>>>,
}

impl Tokens {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, is invalid, or has no token.
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        Ok(Self { file: file.to_owned(), known: ArcSwap::from_pointee(read(file)?) })
    }

    /// Reads the file again and returns the number of tokens. On an error the tokens stay as they were; tokens that are gone, or
    /// have other rights, are taken back.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn reload(&self) -> anyhow::Result<usize> {
        let (read, known) = (read(&self.file)?, self.known.load());
        let count = read.len();
        let kept =
            |token: Arc<Token>| known.iter().find(|known| known.is_same(&token)).cloned().unwrap_or(token);
        let tokens: Vec<_> = read.into_iter().map(kept).collect();
        let taken_back = known.iter().filter(|known| !tokens.iter().any(|token| Arc::ptr_eq(token, known)));
        let taken_back: Vec<_> = taken_back.cloned().collect();
        self.known.store(Arc::new(tokens));
        taken_back.iter().for_each(|token| token.revoke());
        Ok(count)
    }

    /// The token with this secret, unless it has expired.
    ///
    /// Compares with every token, so that the time taken depends on the number of tokens only.
    pub(super) fn find(&self, secret: &str) -> Option<Arc<Token>> {
        let hash = SecretHash::of(secret);
        let known = self.known.load();
        let (mut at, mut is_known) = (0_u64, Choice::from(0));
        for (index, token) in (0_u64..).zip(known.iter()) {
            let is_it = token.hash.ct_eq(&hash);
            at = u64::conditional_select(&at, &index, is_it);
            is_known |= is_it;
        }
        let found = bool::from(is_known).then(|| known.get(usize::try_from(at).ok()?).cloned()).flatten();
        found.filter(|token| !token.has_expired(Timestamp::now()))
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<Arc<Token>>> {
    let reading = || format!("reading the tokens in {}", file.display());
    let text = std::fs::read_to_string(file).with_context(reading)?;
    let tokens = Token::read_all(&text).with_context(reading)?;
    // As an editor leaves the file while it writes it, or a disk that was full.
    ensure!(!tokens.is_empty(), "{} has no tokens; 'longhaul token new' adds one", file.display());
    Ok(tokens.into_iter().map(Arc::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Role, Secret};

    #[test]
    fn a_token_is_found_by_its_secret_until_the_file_says_otherwise() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let secrets = [Secret::new().unwrap(), Secret::new().unwrap()];
        let toml =
            |name: &str, secret| Token::new(name, Role::Reader, vec![], secret).unwrap().to_toml().unwrap();
        std::fs::write(file.path(), toml("a", &secrets[0]) + &toml("b", &secrets[1])).unwrap();
        let tokens = Tokens::open(file.path()).unwrap();
        let name = |secret: &str| tokens.find(secret).map(|token| token.name.clone());
        assert_eq!(name(secrets[0].as_str()).as_deref(), Some("a"));
        assert_eq!(name(secrets[1].as_str()).as_deref(), Some("b"));
        assert_eq!(name(""), None);
        assert_eq!(name(&secrets[0].hash().to_string()), None, "the hash in the file is not a secret");

        for unusable in ["nonsense", "", "# nothing"] {
            std::fs::write(file.path(), unusable).unwrap();
            assert!(tokens.reload().is_err());
            assert_eq!(name(secrets[0].as_str()).as_deref(), Some("a"));
        }
        let expired =
            Token::new("b", Role::Reader, vec![], &secrets[1]).unwrap().expiring(Some(Timestamp::UNIX_EPOCH));
        std::fs::write(file.path(), expired.to_toml().unwrap()).unwrap();
        assert_eq!(tokens.reload().unwrap(), 1);
        assert_eq!(name(secrets[1].as_str()), None);
        std::fs::write(file.path(), toml("b", &secrets[1])).unwrap();
        assert_eq!(tokens.reload().unwrap(), 1);
        assert_eq!(name(secrets[0].as_str()), None);
        assert_eq!(name(secrets[1].as_str()).as_deref(), Some("b"));
    }
}
