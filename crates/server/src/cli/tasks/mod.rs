//! `longhaul tasks`: lists, follows, cancels and removes tasks of a server.

mod follow;
mod format;
mod interrupted;
mod interrupts;
mod list;
mod outcome;
mod progress_display;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::client::{Client, ClientError, ServerAddress};

pub use follow::cancel_and_wait;
pub use format::{printable, write_commit};
pub use interrupted::cancel_interrupted;
pub use interrupts::Interrupts;
pub use list::TaskFilter;
pub use outcome::{INTERRUPTED, print_outcome};
pub use progress_display::ProgressDisplay;

/// List, follow, cancel and remove the tasks of a server
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul tasks                  every task that the server keeps
  longhaul tasks show 3           everything about one task, with its result or error
  longhaul tasks wait 3           follow it to its end; the exit status says whether it finished
  longhaul tasks list --status FAILED --repository city --since 1d
  longhaul tasks cancel 3         cancel it; it changes nothing
  longhaul tasks list --json      as JSON, for programs

A server keeps a task for ten minutes after its end, or as long as its setting --keep says.")]
pub struct TasksArgs {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the tasks that the server keeps, oldest first; the default of `longhaul tasks`
    List(list::TaskFilter),
    /// Show everything about a task
    Show {
        /// The id of the task
        id: u64,
    },
    /// Follow a task to its end; exit status 0 if it finished, 1 if it failed or was cancelled, 4 if the server is away
    #[command(visible_alias = "wait")]
    Watch {
        /// The id of the task
        id: u64,
    },
    /// Cancel a task; a task that has ended stays as it is
    Cancel {
        /// The id of the task
        id: u64,
    },
    /// Remove a task that has ended, with its files
    Prune {
        /// The id of the task
        id: u64,
    },
}

/// The options that select a server.
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

    /// Access token for the server
    #[arg(long, env = "LONGHAUL_TOKEN", hide_env_values = true, value_name = "TOKEN", global = true)]
    token: Option<String>,
}

impl ServerArg {
    /// A client of the selected server.
    pub fn client(&self) -> Result<Client, ClientError> {
        Client::new(self.server.clone(), self.token.as_deref())
    }
}

/// Runs the action.
///
/// # Errors
/// If a request fails or the output cannot be written.
pub async fn run(args: TasksArgs) -> anyhow::Result<ExitCode> {
    let client = args.server.client()?;
    match args.action.unwrap_or(Action::List(TaskFilter::default())) {
        Action::List(list) => list::run(&client, &list, args.json).await,
        Action::Show { id } => show::run(&client, id, args.json).await,
        Action::Watch { id } => follow::watch(&client, id, args.json).await,
        Action::Cancel { id } => follow::cancel(&client, id, args.json).await,
        Action::Prune { id } => follow::prune(&client, id, args.json).await,
    }
}
