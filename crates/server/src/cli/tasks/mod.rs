//! `longhaul tasks`: what the server is doing, and has done.

mod interrupts;
mod list;
mod outcome;
mod show;
mod text;
mod view;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::client::{Client, ClientError, ServerAddress};

pub use interrupts::Interrupts;
pub use outcome::{INTERRUPTED, conclude};
pub use text::{printable, write_commit};
pub use view::View;
pub use watch::stopped;

/// See, follow, cancel and forget a server's tasks
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul tasks                  every task that the server remembers
  longhaul tasks show 3           all that is known of one, with what it made or why it failed
  longhaul tasks watch 3          follow it to its end; the exit status says how that was
  longhaul tasks cancel 3         stop it; what it was about to change stays as it is
  longhaul tasks list --json      for programs

A server remembers a task for ten minutes after its end, unless it was told otherwise with --keep.")]
pub struct TasksArgs {
    #[command(subcommand)]
    wish: Option<Wish>,

    #[command(flatten)]
    server: ServerArg,

    /// Print the server's own document, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Wish {
    /// Every task that the server remembers, oldest first; so does `longhaul tasks` alone
    List,
    /// All that is known of a task
    Show {
        /// The task's number
        id: u64,
    },
    /// Follow a task to its end; exit status 0 if it finished, 1 if it failed or was cancelled
    Watch {
        /// The task's number
        id: u64,
    },
    /// Stop a task; a task that has ended stays as it is
    Cancel {
        /// The task's number
        id: u64,
    },
    /// Forget a task that has ended, and remove its files
    Prune {
        /// The task's number
        id: u64,
    },
}

/// Which server is meant.
#[derive(Clone, Debug, Args)]
pub struct ServerArg {
    /// Address of the server
    #[arg(
        long,
        env = "LONGHAUL_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8182",
        global = true
    )]
    pub server: ServerAddress,

    /// Token to show to the server
    #[arg(long, env = "LONGHAUL_TOKEN", hide_env_values = true, value_name = "TOKEN", global = true)]
    token: Option<String>,
}

impl ServerArg {
    /// A client of the server that is meant.
    pub fn client(&self) -> Result<Client, ClientError> {
        Client::new(self.server.clone(), self.token.as_deref())
    }
}

/// Does what was asked for.
///
/// # Errors
/// If the server does not, or the output cannot be written.
pub async fn run(args: TasksArgs) -> anyhow::Result<ExitCode> {
    let client = args.server.client()?;
    match args.wish.unwrap_or(Wish::List) {
        Wish::List => list::run(&client, args.json).await,
        Wish::Show { id } => show::run(&client, id, args.json).await,
        Wish::Watch { id } => watch::watch(&client, id, args.json).await,
        Wish::Cancel { id } => watch::cancel(&client, id, args.json).await,
        Wish::Prune { id } => watch::prune(&client, id, args.json).await,
    }
}
