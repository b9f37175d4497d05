//! Queries to the Overpass server, with retries.

use std::time::Duration;

use anyhow::Context as _;
use longhaul_osm::overpass::{Client, Query, QueryError, QueryResponse, RetryPolicy, RetryState};
use longhaul_tasks::{Context, Failure};

/// The Overpass server for downloads.
#[derive(Clone, Debug)]
pub struct Overpass {
    /// Sends the queries.
    pub client: Client,
    /// When to send a query again after an error.
    pub retry_policy: RetryPolicy,
}

impl Overpass {
    /// The server that accepts queries at the URL `endpoint`. Requests have the header `User-Agent: user_agent`.
    ///
    /// # Errors
    /// If `endpoint` or `user_agent` is invalid; the message names the command-line option.
    pub fn new(endpoint: &str, user_agent: &str) -> anyhow::Result<Self> {
        let endpoint = endpoint.parse().context("--overpass")?;
        let client = Client::new(endpoint, user_agent).context("--user-agent")?;
        Ok(Self { client, retry_policy: RetryPolicy::default() })
    }

    /// The URL that accepts queries.
    pub fn endpoint(&self) -> String {
        self.client.endpoint().to_string()
    }

    /// Sends a query, again and again until the response has data or the retry policy gives up. Between two attempts the
    /// task is parked, so that its worker can run other tasks.
    pub(crate) fn query(&self, ctx: &Context, query: &Query) -> Result<QueryResponse, Failure> {
        let endpoint = self.client.endpoint();
        let mut retries = RetryState::new(self.retry_policy);
        loop {
            ctx.step(format!("Connecting to {endpoint}..."));
            let error = match ctx.block_on(self.client.send(query))? {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let slots = match retries.needs_slots(&error) {
                true => ctx.block_on(self.client.slots())?,
                false => None,
            };
            let Some(delay) = retries.next_delay(&error, slots.as_ref()) else {
                return Err(download_failure(anyhow::Error::new(error)));
            };
            tracing::info!(%endpoint, %error, seconds = delay.as_secs(), "retrying an Overpass query after a delay");
            ctx.step(format!("Waiting {} to ask again, because {}...", shown(delay), reason(&error)));
            ctx.park(delay)?;
        }
    }
}

/// GeoGig's message for a failed download. It contains the cause, because some clients show only the message.
pub(crate) fn download_failure(cause: anyhow::Error) -> Failure {
    let message = format!(
        "Failed to fetch data from overpass server. (Did you try to use a standard OSM server instead?) {cause}"
    );
    Failure::new(cause.context(message))
}

fn shown(delay: Duration) -> String {
    match delay.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn reason(error: &QueryError) -> &'static str {
    match error {
        QueryError::RateLimited { .. } => "the server takes no more queries from this address for now",
        _ => "the server is too busy",
    }
}
