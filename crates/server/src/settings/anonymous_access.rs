//! Whether everybody may do everything.

use std::net::SocketAddr;

use super::RawSettings;

/// Refuses settings that let others reach the server, but name neither tokens nor `--allow-anonymous`.
pub(super) fn check(raw: &RawSettings, listen: SocketAddr) -> anyhow::Result<()> {
    let allow_anonymous = raw.allow_anonymous.unwrap_or(false);
    anyhow::ensure!(
        !(allow_anonymous && raw.tokens.is_some()),
        "--allow-anonymous and --tokens contradict each other: with tokens, every request needs one"
    );
    match reachable_because(raw, listen) {
        Some(reason) if !allow_anonymous && raw.tokens.is_none() => anyhow::bail!(
            "{reason}, and without tokens everybody who reaches the server could read and change everything.\n\n\
             Make a token, and start the server with its file:\n  \
             longhaul token new NAME --role admin --file tokens.toml\n  \
             longhaul serve --tokens tokens.toml …\n\
             If everybody may use the server, or if a proxy in front of it authenticates its users, start it with \
             --allow-anonymous"
        ),
        _ => Ok(()),
    }
}

/// Which setting says that others than the users of this machine reach the server.
fn reachable_because(raw: &RawSettings, listen: SocketAddr) -> Option<String> {
    if !listen.ip().is_loopback() {
        Some(format!("{listen} can be reached from other machines"))
    } else if raw.public_url.is_some() {
        Some("with --public-url others reach the server".to_owned())
    } else if raw.trust_proxy == Some(true) {
        Some("with --trust-proxy others reach the server through a proxy".to_owned())
    } else {
        None
    }
}
