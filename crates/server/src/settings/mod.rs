//! What the server is told: by flags, by environment variables, by a file; the first that speaks counts.

mod file;
mod keep;
mod size;
mod store;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use longhaul_commands::Overpass;
use serde::Deserialize;

pub use keep::Keep;
pub use size::Size;
pub use store::StoreKind;

const DEFAULT_TASK_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// What may be said of each setting, and where. All of it may be left out.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Given {
    /// Folder of the repositories, tasks, uploads and results [default: ./longhaul-data]
    #[arg(long, env = "LONGHAUL_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8182]
    #[arg(long, env = "LONGHAUL_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Tasks that run at the same time [default: one for each core, at least 2]
    #[arg(long, env = "LONGHAUL_WORKERS", value_name = "N")]
    workers: Option<usize>,

    /// How long a task can be read after its end [default: 10m]
    #[arg(long, env = "LONGHAUL_KEEP", value_name = "TIME")]
    keep: Option<Keep>,

    /// How long a task may run before it is stopped and FAILED [default: 24h]
    #[arg(long, env = "LONGHAUL_TASK_TIMEOUT", value_name = "TIME")]
    task_timeout: Option<Keep>,

    /// Tasks that may wait or run; a request for more is answered with 429 [default: 10000]
    #[arg(long, env = "LONGHAUL_MAX_QUEUE", value_name = "N")]
    max_queue: Option<usize>,

    /// Tasks of one user that may wait or run [default: as many as of all]
    #[arg(long, env = "LONGHAUL_MAX_PER_USER", value_name = "N")]
    max_per_user: Option<usize>,

    /// Tasks that are kept, ended ones included; a request for more is answered with 429 [default: 2000000]
    #[arg(long, env = "LONGHAUL_MAX_TASKS", value_name = "N")]
    max_tasks: Option<usize>,

    /// Starts of a task that the end of the server may cut short before it is FAILED [default: 3]
    #[arg(long, env = "LONGHAUL_MAX_ATTEMPTS", value_name = "N")]
    max_attempts: Option<u32>,

    /// Where tasks are kept: sqlite, in the data folder, or memory, where they end with the server [default: sqlite]
    #[arg(long, env = "LONGHAUL_STORE", value_name = "STORE")]
    store: Option<StoreKind>,

    /// Largest file that is taken [default: 16GiB]
    #[arg(long, env = "LONGHAUL_MAX_UPLOAD", value_name = "SIZE")]
    max_upload: Option<Size>,

    /// Disk space that uploads must leave free [default: 1GiB]
    #[arg(long, env = "LONGHAUL_MIN_FREE", value_name = "SIZE")]
    min_free: Option<Size>,

    /// Folder whose files requests may import from and read filters and mappings from; may be repeated
    #[arg(long, env = "LONGHAUL_IMPORT_ROOT", value_name = "DIR", value_delimiter = ',')]
    #[serde(default)]
    import_root: Vec<PathBuf>,

    /// Overpass server that downloads come from [default: `https://overpass-api.de/api/interpreter`]
    #[arg(long, env = "LONGHAUL_OVERPASS", value_name = "URL")]
    overpass: Option<String>,

    /// What to say who asks it: a name, and a mail address or page of yours
    #[arg(long, env = "LONGHAUL_USER_AGENT", value_name = "TEXT")]
    user_agent: Option<String>,

    /// Memory for the places of nodes, for each import of OpenStreetMap data; more goes to a file [default: 256MiB]
    #[arg(long, env = "LONGHAUL_OSM_NODE_MEMORY", value_name = "SIZE")]
    osm_node_memory: Option<Size>,

    /// First branch of a new repository [default: master]
    #[arg(long, env = "LONGHAUL_DEFAULT_BRANCH", value_name = "BRANCH")]
    default_branch: Option<String>,

    /// Address at which clients reach the server, for the links in its answers
    #[arg(long, env = "LONGHAUL_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// Host name that requests may ask for, beside loopback and --public-url; may be repeated
    #[arg(long, env = "LONGHAUL_ALLOW_HOST", value_name = "HOST", value_delimiter = ',')]
    #[serde(default)]
    allow_host: Vec<String>,

    /// Origin whose web pages may use the server, such as `https://maps.example.org`; may be repeated
    #[arg(long, env = "LONGHAUL_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(default)]
    allow_origin: Vec<String>,

    /// Believe X-Forwarded-Host and X-Forwarded-Proto; only behind a proxy that sets them
    #[arg(long, env = "LONGHAUL_TRUST_PROXY", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    trust_proxy: Option<bool>,

    /// File of the tokens that let people in, as 'longhaul token new' makes them; SIGHUP has it read again
    #[arg(long, env = "LONGHAUL_TOKENS", value_name = "FILE")]
    tokens: Option<PathBuf>,

    /// Listen beyond this machine although anybody who reaches the port may read and change everything
    #[arg(long, env = "LONGHAUL_ALLOW_ANONYMOUS", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    allow_anonymous: Option<bool>,

    /// TOML file with settings, keyed as the flags are
    #[arg(long, env = "LONGHAUL_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
}

