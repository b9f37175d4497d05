use std::fmt;

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The prefix by which tools that look for leaked secrets recognize a token.
const PREFIX: &str = "longhaul_";

/// The secret of a token: 256 random bits. It is shown once and not stored.
pub(crate) struct Secret(String);

/// The SHA-256 of a [`Secret`], which is what the file of tokens holds. A slow password hash is not needed: a random secret cannot be
/// guessed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretHash([u8; 32]);

impl Secret {
    /// Generates a secret.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).context("asking the operating system for random numbers")?;
        Ok(Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random))))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of the secret.
    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl SecretHash {
    /// The hash of a text that a client sent as its secret.
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Parses 64 hexadecimal digits.
    pub(super) fn parse(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        let mut hash = [0; 32];
        if digits.len() != 2 * hash.len() {
            return None;
        }
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(hash))
    }

    /// Compares in constant time.
    pub(super) fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Display for SecretHash {
    /// In hexadecimal, as `sha256sum` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_is_new_and_its_hash_is_what_sha256sum_prints() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_ne!(one.as_str(), other.as_str());
        assert_eq!(one.as_str().len(), PREFIX.len() + 43);
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(SecretHash::of("abc").to_string(), known);
        assert_eq!(SecretHash::parse(known), Some(SecretHash::of("abc")));
        assert_eq!(SecretHash::parse(&known.to_uppercase()), Some(SecretHash::of("abc")));
        assert!(bool::from(SecretHash::of("abc").ct_eq(&SecretHash::of("abc"))));
        assert!(!bool::from(SecretHash::of("abc").ct_eq(&SecretHash::of("abd"))));
    }

    #[test]
    fn a_text_that_is_not_a_hash_is_refused() {
        for bad in [String::new(), "ab".repeat(31), "ab".repeat(33), "xy".repeat(32), "é".repeat(32)] {
            assert_eq!(SecretHash::parse(&bad), None, "{bad}");
        }
    }
}
