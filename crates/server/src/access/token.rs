use std::{future::pending, time::Duration};

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use longhaul_repository::RepositoryName;
use serde::{Deserialize, Serialize};
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{Role, Secret, secret::SecretHash};

/// A token, without its secret.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Its name, which becomes the owner of the tasks submitted with it.
    pub(crate) name: String,
    /// What it permits.
    pub(crate) role: Role,
    /// The repositories that it is limited to; `None`: all of them.
    pub(crate) repositories: Option<Vec<String>>,
    /// When it stops being valid.
    pub(crate) expires: Option<Timestamp>,
    pub(super) hash: SecretHash,
    /// Cancelled when the token is taken back.
    revoked: CancellationToken,
}

/// The form of a token in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    name: String,
    sha256: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    repositories: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<TokenEntry>,
}

impl Token {
    /// A token with this secret.
    ///
    /// # Errors
    /// If the name or the name of a repository is invalid, or the token of an admin is limited to some repositories.
    pub(crate) fn new(
        name: &str,
        role: Role,
        repositories: Vec<String>,
        secret: &Secret,
    ) -> anyhow::Result<Self> {
        let repositories = (!repositories.is_empty()).then_some(repositories);
        let revoked = CancellationToken::new();
        let token =
            Self { name: name.to_owned(), role, repositories, expires: None, hash: secret.hash(), revoked };
        token.check().map(|()| token)
    }

    /// The token, valid until `expires` only.
    pub(crate) fn expiring(self, expires: Option<Timestamp>) -> Self {
        Self { expires, ..self }
    }

    /// Whether it is valid no more at this time.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether the other one is the same token with the same rights.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let parts = |token: &Self| {
            (token.name.clone(), token.role, token.repositories.clone(), token.expires, token.hash)
        };
        parts(self) == parts(other)
    }

    /// Takes the token back: [`ended`](Self::ended) completes.
    pub(super) fn revoke(&self) {
        self.revoked.cancel();
    }

    /// Whether it was taken back.
    pub(super) fn is_revoked(&self) -> bool {
        self.revoked.is_cancelled()
    }

    /// Completes when the token is taken back, or expires.
    pub(crate) async fn ended(&self) {
        let expired = async {
            match self.expires {
                Some(expires) => {
                    let left = expires.duration_since(Timestamp::now());
                    time::sleep(Duration::try_from(left).unwrap_or_default()).await;
                }
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.revoked.cancelled() => {}
            () = expired => {}
        }
    }

    /// All tokens of a file.
    ///
    /// # Errors
    /// If the text is invalid, or two tokens have the same name or the same secret.
    pub(crate) fn read_all(toml: &str) -> anyhow::Result<Vec<Self>> {
        let file: File = toml::from_str(toml)?;
        let tokens: Vec<Self> = file.token.into_iter().map(Self::from_entry).collect::<Result<_, _>>()?;
        for (at, token) in tokens.iter().enumerate() {
            let is_duplicate = |other: &&Self| other.name == token.name || other.hash == token.hash;
            if let Some(duplicate) = tokens[..at].iter().find(is_duplicate) {
                bail!(
                    "the tokens '{}' and '{}' have the same name or the same secret",
                    duplicate.name,
                    token.name
                );
            }
        }
        Ok(tokens)
    }

    /// The token in the form that the file has.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        let entry = TokenEntry {
            name: self.name.clone(),
            sha256: self.hash.to_string(),
            role: self.role,
            repositories: self.repositories.clone(),
            expires: self.expires.map(|expires| expires.to_string()),
        };
        toml::to_string(&File { token: vec![entry] }).context("writing a token as TOML")
    }

    fn from_entry(entry: TokenEntry) -> anyhow::Result<Self> {
        let TokenEntry { name, sha256, role, repositories, expires } = entry;
        let hash = SecretHash::parse(&sha256)
            .with_context(|| format!("the sha256 of the token '{name}' is not 64 hexadecimal digits"))?;
        let expires = expires.map(|text| text.parse()).transpose();
        let expires = expires.with_context(|| {
            format!("the expires of the token '{name}' is not a time such as 2027-01-31T00:00:00Z")
        })?;
        let token = Self { name, role, repositories, expires, hash, revoked: CancellationToken::new() };
        token.check().map(|()| token)
    }

    fn check(&self) -> anyhow::Result<()> {
        let name = &self.name;
        let is_name = (1..=100).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(
            is_name,
            "'{}' is not a name for a token: 1 to 100 visible ASCII characters",
            name.escape_debug()
        );
        for repository in self.repositories.iter().flatten() {
            repository.parse::<RepositoryName>().with_context(|| format!("the token '{name}'"))?;
        }
        let is_limited_admin = self.role == Role::Admin && self.repositories.is_some();
        ensure!(
            !is_limited_admin,
            "the token '{name}' is for an admin and must not be limited to repositories"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let secret = Secret::new().unwrap();
        let limited = Token::new("ci\"\\", Role::Writer, vec!["a.b".into(), "c".into()], &secret).unwrap();
        let expires = "2027-01-31T00:00:00Z".parse().ok();
        let other = Token::new("jo", Role::Admin, vec![], &Secret::new().unwrap()).unwrap().expiring(expires);
        let read =
            Token::read_all(&format!("# ours\n{}\n{}", limited.to_toml().unwrap(), other.to_toml().unwrap()))
                .unwrap();
        assert_eq!(read[0].name, "ci\"\\");
        assert_eq!(read[0].repositories.as_deref(), Some(&["a.b".to_owned(), "c".to_owned()][..]));
        assert_eq!((read[0].role, read[0].hash), (Role::Writer, secret.hash()));
        assert_eq!((read[1].role, &read[1].repositories, read[1].expires), (Role::Admin, &None, expires));
        assert!(read[0].is_same(&limited) && !read[1].is_same(&other.expiring(None)));
        assert!(Token::read_all("").unwrap().is_empty());
    }

    #[test]
    fn an_invalid_file_is_refused() {
        let sum = "ab".repeat(32);
        let token = |rest: &str| format!("[[token]]\nname = 'a'\nsha256 = '{sum}'\n{rest}\n");
        assert!(Token::read_all(&token("role = 'reader'")).is_ok());
        for bad in [
            token(""),
            token("role = 'root'"),
            token("role = 'reader'\nrepository = ['a']"),
            token("role = 'reader'\nrepositories = ['../a']"),
            token("role = 'reader'\nexpires = 'soon'"),
            token("role = 'admin'\nrepositories = ['a']"),
            token("role = 'reader'").replace('a', ""),
            format!("{0}{0}", token("role = 'reader'")),
            token("role = 'reader'").replace(&sum, "abc"),
            "[token]\n".to_owned(),
            "tokens = []".to_owned(),
        ] {
            assert!(Token::read_all(&bad).is_err(), "{bad}");
        }
    }
}