/// Every setting, decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of all that is kept.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Tasks that run at the same time; the engine decides if there is no wish.
    pub workers: Option<usize>,
    /// How long an ended task can be read.
    pub keep: Duration,
    /// How long a task may run.
    pub task_timeout: Duration,
    /// Tasks that may wait or run.
    pub max_queue: usize,
    /// Tasks of one user that may.
    pub max_per_user: usize,
    /// Tasks that are kept.
    pub max_tasks: usize,
    /// Starts of a task that may be cut short.
    pub max_attempts: u32,
    /// Where tasks are kept.
    pub store: StoreKind,
    /// Largest file that is taken, in bytes.
    pub max_upload: u64,
    /// Disk space that uploads must leave free, in bytes.
    pub min_free: u64,
    /// Folders whose files requests may name.
    pub import_root: Vec<PathBuf>,
    /// The server that downloads come from.
    pub overpass: Overpass,
    /// What the places of nodes may take of the memory, in bytes, for each import of OpenStreetMap data.
    pub osm_node_memory: u64,
    /// First branch of a new repository.
    pub default_branch: String,
    /// What links begin with, if not with the host that was asked for.
    pub public_url: Option<axum::http::Uri>,
    /// Host names that may be asked for.
    pub allow_host: Vec<String>,
    /// Origins whose pages may use the server.
    pub allow_origin: Vec<String>,
    /// Whether a proxy's headers are believed.
    pub trust_proxy: bool,
    /// The file of tokens; without one everybody may do everything.
    pub tokens: Option<PathBuf>,
}

impl Given {
    /// Decides every setting, reading the file if one is named.
    ///
    /// # Errors
    /// If the file cannot be read, or settings contradict each other or say nothing that makes sense.
    pub fn decide(self) -> anyhow::Result<Settings> {
        let file = self.config.as_deref().map(file::read).transpose()?.unwrap_or_default();
        self.or(file).checked()
    }

    /// What `self` says, and where it is silent what `weaker` says.
    fn or(self, weaker: Self) -> Self {
        Self {
            data: self.data.or(weaker.data),
            listen: self.listen.or(weaker.listen),
            workers: self.workers.or(weaker.workers),
            keep: self.keep.or(weaker.keep),
            task_timeout: self.task_timeout.or(weaker.task_timeout),
            max_queue: self.max_queue.or(weaker.max_queue),
            max_per_user: self.max_per_user.or(weaker.max_per_user),
            max_tasks: self.max_tasks.or(weaker.max_tasks),
            max_attempts: self.max_attempts.or(weaker.max_attempts),
            store: self.store.or(weaker.store),
            max_upload: self.max_upload.or(weaker.max_upload),
            min_free: self.min_free.or(weaker.min_free),
            import_root: first_that_speaks(self.import_root, weaker.import_root),
            overpass: self.overpass.or(weaker.overpass),
            user_agent: self.user_agent.or(weaker.user_agent),
            osm_node_memory: self.osm_node_memory.or(weaker.osm_node_memory),
            default_branch: self.default_branch.or(weaker.default_branch),
            public_url: self.public_url.or(weaker.public_url),
            allow_host: first_that_speaks(self.allow_host, weaker.allow_host),
            allow_origin: first_that_speaks(self.allow_origin, weaker.allow_origin),
            trust_proxy: self.trust_proxy.or(weaker.trust_proxy),
            tokens: self.tokens.or(weaker.tokens),
            allow_anonymous: self.allow_anonymous.or(weaker.allow_anonymous),
            config: None,
        }
    }

