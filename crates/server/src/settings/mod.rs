//! The settings of the server. Flags override environment variables, and those override the settings file.

mod anonymous_access;
mod human_duration;
mod listen_address;
mod raw_settings;
mod size;
mod store_kind;
mod web_address;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use longhaul_commands::Overpass;

pub use human_duration::HumanDuration;
pub use listen_address::ListenAddress;
pub use raw_settings::RawSettings;
pub use size::Size;
pub use store_kind::StoreKind;
use web_address::{origin, public_url};

/// The data folder where none is named, below the current folder.
pub(crate) const DEFAULT_DATA: &str = "longhaul-data";
const DEFAULT_KEEP: Duration = Duration::from_secs(10 * 60);
const DEFAULT_KEEP_HISTORY: Duration = Duration::from_secs(90 * 24 * 60 * 60);
const DEFAULT_TASK_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The validated settings, with defaults filled in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of repositories, tasks, uploads and results.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Tasks that run at the same time; `None` leaves the number to the task engine.
    pub workers: Option<usize>,
    /// How long an ended task is kept.
    pub keep: Duration,
    /// How long an ended task is remembered in the history; zero for not at all.
    pub keep_history: Duration,
    /// How long a task may run.
    pub task_timeout: Duration,
    /// Most tasks that wait or run.
    pub max_queue: usize,
    /// In bytes.
    pub max_queue_size: usize,
    /// Most tasks of one user that wait or run.
    pub max_per_user: usize,
    /// Most tasks in the store, ended ones included.
    pub max_tasks: usize,
    /// How often a task is started before it fails because each start was interrupted.
    pub max_attempts: u32,
    /// Where tasks are stored.
    pub store: StoreKind,
    /// Largest file that can be uploaded, in bytes.
    pub max_upload: u64,
    /// Disk space that uploads must leave free, in bytes.
    pub min_free: u64,
    /// Most bytes of files that can be made again.
    pub cache_size: u64,
    /// Folders whose files requests may import.
    pub import_root: Vec<PathBuf>,
    /// The Overpass server for downloads.
    pub overpass: Overpass,
    /// Memory for node locations in bytes, for each import of OpenStreetMap data.
    pub osm_node_memory: u64,
    /// Requests that Git serves at the same time.
    pub git_processes: usize,
    /// Memory that each process of Git may allocate, in bytes.
    pub git_memory: u64,
    /// First branch of a new repository.
    pub default_branch: String,
    /// The address that links begin with; `None`: the host of the request.
    pub public_url: Option<axum::http::Uri>,
    /// Host names that requests may use.
    pub allow_host: Vec<String>,
    /// Origins whose web pages may use the server.
    pub allow_origin: Vec<String>,
    /// Whether the `X-Forwarded-*` headers of a proxy are trusted.
    pub trust_proxy: bool,
    /// The file of access tokens; without one every request may do everything.
    pub tokens: Option<PathBuf>,
    /// Whether each request is logged.
    pub access_log: bool,
}

impl Settings {
    fn validate(raw: RawSettings) -> anyhow::Result<Self> {
        let listen = raw.listen.map_or(SocketAddr::from(([127, 0, 0, 1], 8182)), |listen| listen.0);
        anonymous_access::check(&raw, listen)?;
        let are_workers_valid = raw.workers.is_none_or(|workers| (1..=1024).contains(&workers));
        anyhow::ensure!(are_workers_valid, "--workers must be between 1 and 1024");
        let limits = [raw.max_queue, raw.max_per_user, raw.max_tasks, raw.git_processes];
        let has_zero = limits.contains(&Some(0)) || raw.max_attempts == Some(0);
        anyhow::ensure!(
            !has_zero,
            "--max-queue, --max-per-user, --max-tasks, --max-attempts and --git-processes must be at least 1"
        );
        let is_size_valid = raw.max_queue_size.is_none_or(|size| size.0 >= 1 << 20);
        anyhow::ensure!(is_size_valid, "--max-queue-size must be at least 1MiB");
        let task_timeout = raw.task_timeout.map_or(DEFAULT_TASK_TIMEOUT, |timeout| timeout.0);
        anyhow::ensure!(!task_timeout.is_zero(), "--task-timeout must not be zero");
        let max_queue = raw.max_queue.unwrap_or(10_000);
        let default_branch = raw.default_branch.unwrap_or_else(|| "master".into());
        longhaul_repository::check_branch(&default_branch)
            .map_err(|error| anyhow::anyhow!("--default-branch: {error}"))?;
        Ok(Self {
            data: raw.data.unwrap_or_else(|| DEFAULT_DATA.into()),
            listen,
            workers: raw.workers,
            keep: raw.keep.map_or(DEFAULT_KEEP, |keep| keep.0),
            keep_history: raw.keep_history.map_or(DEFAULT_KEEP_HISTORY, |keep| keep.0),
            task_timeout,
            max_queue,
            max_queue_size: usize::try_from(raw.max_queue_size.unwrap_or(Size(64 << 20)).0)
                .unwrap_or(usize::MAX),
            max_per_user: raw.max_per_user.unwrap_or(max_queue.div_ceil(2)),
            max_tasks: raw.max_tasks.unwrap_or(2_000_000),
            max_attempts: raw.max_attempts.unwrap_or(3),
            store: raw.store.unwrap_or_default(),
            max_upload: raw.max_upload.unwrap_or(Size(16 << 30)).0,
            min_free: raw.min_free.unwrap_or(Size(1 << 30)).0,
            cache_size: raw.cache_size.unwrap_or(Size(4 << 30)).0,
            import_root: raw.import_root,
            overpass: overpass(raw.overpass.as_deref(), raw.user_agent.as_deref())?,
            osm_node_memory: raw.osm_node_memory.unwrap_or(Size(256 << 20)).0,
            git_processes: raw.git_processes.unwrap_or(16),
            git_memory: raw.git_memory.unwrap_or(Size(1 << 30)).0,
            default_branch,
            public_url: raw.public_url.as_deref().map(public_url).transpose()?,
            allow_host: raw.allow_host,
            allow_origin: raw.allow_origin.iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
            trust_proxy: raw.trust_proxy.unwrap_or(false),
            tokens: raw.tokens,
            access_log: raw.access_log.unwrap_or(false),
        })
    }
}

