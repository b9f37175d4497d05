//! Prints commands that the user can try.

use std::{borrow::Cow, env, fs, io};

use anyhow::Context;

use super::{DemoFolder, MAP, MAP_NAME, Output};
use crate::cli::client::{Client, Task};

/// Prints commands for the running server. Writes the map to the folder, where the commands use it.
pub(super) fn for_running_server(
    out: &mut Output,
    client: &Client,
    folder: &DemoFolder,
    task: &Task,
) -> anyhow::Result<()> {
    let map = folder.path().join(MAP_NAME);
    fs::write(&map, MAP).with_context(|| format!("writing {}", map.display()))?;
    out.heading("Try it: this server runs until Ctrl-C")?;
    let server = client.server().to_string();
    commands(out, &server, &quoted(&map.to_string_lossy()), task.id + 1)?;
    out.line(&format!("git -C {} log --stat", quoted(&folder.repository("mine").to_string_lossy())))?;
    Ok(())
}

/// Prints commands for a server that the user starts.
pub(super) fn for_new_server(out: &mut Output) -> anyhow::Result<()> {
    out.heading("Try it: start a server, and in another terminal type")?;
    out.line(&format!("{} serve", program()))?;
    commands(out, "http://127.0.0.1:8182", "fixtures/natural-earth-110m.gpkg", 1)?;
    out.line("")?;
    out.line(&format!(
        "'{} demo --stay' keeps its server running and prints these commands with its address.",
        program()
    ))?;
    Ok(())
}

fn commands(out: &mut Output, server: &str, map: &str, task: u64) -> io::Result<()> {
    out.line(&format!("curl -X PUT {server}/repos/mine/init"))?;
    out.line(&format!("curl -F fileUpload=@{map} '{server}/repos/mine/import.json?format=gpkg'"))?;
    out.line(&format!("curl {server}/tasks/{task}.json"))?;
    out.line(&format!("curl {server}/tasks/{task}.xml"))?;
    out.line(&format!("curl '{server}/repos/mine/log.json?limit=1'"))?;
    out.line(&format!("{} tasks --server {server}", program()))
}

/// The name under which this program was called.
pub(super) fn program() -> String {
    let called = env::args_os().next();
    called.map_or_else(|| "longhaul".to_owned(), |called| quoted(&called.to_string_lossy()).into_owned())
}

/// Quotes the text for a shell, if necessary.
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
    fn a_path_with_special_characters_is_quoted() {
        assert_eq!(quoted("/home/jo/maps-1.gpkg"), "/home/jo/maps-1.gpkg");
        assert_eq!(quoted("/home/jo's maps"), r"'/home/jo'\''s maps'");
    }
}
