//! Settings in the configuration of a repository.

use gix::bstr::ByteSlice;

use crate::{ReadError, Repository};

/// The longest value that is written, in bytes.
const LONGEST: usize = 1000;

impl Repository {
    /// The value of a key such as `user.name`, as it was when the repository was opened.
    pub fn config_value(&self, key: &str) -> Option<String> {
        let git = self.git();
        let value = git.config_snapshot().string(key)?;
        Some(value.to_str_lossy().into_owned())
    }

    /// Writes the value of a key; an empty value removes the key. Which keys may be written is for the caller to decide: Git, too,
    /// does what the configuration says.
    ///
    /// # Errors
    /// If the value is too long or has control characters, or the file cannot be written.
    pub fn set_config_value(&self, key: &str, value: &str) -> Result<(), ReadError> {
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return Err(ReadError::InvalidValue(key.to_owned()));
        }
        let git = self.git();
        let write = || -> gix::Result<()> {
            let mut config = git.config_file_mut(git.common_dir().join("config"))?;
            if value.is_empty() {
                if let Ok(mut old) = config.raw_value_mut(key) {
                    old.delete();
                }
            } else {
                config.set_raw_value(key, value)?;
            }
            config.commit()?;
            Ok(())
        };
        write().map_err(|source| self.unreadable("write the configuration", source))
    }
}
