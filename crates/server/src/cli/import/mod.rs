//! `longhaul import`: uploads a file to a server, which imports it as one commit.

mod dry_run;
mod open_edits;
mod retries;
mod send;

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::bail;
use clap::Args;
use longhaul_tasks::Status;
use uuid::Uuid;

use crate::{
    cli::{
        client::{Client, ClientError, Task, Upload},
        exit_status::{self, UsageError},
        tasks::{INTERRUPTED, Interrupts, ProgressDisplay, ServerArg, cancel_interrupted, print_outcome},
    },
    settings::HumanDuration,
};

use retries::Retries;
use send::SendOutcome;

/// Upload a GeoPackage, or OpenStreetMap data, into a repository of a server, and follow the import to its end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul import roads.gpkg --repo city --create          all layers, into a new repository
  longhaul import roads.gpkg --repo city                   the next version: the layers are replaced
  longhaul import roads.gpkg --repo city --layer bridges --dest traffic/bridges
  longhaul import roads.gpkg --repo city --except drafts   all layers but one
  longhaul import new.gpkg --repo city --add               features are added or updated by key
  longhaul import roads.gpkg --repo city -m 'Survey of May' --author-name Jo --author-email jo@x.org
  longhaul import niue.osm.pbf --repo niue --create        nodes and ways; also .osm, .osm.gz, .osm.bz2
  longhaul import niue.osm.pbf --repo niue --mapping streets.json --no-raw
  longhaul import roads.gpkg --repo city --dry-run         what would change; then a question
  longhaul import roads.gpkg --repo city --max-deletes 10%
  longhaul import roads.gpkg --repo city --json | jq -r .task.result.commit.id

One import makes one commit, after the whole file has been read. An import that fails changes nothing, and neither does
one that is cancelled with Ctrl-C, unless its commit was already sealed.

Exit status: 0 if the commit was made or there was nothing to commit (3 with --exit-code), 1 if the import failed, 2 if
the arguments are wrong, 4 if the server could not be asked, 130 after Ctrl-C. If the server was lost after it had taken
the file, the error names the task, and 'longhaul tasks wait ID' goes on from there.")]
pub struct ImportArgs {
    /// GeoPackage to import, or OpenStreetMap data: .osm, .osm.gz, .osm.bz2, .pbf
    file: PathBuf,

    /// Repository to import it into
    #[arg(long, value_name = "NAME")]
    repo: String,

    /// Create the repository if it does not exist
    #[arg(long)]
    create: bool,

    /// Import this layer only; may be repeated
    #[arg(long, value_name = "LAYER")]
    layer: Vec<String>,

    /// Import all layers but this one; may be repeated
    #[arg(long, value_name = "LAYER")]
    except: Vec<String>,

    /// Path of the layer in the repository, instead of its own name
    #[arg(long, value_name = "PATH")]
    dest: Option<String>,

    /// Add features to the layer and update those of the same key, instead of replacing the layer
    #[arg(long)]
    add: bool,

    /// Replace what is not UTF-8 in texts, and geometries that do not decode by null, instead of failing
    #[arg(long)]
    lenient: bool,

    /// Upload a GeoPackage without the edits that a program left in the -wal or -journal file beside it
    #[arg(long)]
    ignore_wal: bool,

    /// Message of the commit [default: the names of the file and its layers]
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Author of the commit [default: from the configuration of the repository]
    #[arg(long, value_name = "NAME")]
    author_name: Option<String>,

    /// Mail address of the author
    #[arg(long, value_name = "ADDRESS", requires = "author_name")]
    author_email: Option<String>,

    /// Column that identifies features, instead of the primary key of the table
    #[arg(long, value_name = "COLUMN")]
    fid_attribute: Option<String>,

    /// Mapping file: make more layers of OpenStreetMap data, besides 'node' and 'way'
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Omit the layers 'node' and 'way'
    #[arg(long, requires = "mapping")]
    no_raw: bool,

    /// Leave nodes of OpenStreetMap data without tags out of the layer 'node'
    #[arg(long)]
    no_untagged: bool,

    /// Branch to commit to [default: the branch of HEAD]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,

