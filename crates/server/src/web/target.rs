//! What a request is about, read off its path.

use longhaul_tasks_web::Format;
use percent_encoding::percent_decode_str;

/// What a path leads to. Names are as the sender wrote them, and not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// All repositories.
    Repositories,
    /// One repository.
    Repository(String),
    /// Something to do with one repository.
    Command { name: String, command: Command },
    /// Something that nobody can do.
    UnknownCommand(String),
    /// Whether the server is up.
    Health,
    /// Whether it takes new tasks.
    Ready,
    /// What it does, in numbers.
    Metrics,
    /// The server's version.
    Version,
    /// Nothing.
    Unknown,
}

/// What can be done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Init,
    Delete,
    Rename,
    Import,
    Log,
    LsTree,
    OsmImport,
    OsmDownload,
}

const COMMANDS: [(&str, Command); 8] = [
    ("init", Command::Init),
    ("delete", Command::Delete),
    ("rename", Command::Rename),
    ("import", Command::Import),
    ("log", Command::Log),
    ("ls-tree", Command::LsTree),
    ("osm/import", Command::OsmImport),
    ("osm/download", Command::OsmDownload),
];

impl Target {
    /// The target of a path, and the format that its suffix asks for. A slash at the end does not count.
    pub(super) fn of(path: &str) -> (Self, Option<Format>) {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (path, suffix) = Format::split_suffix(path);
        let segments: Vec<_> = path.split('/').skip(1).map(decoded).collect();
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        (Self::of_segments(&segments), suffix)
    }

    fn of_segments(segments: &[&str]) -> Self {
        match segments {
            ["healthz"] => Self::Health,
            ["readyz"] => Self::Ready,
            ["metrics"] => Self::Metrics,
            ["version"] => Self::Version,
            ["repos"] => Self::Repositories,
            ["repos", name] => Self::Repository((*name).to_owned()),
            ["repos", name, command] => Self::of_command(name, command),
            ["repos", name, "osm", command] => Self::of_command(name, &format!("osm/{command}")),
            _ => Self::Unknown,
        }
    }

    fn of_command(name: &str, command: &str) -> Self {
        match COMMANDS.iter().find(|(known, _)| *known == command) {
            Some((_, command)) => Self::Command { name: name.to_owned(), command: *command },
            None => Self::UnknownCommand(command.chars().filter(|c| !c.is_control()).take(64).collect()),
        }
    }

    /// The methods that it takes, as `Allow` lists them.
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Repository(_) => "GET, HEAD, DELETE, OPTIONS",
            Self::Command { command: Command::Init, .. } => "PUT, OPTIONS",
            Self::Command { command: Command::Rename | Command::Import, .. } => "POST, OPTIONS",
            Self::Command { command: Command::OsmImport | Command::OsmDownload, .. } => "GET, POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_targets_with_and_without_suffix_and_slash() {
        let repository = |name: &str| Target::Repository(name.into());
        let command = |name: &str, command| Target::Command { name: name.into(), command };
        for (path, target, suffix) in [
            ("/repos", Target::Repositories, None),
            ("/repos/", Target::Repositories, None),
            ("/repos.json", Target::Repositories, Some(Format::Json)),
            ("/repos.xml/", Target::Repositories, Some(Format::Xml)),
            ("/repos/r1", repository("r1"), None),
            ("/repos/r1.json/", repository("r1"), Some(Format::Json)),
            ("/repos/r1.json.xml", repository("r1.json"), Some(Format::Xml)),
            ("/repos/a.b/log", command("a.b", Command::Log), None),
            ("/repos/r/ls-tree.json", command("r", Command::LsTree), Some(Format::Json)),
            ("/repos/..%2fetc", repository("../etc"), None),
            ("/repos/%2e%2e/init", command("..", Command::Init), None),
            ("/repos/r/osm/import", command("r", Command::OsmImport), None),
            ("/repos/r/osm/download.json/", command("r", Command::OsmDownload), Some(Format::Json)),
            ("/repos/r/osm%2fimport", command("r", Command::OsmImport), None),
            ("/repos/r/osm", Target::UnknownCommand("osm".into()), None),
            ("/repos/r/osm/xyz", Target::UnknownCommand("osm/xyz".into()), None),
            ("/repos/r/xyz", Target::UnknownCommand("xyz".into()), None),
            ("/repos/r/repo/manifest", Target::Unknown, None),
            ("/healthz/", Target::Health, None),
            ("/version", Target::Version, None),
            ("/", Target::Unknown, None),
            ("", Target::Unknown, None),
            ("//repos", Target::Unknown, None),
            ("/repos//", repository(""), None),
        ] {
            assert_eq!(Target::of(path), (target, suffix), "{path}");
        }
    }
}
