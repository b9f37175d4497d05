//! `longhaul import`: uploads a file to a server, which imports it as one commit.

mod send;

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;

use crate::cli::{
    client::{Client, Task, Upload},
    tasks::{INTERRUPTED, Interrupts, ProgressDisplay, ServerArg, cancel_and_wait, print_outcome},
};

use send::SendOutcome;

/// Upload a GeoPackage, or OpenStreetMap data, into a repository of a server, and follow the import to its end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul import roads.gpkg --repo city --create          all layers, into a new repository
  longhaul import roads.gpkg --repo city                   the next version: the layers are replaced
  longhaul import roads.gpkg --repo city --layer bridges --dest traffic/bridges
  longhaul import new.gpkg --repo city --add               features are added or updated by key
  longhaul import roads.gpkg --repo city -m 'Survey of May' --author-name Jo --author-email jo@x.org
  longhaul import niue.osm.pbf --repo niue --create        nodes and ways; also .osm, .osm.gz, .osm.bz2
  longhaul import niue.osm.pbf --repo niue --mapping streets.json --no-raw
  longhaul import roads.gpkg --repo city --json | jq -r .task.result.commit.id

One import makes one commit, after the whole file has been read. An import that fails changes nothing, and neither does
one that is cancelled with Ctrl-C, unless its commit was already sealed. The exit status is 0 if the commit was made, 1 if not, 130 after
Ctrl-C.")]
pub struct ImportArgs {
    /// GeoPackage to import, or OpenStreetMap data: .osm, .osm.gz, .osm.bz2, .pbf
    file: PathBuf,

    /// Repository to import it into
    #[arg(long, value_name = "NAME")]
    repo: String,

    /// Create the repository if it does not exist
    #[arg(long)]
    create: bool,

    /// Import this layer only
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,

    /// Path of the layer in the repository, instead of its own name
    #[arg(long, value_name = "PATH")]
    dest: Option<String>,

    /// Add features to the layer and update those of the same key, instead of replacing the layer
    #[arg(long)]
    add: bool,

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

    /// Branch to commit to [default: the branch of HEAD]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,

    #[command(flatten)]
    server: ServerArg,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,

    /// Print only the final JSON document of the task, for programs
    #[arg(long)]
    json: bool,
}

impl ImportArgs {
    fn has_layer_options(&self) -> bool {
        [&self.layer, &self.dest, &self.fid_attribute].into_iter().any(Option::is_some)
    }

    /// The query parameters of the request.
    fn parameters(&self) -> Vec<(&str, &str)> {
        let texts = [
            ("layer", &self.layer),
            ("dest", &self.dest),
            ("message", &self.message),
            ("authorName", &self.author_name),
            ("authorEmail", &self.author_email),
            ("fidAttribute", &self.fid_attribute),
            ("root", &self.branch),
        ];
        let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let flags = [("add", self.add), ("noRaw", self.no_raw)];
        texts.chain(flags.into_iter().filter_map(|(name, is_set)| is_set.then_some((name, "true")))).collect()
    }
}

/// Imports the file.
///
/// # Errors
/// If the file cannot be read or a request fails. A task that fails is not an error here: it is printed, and the exit status tells
/// of it.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen();
    let (client, upload) = tokio::select! {
        prepared = prepare(&args) => prepared?,
        () = interrupts.next() => return Ok(INTERRUPTED.into()),
    };
    let mut display = ProgressDisplay::new(args.quiet || args.json);
    let sent = send::send(&client, &args, upload, &mut display, &mut interrupts).await;
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
        ended = client.follow(task.clone(), |task| display.task(task)) => Some(ended),
        () = interrupts.next() => None,
    };
    match followed {
        Some(ended) => {
            display.clear();
            print_outcome(&ended?, args.branch.as_deref(), args.json, args.quiet)
        }
        None => cancel(&client, &args, &task, &display, &mut interrupts).await,
    }
}

/// Opens the file and makes sure that the repository exists.
async fn prepare(args: &ImportArgs) -> anyhow::Result<(Client, Upload)> {
    let mut upload = Upload::open(&args.file).await?;
    if upload.is_osm() && args.has_layer_options() {
        bail!(
            "--layer, --dest and --fid-attribute are for GeoPackages; OpenStreetMap data becomes the layers \
             'node' and 'way'"
        );
    }
    if let Some(mapping) = &args.mapping {
        if !upload.is_osm() {
            bail!("--mapping is for OpenStreetMap data: .osm, .osm.gz, .osm.bz2, .pbf");
        }
        upload = upload.with_mapping(mapping).await?;
    }
    let client = args.server.client()?;
    let name = &args.repo;
    if args.create {
        client.create_repository(name).await?;
    } else if !client.has_repository(name).await? {
        bail!("{} has no repository '{name}': --create creates it", client.server());
    }
    Ok((client, upload))
}

/// Cancels the task and prints the outcome. A second Ctrl-C ends the program at once.
async fn cancel(
    client: &Client,
    args: &ImportArgs,
    task: &Task,
    display: &ProgressDisplay,
    interrupts: &mut Interrupts,
) -> anyhow::Result<ExitCode> {
    display.clear();
    display.message(&format!("Cancelling task {}... (Ctrl-C again to quit without waiting)", task.id));
    let cancelled = tokio::select! {
        task = cancel_and_wait(client, task.id) => task?,
        () = interrupts.next() => {
            return Ok(quit(display, &format!("Task {0} is being cancelled; 'longhaul tasks show {0}' shows its outcome.", task.id)));
        }
    };
    if !cancelled.status.has_ended() {
        return Ok(quit(display, &format!("Task {} is being cancelled, but has not ended yet.", task.id)));
    }
    print_outcome(&cancelled, args.branch.as_deref(), args.json, args.quiet)?;
    Ok(INTERRUPTED.into())
}

fn quit(display: &ProgressDisplay, text: &str) -> ExitCode {
    display.clear();
    display.message(text);
    INTERRUPTED.into()
}
