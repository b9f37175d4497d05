use anyhow::{Context, bail, ensure};
use longhaul_repository::RepositoryName;
use serde::{Deserialize, Serialize};

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
    pub(super) hash: SecretHash,
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
        let token = Self { name: name.to_owned(), role, repositories, hash: secret.hash() };
        token.check().map(|()| token)
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
        };
        toml::to_string(&File { token: vec![entry] }).context("writing a token as TOML")
    }

    fn from_entry(entry: TokenEntry) -> anyhow::Result<Self> {
        let TokenEntry { name, sha256, role, repositories } = entry;
        let hash = SecretHash::parse(&sha256)
            .with_context(|| format!("the sha256 of the token '{name}' is not 64 hexadecimal digits"))?;
        let token = Self { name, role, repositories, hash };
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
        let other = Token::new("jo", Role::Admin, vec![], &Secret::new().unwrap()).unwrap();
        let read =
            Token::read_all(&format!("# ours\n{}\n{}", limited.to_toml().unwrap(), other.to_toml().unwrap()))
                .unwrap();
        assert_eq!(read[0].name, "ci\"\\");
        assert_eq!(read[0].repositories.as_deref(), Some(&["a.b".to_owned(), "c".to_owned()][..]));
        assert_eq!((read[0].role, read[0].hash), (Role::Writer, secret.hash()));
        assert_eq!((read[1].role, &read[1].repositories), (Role::Admin, &None));
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
