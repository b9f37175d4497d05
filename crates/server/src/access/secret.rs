use std::fmt;

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What tells a token from other texts, so that tools which look for leaked secrets find it.
const PREFIX: &str = "longhaul_";

/// The text by which a bearer shows that a token is theirs: 256 random bits. It is shown once and kept nowhere.
pub(crate) struct Secret(String);

/// The SHA-256 of a [`Secret`], which is what is kept. The secret is random, so no slower sum is needed: there is nothing to guess.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum([u8; 32]);

impl Secret {
    /// A new one.
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

    /// What is kept of it.
    pub(crate) fn sum(&self) -> Sum {
        Sum::of(&self.0)
    }
}

impl Sum {
    /// The sum of what somebody shows.
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// The sum that is written so; `None` if it is none.
    pub(super) fn read(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        let mut sum = [0; 32];
        if digits.len() != 2 * sum.len() {
            return None;
        }
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
        for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(sum))
    }

    /// Whether both are of the same secret; in a time that tells nothing.
    pub(super) fn is(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Display for Sum {
    /// In hexadecimal, as `sha256sum` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sum(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_new_each_time_and_its_sum_is_what_sha256sum_says() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_ne!(one.as_str(), other.as_str());
        assert_eq!(one.as_str().len(), PREFIX.len() + 43);
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sum::of("abc").to_string(), known);
        assert_eq!(Sum::read(known), Some(Sum::of("abc")));
        assert_eq!(Sum::read(&known.to_uppercase()), Some(Sum::of("abc")));
        assert!(bool::from(Sum::of("abc").is(&Sum::of("abc"))));
        assert!(!bool::from(Sum::of("abc").is(&Sum::of("abd"))));
    }

    #[test]
    fn what_is_no_sum_is_refused() {
        for bad in [String::new(), "ab".repeat(31), "ab".repeat(33), "xy".repeat(32), "é".repeat(32)] {
            assert_eq!(Sum::read(&bad), None, "{bad}");
        }
    }
}