    fn checked(self) -> anyhow::Result<Settings> {
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8182)));
        let allow_anonymous = self.allow_anonymous.unwrap_or(false);
        anyhow::ensure!(
            !(allow_anonymous && self.tokens.is_some()),
            "--allow-anonymous and --tokens contradict each other: with tokens, nobody is let in without one"
        );
        if !listen.ip().is_loopback() && !allow_anonymous && self.tokens.is_none() {
            anyhow::bail!(
                "{listen} can be reached from other machines, and without tokens anybody who reaches it could read and \
                 change everything. Name a file of --tokens ('longhaul token new' makes them), listen on 127.0.0.1 and let \
                 a proxy that checks its users pass requests on, or say --allow-anonymous if everybody on that network may \
                 use the server"
            );
        }
        let workers_make_sense = self.workers.is_none_or(|workers| (1..=1024).contains(&workers));
        anyhow::ensure!(workers_make_sense, "--workers must be between 1 and 1024");
        let limits = [self.max_queue, self.max_per_user, self.max_tasks];
        let is_nothing = limits.contains(&Some(0)) || self.max_attempts == Some(0);
        anyhow::ensure!(
            !is_nothing,
            "--max-queue, --max-per-user, --max-tasks and --max-attempts are 1 at least"
        );
        let task_timeout = self.task_timeout.map_or(DEFAULT_TASK_TIMEOUT, |timeout| timeout.0);
        anyhow::ensure!(!task_timeout.is_zero(), "--task-timeout must leave a task some time");
        let default_branch = self.default_branch.unwrap_or_else(|| "master".into());
        longhaul_repository::check_branch(&default_branch)
            .map_err(|error| anyhow::anyhow!("--default-branch: {error}"))?;
        Ok(Settings {
            data: self.data.unwrap_or_else(|| "longhaul-data".into()),
            listen,
            workers: self.workers,
            keep: self.keep.unwrap_or_default().0,
            task_timeout,
            max_queue: self.max_queue.unwrap_or(10_000),
            max_per_user: self.max_per_user.unwrap_or(usize::MAX),
            max_tasks: self.max_tasks.unwrap_or(2_000_000),
            max_attempts: self.max_attempts.unwrap_or(3),
            store: self.store.unwrap_or_default(),
            max_upload: self.max_upload.unwrap_or(Size(16 << 30)).0,
            min_free: self.min_free.unwrap_or(Size(1 << 30)).0,
            import_root: self.import_root,
            overpass: overpass(self.overpass.as_deref(), self.user_agent.as_deref())?,
            osm_node_memory: self.osm_node_memory.unwrap_or(Size(256 << 20)).0,
            default_branch,
            public_url: self.public_url.as_deref().map(public_url).transpose()?,
            allow_host: self.allow_host,
            allow_origin: self.allow_origin.iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
            trust_proxy: self.trust_proxy.unwrap_or(false),
            tokens: self.tokens,
        })
    }
}

fn first_that_speaks<T>(stronger: Vec<T>, weaker: Vec<T>) -> Vec<T> {
    if stronger.is_empty() { weaker } else { stronger }
}

/// The public server, and who we are, unless somebody says otherwise.
fn overpass(endpoint: Option<&str>, user_agent: Option<&str>) -> anyhow::Result<Overpass> {
    const PUBLIC: &str = "https://overpass-api.de/api/interpreter";
    const NOBODY: &str =
        concat!("longhaul/", env!("CARGO_PKG_VERSION"), " (its operator has not set --user-agent)");
    Overpass::new(endpoint.unwrap_or(PUBLIC), user_agent.unwrap_or(NOBODY))
}