    /// Import nothing if a layer would lose more features than this
    #[arg(long, value_name = "COUNT|PERCENT%")]
    max_deletes: Option<String>,

    /// Import nothing if the columns of a layer, or their types, would change
    #[arg(long)]
    same_schema: bool,

    /// Import nothing if the coordinate reference system of a layer would change
    #[arg(long)]
    same_crs: bool,

    /// Show what would change, and ask whether to commit it
    #[arg(long)]
    dry_run: bool,

    /// Commit a dry run without asking
    #[arg(long, requires = "dry_run")]
    yes: bool,

    #[command(flatten)]
    server: ServerArg,

    /// Exit with 3 if there is nothing to commit
    #[arg(long)]
    exit_code: bool,

    /// How long to go on if the server is away or busy; the file is sent again if necessary
    #[arg(long, value_name = "TIME", default_value = "5m")]
    retry_for: HumanDuration,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,

    /// Print only the final JSON document of the task, for programs
    #[arg(long)]
    json: bool,
}

impl ImportArgs {
    fn has_layer_options(&self) -> bool {
        let has_names = !self.layer.is_empty() || !self.except.is_empty();
        has_names || self.dest.is_some() || self.fid_attribute.is_some() || self.lenient
    }

    /// Whether the file is one of OpenStreetMap data.
    fn is_osm(&self) -> bool {
        Upload::is_osm_name(&self.file.to_string_lossy())
    }

    /// The query parameters of the request.
    fn parameters(&self) -> Vec<(&str, &str)> {
        let texts = [
            ("dest", &self.dest),
            ("message", &self.message),
            ("authorName", &self.author_name),
            ("authorEmail", &self.author_email),
            ("fidAttribute", &self.fid_attribute),
            ("root", &self.branch),
            ("maxDeletes", &self.max_deletes),
        ];
        let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let lists = [("layer", &self.layer), ("except", &self.except)];
        let lists = lists
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_str())));
        let flags = [
            ("add", self.add),
            ("noRaw", self.no_raw),
            ("lenient", self.lenient),
            ("sameSchema", self.same_schema),
            ("sameCrs", self.same_crs),
            ("dryRun", self.dry_run),
        ];
        let flags = flags.into_iter().filter_map(|(name, is_set)| is_set.then_some((name, "true")));
        let untagged = self.no_untagged.then_some(("untagged", "false"));
        texts.chain(lists).chain(flags).chain(untagged).collect()
    }
}

/// Imports the file.
///
/// # Errors
/// If the file cannot be read or a request fails. A task that fails is not an error here: it is printed, and the exit status tells
/// of it.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen();
    // Before the server is asked.
    open(&args).await?;
    let mut display = ProgressDisplay::new(args.quiet || args.json);
    let client = tokio::select! {
        prepared = prepare(&args, &display) => prepared?,
        () = interrupts.next() => return Ok(INTERRUPTED.into()),
    };
    let sent = send_repeatedly(&client, &args, &mut display, &mut interrupts).await;
    let task = match sent.inspect_err(|_| display.clear())? {
        SendOutcome::Accepted(task) => task,
        SendOutcome::AcceptedAfterInterrupt(task) => {
            return cancel(&client, &args, &task, &display, &mut interrupts).await;
        }
        SendOutcome::Interrupted => {
            return Ok(quit(&display, "The upload was interrupted; nothing was imported."));
        }
        SendOutcome::NoResponse => {
            return Ok(quit(
                &display,
                "No response yet; 'longhaul tasks' shows whether the server imports the file.",
            ));
        }
    };
    let followed = tokio::select! {
        ended = client.follow(task.clone(), args.retry_for.0, |task| display.task(task)) => Some(ended),
        () = interrupts.next() => None,
    };
    match followed {
        Some(ended) => {
            display.clear();
            match ended {
                Ok(ended) if args.dry_run && ended.status == Status::Finished => {
                    dry_run::conclude(&client, &args, ended, &mut display).await
                }
                Ok(ended) => outcome(&args, &ended),
                Err(error) => Err(lost(&args, &task, error)),
            }
        }
        None => cancel(&client, &args, &task, &display, &mut interrupts).await,
    }
}