fn overpass(endpoint: Option<&str>, user_agent: Option<&str>) -> anyhow::Result<Overpass> {
    const PUBLIC: &str = "https://overpass-api.de/api/interpreter";
    const UNCONFIGURED: &str =
        concat!("longhaul/", env!("CARGO_PKG_VERSION"), " (its operator has not set --user-agent)");
    Overpass::new(endpoint.unwrap_or(PUBLIC), user_agent.unwrap_or(UNCONFIGURED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(toml: &str) -> RawSettings {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn without_settings_the_defaults_apply() {
        let settings = RawSettings::default().resolve().unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8182");
        assert_eq!(settings.keep, Duration::from_secs(600));
        assert_eq!(
            (settings.max_upload, settings.min_free, settings.cache_size),
            (16 << 30, 1 << 30, 4 << 30)
        );
        assert_eq!(settings.default_branch, "master");
        assert_eq!(settings.overpass.endpoint(), "https://overpass-api.de/api/interpreter");
        assert_eq!((settings.import_root.len(), settings.osm_node_memory), (0, 256 << 20));
        assert_eq!(settings.max_per_user, 5_000);
        assert_eq!((settings.max_queue, settings.max_tasks, settings.max_attempts), (10_000, 2_000_000, 3));
        assert_eq!((settings.task_timeout, settings.store), (DEFAULT_TASK_TIMEOUT, StoreKind::Sqlite));
    }

    #[test]
    fn a_flag_overrides_the_file_and_other_keys_of_the_file_stay() {
        let file = raw("listen = '127.0.0.1:1'\nkeep = '1h'\nallow-host = ['file']\nworkers = 3");
        let flags = RawSettings {
            listen: Some("127.0.0.1:2".parse().unwrap()),
            allow_host: vec!["flag".into()],
            ..RawSettings::default()
        };
        let settings = Settings::validate(flags.or(file)).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.allow_host, ["flag"]);
        assert_eq!((settings.keep, settings.workers), (Duration::from_secs(3600), Some(3)));
    }

    #[test]
    fn a_server_for_others_needs_tokens_or_a_flag() {
        for exposed in ["public-url = 'https://x.org'", "trust-proxy = true"] {
            let refused = raw(exposed).resolve().unwrap_err().to_string();
            assert!(
                refused.contains("longhaul token new") && refused.contains("--allow-anonymous"),
                "{refused}"
            );
            assert!(raw(&format!("{exposed}\nallow-anonymous = true")).resolve().is_ok());
            assert!(raw(&format!("{exposed}\ntokens = 'tokens.toml'")).resolve().is_ok());
        }
        assert!(raw("trust-proxy = false").resolve().is_ok());
        for listen in ["0.0.0.0:1", "[::]:1", "192.168.1.2:1"] {
            let refused = raw(&format!("listen = '{listen}'")).resolve().unwrap_err();
            assert!(refused.to_string().contains("--allow-anonymous"));
            assert!(raw(&format!("listen = '{listen}'\nallow-anonymous = true")).resolve().is_ok());
        }
        assert!(raw("listen = '[::1]:0'").resolve().is_ok());
        assert!(raw("listen = '0.0.0.0:1'\ntokens = 'tokens.toml'").resolve().is_ok());
        assert!(raw("tokens = 'tokens.toml'\nallow-anonymous = true").resolve().is_err());
    }

    #[test]
    fn invalid_values_are_refused() {
        for bad in
            ["public-url = 'maps.example.org'", "public-url = 'ftp://x'", "public-url = 'https://x/?q'"]
        {
            assert!(raw(bad).resolve().is_err(), "{bad}");
        }
        for bad in [
            "allow-origin = ['*']",
            "allow-origin = ['https://x/path']",
            "allow-origin = ['null']",
            "overpass = 'overpass-api.de'",
            "user-agent = ' '",
            "workers = 0",
            "workers = 1025",
            "max-queue = 0",
            "max-attempts = 0",
            "task-timeout = '0s'",
        ] {
            assert!(raw(bad).resolve().is_err(), "{bad}");
        }
        let settings =
            raw("tokens = 'tokens.toml'\npublic-url = 'https://x.org/l/'\nallow-origin = ['https://X.org/']")
                .resolve()
                .unwrap();
        assert_eq!(settings.allow_origin, ["https://x.org"]);
        let with_ports = "allow-origin = ['https://x.org:443', 'http://x.org:80', 'http://x.org:443']";
        let settings = raw(with_ports).resolve().unwrap();
        assert_eq!(settings.allow_origin, ["https://x.org", "http://x.org", "http://x.org:443"]);
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(toml::from_str::<RawSettings>("lisen = '127.0.0.1:1'").is_err());
    }
}
