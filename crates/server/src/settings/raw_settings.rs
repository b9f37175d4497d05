use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use super::{HumanDuration, ListenAddress, Settings, Size, StoreKind};

/// The settings as the command line, the environment or the settings file gives them: each one is optional.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSettings {
    /// Folder of the repositories, tasks, uploads and results [default: ./longhaul-data]
    #[arg(long, env = "LONGHAUL_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// Address and port to listen on, such as 127.0.0.1:8182 or localhost:8182; port 0 takes a free one [default: 127.0.0.1:8182]
    #[arg(long, env = "LONGHAUL_LISTEN", value_name = "ADDRESS")]
    pub(super) listen: Option<ListenAddress>,

    /// Tasks that run at the same time [default: one for each core, at least 2]
    #[arg(long, env = "LONGHAUL_WORKERS", value_name = "N")]
    pub(super) workers: Option<usize>,

    /// How long an ended task is kept [default: 10m]
    #[arg(long, env = "LONGHAUL_KEEP", value_name = "TIME")]
    pub(super) keep: Option<HumanDuration>,

    /// How long the history remembers an ended task; 0s for not at all [default: 90d]
    #[arg(long, env = "LONGHAUL_KEEP_HISTORY", value_name = "TIME")]
    pub(super) keep_history: Option<HumanDuration>,

    /// How long a task may run before it is stopped and becomes FAILED [default: 24h]
    #[arg(long, env = "LONGHAUL_TASK_TIMEOUT", value_name = "TIME")]
    pub(super) task_timeout: Option<HumanDuration>,

    /// Most tasks that wait or run; a request for one more is answered with 429 [default: 10000]
    #[arg(long, env = "LONGHAUL_MAX_QUEUE", value_name = "N")]
    pub(super) max_queue: Option<usize>,

    /// Most bytes that the tasks which wait or run may hold in memory: parameters, messages, mapping rules. Those of one user take at
    /// most half of it [default: 64MiB]
    #[arg(long, env = "LONGHAUL_MAX_QUEUE_SIZE", value_name = "SIZE")]
    pub(super) max_queue_size: Option<Size>,

    /// Most tasks of one user, which is one token, that wait or run [default: half of --max-queue]
    #[arg(long, env = "LONGHAUL_MAX_PER_USER", value_name = "N")]
    pub(super) max_per_user: Option<usize>,

    /// Most tasks in the store, ended ones included; a request for one more is answered with 429 [default: 2000000]
    #[arg(long, env = "LONGHAUL_MAX_TASKS", value_name = "N")]
    pub(super) max_tasks: Option<usize>,

    /// How often a task is started again after the server ended while it ran, before it becomes FAILED [default: 3]
    #[arg(long, env = "LONGHAUL_MAX_ATTEMPTS", value_name = "N")]
    pub(super) max_attempts: Option<u32>,

    /// Where tasks are stored: sqlite (a database in the data folder) or memory (lost when the server ends) [default: sqlite]
    #[arg(long, env = "LONGHAUL_STORE", value_name = "STORE")]
    pub(super) store: Option<StoreKind>,

    /// Largest file that can be uploaded [default: 16GiB]
    #[arg(long, env = "LONGHAUL_MAX_UPLOAD", value_name = "SIZE")]
    pub(super) max_upload: Option<Size>,

    /// Disk space that uploads must leave free [default: 1GiB]
    #[arg(long, env = "LONGHAUL_MIN_FREE", value_name = "SIZE")]
    pub(super) min_free: Option<Size>,

    /// Disk space for what can be made again, such as the indexes of layers; the least recently used goes first [default: 4GiB]
    #[arg(long, env = "LONGHAUL_CACHE_SIZE", value_name = "SIZE")]
    pub(super) cache_size: Option<Size>,

    /// Folder from which requests may import files and read filters and mappings; may be repeated
    #[arg(long, env = "LONGHAUL_IMPORT_ROOT", value_name = "DIR", value_delimiter = ',')]
    #[serde(default)]
    pub(super) import_root: Vec<PathBuf>,

    /// Overpass server for downloads of OpenStreetMap data [default: `https://overpass-api.de/api/interpreter`]
    #[arg(long, env = "LONGHAUL_OVERPASS", value_name = "URL")]
    pub(super) overpass: Option<String>,

    /// User-Agent for the Overpass server: a name, and your mail address or web page
    #[arg(long, env = "LONGHAUL_USER_AGENT", value_name = "TEXT")]
    pub(super) user_agent: Option<String>,

    /// Memory for node locations, for each import of OpenStreetMap data; the rest goes to a file [default: 256MiB]
    #[arg(long, env = "LONGHAUL_OSM_NODE_MEMORY", value_name = "SIZE")]
    pub(super) osm_node_memory: Option<Size>,

    /// Requests for clones and fetches that Git serves at the same time; a quarter as many pushes [default: 16]
    #[arg(long, env = "LONGHAUL_GIT_PROCESSES", value_name = "N")]
    pub(super) git_processes: Option<usize>,

    /// Memory that each process of Git may allocate [default: 1GiB]
    #[arg(long, env = "LONGHAUL_GIT_MEMORY", value_name = "SIZE")]
    pub(super) git_memory: Option<Size>,

    /// First branch of a new repository [default: master]
    #[arg(long, env = "LONGHAUL_DEFAULT_BRANCH", value_name = "BRANCH")]
    pub(super) default_branch: Option<String>,

    /// Address at which clients reach the server, for links in responses
    #[arg(long, env = "LONGHAUL_PUBLIC_URL", value_name = "URL")]
    pub(super) public_url: Option<String>,

    /// Host name that requests may use, besides loopback addresses and --public-url; may be repeated
    #[arg(long, env = "LONGHAUL_ALLOW_HOST", value_name = "HOST", value_delimiter = ',')]
    #[serde(default)]
    pub(super) allow_host: Vec<String>,

    /// Origin whose web pages may use the server, such as `https://maps.example.org`; may be repeated
    #[arg(long, env = "LONGHAUL_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(default)]
    pub(super) allow_origin: Vec<String>,

    /// Trust X-Forwarded-For, -Host, -Proto and -Prefix; only behind a proxy that sets them
    #[arg(long, env = "LONGHAUL_TRUST_PROXY", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(super) trust_proxy: Option<bool>,

    /// File of access tokens, made by 'longhaul token new'; SIGHUP makes the server read it again
    #[arg(long, env = "LONGHAUL_TOKENS", value_name = "FILE")]
    pub(super) tokens: Option<PathBuf>,

    /// Serve others without tokens (with a network address, --public-url or --trust-proxy): everybody may read and change everything
    #[arg(long, env = "LONGHAUL_ALLOW_ANONYMOUS", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(super) allow_anonymous: Option<bool>,

    /// Log a line for each request
    #[arg(long, env = "LONGHAUL_ACCESS_LOG", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(super) access_log: Option<bool>,

    /// TOML file with settings; the keys are the names of the flags
    #[arg(long, env = "LONGHAUL_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(super) config: Option<PathBuf>,
}

