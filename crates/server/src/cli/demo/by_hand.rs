//! What a person can type.

use std::{borrow::Cow, env, fs, io};

use anyhow::Context;

use super::{Folder, MAP, MAP_NAME, Page};
use crate::cli::client::{Client, Task};

/// Prints commands for the server that is running. Puts the map where they find it.
pub(super) fn here(page: &mut Page, client: &Client, folder: &Folder, task: &Task) -> anyhow::Result<()> {
    let map = folder.path().join(MAP_NAME);
    fs::write(&map, MAP).with_context(|| format!("writing {}", map.display()))?;
    page.heading("Now you: this server stays up until Ctrl-C")?;
    let server = client.server().to_string();
    commands(page, &server, &quoted(&map.to_string_lossy()), task.id + 1)?;
    page.line(&format!("git -C {} log --stat", quoted(&folder.repository("mine").to_string_lossy())))?;
    Ok(())
}

/// Prints commands for a server that is yet to be started.
pub(super) fn elsewhere(page: &mut Page) -> anyhow::Result<()> {
    page.heading("Now you: start a server, and in another terminal type")?;
    page.line(&format!("{} serve", program()))?;
    commands(page, "http://127.0.0.1:8182", "fixtures/natural-earth-110m.gpkg", 1)?;
    page.line("")?;
    page.line(&format!(
        "'{} demo --stay' leaves its server up, and prints these with its address.",
        program()
    ))?;
    Ok(())
}

fn commands(page: &mut Page, server: &str, map: &str, task: u64) -> io::Result<()> {
    page.line(&format!("curl -X PUT {server}/repos/mine/init"))?;
    page.line(&format!("curl -F fileUpload=@{map} '{server}/repos/mine/import.json?format=gpkg'"))?;
    page.line(&format!("curl {server}/tasks/{task}.json"))?;
    page.line(&format!("curl {server}/tasks/{task}.xml"))?;
    page.line(&format!("curl '{server}/repos/mine/log.json?limit=1'"))?;
    page.line(&format!("{} tasks --server {server}", program()))
}

/// This program, as it was called.
pub(super) fn program() -> String {
    let called = env::args_os().next();
    called.map_or_else(|| "longhaul".to_owned(), |called| quoted(&called.to_string_lossy()).into_owned())
}

/// The text as a shell takes it for one word.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+=,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_a_path_for_one_word() {
        assert_eq!(quoted("/home/jo/maps-1.gpkg"), "/home/jo/maps-1.gpkg");
        assert_eq!(quoted("/home/jo's maps"), r"'/home/jo'\''s maps'");
    }
}