/// Prints the outcome; that there is nothing to commit is no failure.
fn outcome(args: &ImportArgs, task: &Task) -> anyhow::Result<ExitCode> {
    let status = print_outcome(task, args.branch.as_deref(), args.json, args.quiet)?;
    let message = task.error.as_ref().map_or("", |error| error.message());
    match (message.starts_with("Nothing to commit"), args.exit_code) {
        (false, _) => Ok(status),
        (true, false) => Ok(ExitCode::SUCCESS),
        (true, true) => Ok(exit_status::NOTHING_TO_COMMIT.into()),
    }
}

/// The error of a server that was lost while its task was followed. Programs get the last document that was read.
fn lost(args: &ImportArgs, task: &Task, error: ClientError) -> anyhow::Error {
    if args.json {
        // The exit status tells of the error anyway.
        let _ = writeln!(stdout(), "{}", task.text);
    }
    let id = task.id;
    anyhow::Error::new(error)
        .context(format!("the server has taken the file; 'longhaul tasks wait {id}' follows task {id}"))
}

/// Sends the file, again and again while the server is away or busy. All tries have one idempotency key, so that they make one
/// task.
async fn send_repeatedly(
    client: &Client,
    args: &ImportArgs,
    display: &mut ProgressDisplay,
    interrupts: &mut Interrupts,
) -> anyhow::Result<SendOutcome> {
    let key = Uuid::new_v4().to_string();
    let mut retries = Retries::new(args.retry_for.0);
    loop {
        let upload = open(args).await?;
        match send::send(client, args, upload, &key, display, interrupts).await {
            Err(error) if error.is_transient() => {
                let pause = tokio::select! {
                    again = retries.pause(error, display) => again,
                    () = interrupts.next() => return Ok(SendOutcome::Interrupted),
                };
                pause?;
            }
            sent => return Ok(sent?),
        }
    }
}

/// Opens the file and its mapping.
async fn open(args: &ImportArgs) -> anyhow::Result<Upload> {
    let mut upload = Upload::open(&args.file).await?;
    if upload.is_osm() && args.has_layer_options() {
        let text = "--layer, --except, --dest, --fid-attribute and --lenient are for GeoPackages; OpenStreetMap data becomes \
             the layers 'node' and 'way'";
        return Err(UsageError(text.to_owned()).into());
    }
    if !upload.is_osm() && !args.ignore_wal {
        open_edits::require_none(&args.file)?;
    }
    if let Some(mapping) = &args.mapping {
        if !upload.is_osm() {
            let text = "--mapping is for OpenStreetMap data: .osm, .osm.gz, .osm.bz2, .pbf";
            return Err(UsageError(text.to_owned()).into());
        }
        upload = upload.with_mapping(mapping).await?;
    }
    if args.no_untagged && !upload.is_osm() {
        let text = "--no-untagged is for OpenStreetMap data: .osm, .osm.gz, .osm.bz2, .pbf";
        return Err(UsageError(text.to_owned()).into());
    }
    Ok(upload)
}

/// Makes sure that the repository exists.
async fn prepare(args: &ImportArgs, display: &ProgressDisplay) -> anyhow::Result<Client> {
    let client = args.server.client()?;
    let name = &args.repo;
    let mut retries = Retries::new(args.retry_for.0);
    loop {
        let exists = match args.create {
            true => client.create_repository(name).await.map(|_| true),
            false => client.has_repository(name).await,
        };
        match exists {
            Ok(true) => return Ok(client),
            Ok(false) => bail!("{} has no repository '{name}': --create creates it", client.server()),
            Err(error) => retries.pause(error, display).await?,
        }
    }
}

/// Cancels the task and prints the outcome.
async fn cancel(
    client: &Client,
    args: &ImportArgs,
    task: &Task,
    display: &ProgressDisplay,
    interrupts: &mut Interrupts,
) -> anyhow::Result<ExitCode> {
    if let Some(ended) = cancel_interrupted(client, task, display, interrupts).await? {
        outcome(args, &ended)?;
    }
    Ok(INTERRUPTED.into())
}

fn quit(display: &ProgressDisplay, text: &str) -> ExitCode {
    display.clear();
    display.message(text);
    INTERRUPTED.into()
}