impl RawSettings {
    /// Reads the settings file if one is named, fills in the defaults and validates everything.
    ///
    /// # Errors
    /// If the file cannot be read, a value is invalid, or two settings contradict each other.
    pub fn resolve(self) -> anyhow::Result<Settings> {
        let file = self.config.as_deref().map(Self::read).transpose()?.unwrap_or_default();
        Settings::validate(self.or(file))
    }

    /// The data folder that the settings file names.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn data_folder(file: &Path) -> anyhow::Result<Option<PathBuf>> {
        Ok(Self::read(file)?.data)
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let reading = || format!("reading the settings in {}", path.display());
        let text = std::fs::read_to_string(path).with_context(reading)?;
        toml::from_str(&text).with_context(reading)
    }

    /// Takes each setting from `self`, or from `fallback` where `self` does not have it.
    pub(super) fn or(self, fallback: Self) -> Self {
        Self {
            data: self.data.or(fallback.data),
            listen: self.listen.or(fallback.listen),
            workers: self.workers.or(fallback.workers),
            keep: self.keep.or(fallback.keep),
            keep_history: self.keep_history.or(fallback.keep_history),
            task_timeout: self.task_timeout.or(fallback.task_timeout),
            max_queue: self.max_queue.or(fallback.max_queue),
            max_queue_size: self.max_queue_size.or(fallback.max_queue_size),
            max_per_user: self.max_per_user.or(fallback.max_per_user),
            max_tasks: self.max_tasks.or(fallback.max_tasks),
            max_attempts: self.max_attempts.or(fallback.max_attempts),
            store: self.store.or(fallback.store),
            max_upload: self.max_upload.or(fallback.max_upload),
            min_free: self.min_free.or(fallback.min_free),
            cache_size: self.cache_size.or(fallback.cache_size),
            import_root: first_non_empty(self.import_root, fallback.import_root),
            overpass: self.overpass.or(fallback.overpass),
            user_agent: self.user_agent.or(fallback.user_agent),
            osm_node_memory: self.osm_node_memory.or(fallback.osm_node_memory),
            git_processes: self.git_processes.or(fallback.git_processes),
            git_memory: self.git_memory.or(fallback.git_memory),
            default_branch: self.default_branch.or(fallback.default_branch),
            public_url: self.public_url.or(fallback.public_url),
            allow_host: first_non_empty(self.allow_host, fallback.allow_host),
            allow_origin: first_non_empty(self.allow_origin, fallback.allow_origin),
            trust_proxy: self.trust_proxy.or(fallback.trust_proxy),
            tokens: self.tokens.or(fallback.tokens),
            allow_anonymous: self.allow_anonymous.or(fallback.allow_anonymous),
            access_log: self.access_log.or(fallback.access_log),
            config: None,
        }
    }
}

fn first_non_empty<T>(first: Vec<T>, fallback: Vec<T>) -> Vec<T> {
    if first.is_empty() { fallback } else { first }
}