fn public_url(text: &str) -> anyhow::Result<axum::http::Uri> {
    let url = text.parse::<axum::http::Uri>().ok().filter(is_web_address).filter(|url| url.query().is_none());
    url.ok_or_else(|| {
        anyhow::anyhow!("--public-url '{text}' is no address such as https://maps.example.org/longhaul")
    })
}

fn origin(text: &str) -> anyhow::Result<String> {
    let text = text.trim_end_matches('/');
    let origin = text.parse::<axum::http::Uri>().ok().filter(is_web_address).filter(|uri| uri.path() == "/");
    match origin {
        Some(uri) => Ok(as_browsers_write_it(&uri, text)),
        None => anyhow::bail!("--allow-origin '{text}' is no origin such as https://maps.example.org"),
    }
}

/// In lower case, and without a port that its scheme has anyway.
fn as_browsers_write_it(origin: &axum::http::Uri, text: &str) -> String {
    let text = match (origin.scheme_str(), origin.port_u16()) {
        (Some("https"), Some(443)) => text.trim_end_matches(":443"),
        (Some("http"), Some(80)) => text.trim_end_matches(":80"),
        _ => text,
    };
    text.to_ascii_lowercase()
}

fn is_web_address(uri: &axum::http::Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(toml: &str) -> Given {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn nothing_said_means_the_defaults() {
        let settings = Given::default().decide().unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8182");
        assert_eq!(settings.keep, Duration::from_secs(600));
        assert_eq!((settings.max_upload, settings.min_free), (16 << 30, 1 << 30));
        assert_eq!(settings.default_branch, "master");
        assert_eq!(settings.overpass.endpoint(), "https://overpass-api.de/api/interpreter");
        assert_eq!((settings.import_root.len(), settings.osm_node_memory), (0, 256 << 20));
        assert_eq!((settings.max_queue, settings.max_tasks, settings.max_attempts), (10_000, 2_000_000, 3));
        assert_eq!((settings.task_timeout, settings.store), (DEFAULT_TASK_TIMEOUT, StoreKind::Sqlite));
    }

    #[test]
    fn what_is_stronger_counts_and_the_rest_stays() {
        let file = given("listen = '127.0.0.1:1'\nkeep = '1h'\nallow-host = ['file']\nworkers = 3");
        let flags = Given {
            listen: Some("127.0.0.1:2".parse().unwrap()),
            allow_host: vec!["flag".into()],
            ..Given::default()
        };
        let settings = flags.or(file).checked().unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.allow_host, ["flag"]);
        assert_eq!((settings.keep, settings.workers), (Duration::from_secs(3600), Some(3)));
    }

    #[test]
    fn listening_beyond_loopback_must_be_wanted() {
        for listen in ["0.0.0.0:1", "[::]:1", "192.168.1.2:1"] {
            let refused = given(&format!("listen = '{listen}'")).decide().unwrap_err();
            assert!(refused.to_string().contains("--allow-anonymous"));
            assert!(given(&format!("listen = '{listen}'\nallow-anonymous = true")).decide().is_ok());
        }
        assert!(given("listen = '[::1]:0'").decide().is_ok());
        assert!(given("listen = '0.0.0.0:1'\ntokens = 'tokens.toml'").decide().is_ok());
        assert!(given("tokens = 'tokens.toml'\nallow-anonymous = true").decide().is_err());
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for bad in
            ["public-url = 'maps.example.org'", "public-url = 'ftp://x'", "public-url = 'https://x/?q'"]
        {
            assert!(given(bad).decide().is_err(), "{bad}");
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
            assert!(given(bad).decide().is_err(), "{bad}");
        }
        let settings =
            given("public-url = 'https://x.org/l/'\nallow-origin = ['https://X.org/']").decide().unwrap();
        assert_eq!(settings.allow_origin, ["https://x.org"]);
        let with_ports = "allow-origin = ['https://x.org:443', 'http://x.org:80', 'http://x.org:443']";
        let settings = given(with_ports).decide().unwrap();
        assert_eq!(settings.allow_origin, ["https://x.org", "http://x.org", "http://x.org:443"]);
    }

    #[test]
    fn a_key_that_does_not_exist_is_an_error() {
        assert!(toml::from_str::<Given>("lisen = '127.0.0.1:1'").is_err());
    }
}
