//! Asking Overpass until it gives data, or it is no use.

use std::time::Duration;

use anyhow::Context as _;
use longhaul_osm::overpass::{Client, Query, QueryError, QueryResponse, RetryPolicy, RetryState};
use longhaul_tasks::{Context, Failure};

/// The server that downloads come from, and how patient we are with it.
#[derive(Clone, Debug)]
pub struct Overpass {
    /// Asks it.
    pub client: Client,
    /// How patient.
    pub retry_policy: RetryPolicy,
}

impl Overpass {
    /// The server that takes queries at `endpoint`, which learns that `user_agent` asks.
    ///
    /// # Errors
    /// If one of them is nothing of the kind.
    pub fn new(endpoint: &str, user_agent: &str) -> anyhow::Result<Self> {
        let endpoint = endpoint.parse().context("--overpass")?;
        let client = Client::new(endpoint, user_agent).context("--user-agent")?;
        Ok(Self { client, retry_policy: RetryPolicy::default() })
    }

    /// Where it takes queries.
    pub fn endpoint(&self) -> String {
        self.client.endpoint().to_string()
    }
}

/// Asks until there is data. While it waits to ask again, other tasks run in its place.
pub(super) fn fetch(
    ctx: &Context,
    Overpass { client, retry_policy }: &Overpass,
    query: &Query,
) -> Result<QueryResponse, Failure> {
    let endpoint = client.endpoint();
    let mut retries = RetryState::new(*retry_policy);
    loop {
        ctx.step(format!("Connecting to {endpoint}..."));
        let refusal = match ctx.block_on(client.send(query))? {
            Ok(answer) => return Ok(answer),
            Err(refusal) => refusal,
        };
        let slots = match retries.needs_slots(&refusal) {
            true => ctx.block_on(client.slots())?,
            false => None,
        };
        let Some(wait) = retries.next_delay(&refusal, slots.as_ref()) else {
            return Err(fetch_failed(anyhow::Error::new(refusal)));
        };
        tracing::info!(%endpoint, %refusal, seconds = wait.as_secs(), "a download has to wait");
        ctx.step(format!("Waiting {} to ask again, because {}...", shown(wait), reason(&refusal)));
        ctx.park(wait)?;
    }
}

/// In the words of GeoGig's clients; the cause is in the message, because some show no more than that.
pub(super) fn fetch_failed(cause: anyhow::Error) -> Failure {
    let message = format!(
        "Failed to fetch data from overpass server. (Did you try to use a standard OSM server instead?) {cause}"
    );
    Failure::new(cause.context(message))
}

fn shown(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn reason(refusal: &QueryError) -> &'static str {
    match refusal {
        QueryError::RateLimited { .. } => "the server takes no more queries from this address for now",
        _ => "the server is too busy",
    }
}
