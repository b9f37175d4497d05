//! `longhaul import`: a file goes to a server, which makes a commit of it.

mod send;

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;

use crate::cli::{
    client::{Client, Task, Upload},
    tasks::{INTERRUPTED, Interrupts, ServerArg, View, conclude, stopped},
};

use send::Sent;

/// Upload a GeoPackage, or OpenStreetMap data, into a repository of a server, and follow the import to its end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul import roads.gpkg --repo city --create          every layer, into a new repository
  longhaul import roads.gpkg --repo city                   the next version: layers are replaced
  longhaul import roads.gpkg --repo city --layer bridges --dest traffic/bridges
  longhaul import new.gpkg --repo city --add               features are added or updated by key
  longhaul import roads.gpkg --repo city -m 'Survey of May' --author-name Jo --author-email jo@x.org
  longhaul import niue.osm.pbf --repo niue --create        nodes and ways; .osm, .osm.gz and .osm.bz2, too
  longhaul import niue.osm.pbf --repo niue --mapping streets.json --no-raw
  longhaul import roads.gpkg --repo city --json | jq -r .task.result.commit.id

One import is one commit, made when everything has been read: an import that fails changes nothing, and neither
does one that is stopped with Ctrl-C, unless its commit was sealed already. The exit status is 0 if the commit was made, 1 if not, 130 after Ctrl-C.")]
pub struct ImportArgs {
    /// GeoPackage to import, or OpenStreetMap data: .osm, .osm.gz, .osm.bz2, .pbf
    file: PathBuf,

    /// Repository to import it into
    #[arg(long, value_name = "NAME")]
    repo: String,

    /// Make the repository if there is none of that name
    #[arg(long)]
    create: bool,

    /// Import this layer only
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,

    /// Keep the layer under this path instead of its own name
    #[arg(long, value_name = "PATH")]
    dest: Option<String>,

    /// Add features to those that the layer has, and update those of the same key, instead of replacing all
    #[arg(long)]
    add: bool,

    /// Message of the commit [default: the names of the file and its layers]
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Author of the commit [default: whom the repository's configuration names]
    #[arg(long, value_name = "NAME")]
    author_name: Option<String>,

    /// The author's address
    #[arg(long, value_name = "ADDRESS", requires = "author_name")]
    author_email: Option<String>,

    /// Column that tells features apart, instead of the table's primary key
    #[arg(long, value_name = "COLUMN")]
    fid_attribute: Option<String>,

    /// Make layers of OpenStreetMap data by the rules in this file, beside 'node' and 'way'
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Leave out the layers 'node' and 'way'
    #[arg(long, requires = "mapping")]
    no_raw: bool,

    /// Branch to commit to [default: the one that the repository's HEAD stands on]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,

    #[command(flatten)]
    server: ServerArg,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,

    /// Print the task's last document and nothing else, for programs
    #[arg(long)]
    json: bool,
}

impl ImportArgs {
    fn speaks_of_layers(&self) -> bool {
        [&self.layer, &self.dest, &self.fid_attribute].into_iter().any(Option::is_some)
    }

    /// The parameters of the request, in the API's words.
    fn parameters(&self) -> Vec<(&str, &str)> {
        let given = [
            ("layer", &self.layer),
            ("dest", &self.dest),
            ("message", &self.message),
            ("authorName", &self.author_name),
            ("authorEmail", &self.author_email),
            ("fidAttribute", &self.fid_attribute),
            ("root", &self.branch),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let flags = [("add", self.add), ("noRaw", self.no_raw)];
        given.chain(flags.into_iter().filter_map(|(name, is_set)| is_set.then_some((name, "true")))).collect()
    }
}

/// Imports the file.
///
/// # Errors
/// If the file cannot be read, or the server does not answer or refuses. A task that fails is no error here: it is told
/// of, and the exit status says so.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen();
    let (client, upload) = tokio::select! {
        ready = get_ready(&args) => ready?,
        () = interrupts.next() => return Ok(INTERRUPTED.into()),
    };
    let mut view = View::new(args.quiet || args.json);
    let sent = send::send(&client, &args, upload, &mut view, &mut interrupts).await;
    let task = match sent.inspect_err(|_| view.end())? {
        Sent::Accepted(task) => task,
        Sent::Unwanted(task) => return stop(&client, &args, &task, &view, &mut interrupts).await,
        Sent::BrokenOff => {
            return Ok(leave(&view, "Stopped: the upload was broken off, nothing was imported."));
        }
        Sent::Unanswered => {
            return Ok(leave(&view, "Left; 'longhaul tasks' tells what the server makes of the file."));
        }
    };
    let followed = tokio::select! {
        ended = client.follow(task.clone(), |task| view.task(task)) => Some(ended),
        () = interrupts.next() => None,
    };
    match followed {
        Some(ended) => {
            view.end();
            conclude(&ended?, args.branch.as_deref(), args.json, args.quiet)
        }
        None => stop(&client, &args, &task, &view, &mut interrupts).await,
    }
}

/// Opens the file and sees to the repository.
async fn get_ready(args: &ImportArgs) -> anyhow::Result<(Client, Upload)> {
    let mut upload = Upload::open(&args.file).await?;
    if upload.is_osm() && args.speaks_of_layers() {
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
        bail!("{} has no repository '{name}': --create makes it", client.server());
    }
    Ok((client, upload))
}

/// Cancels the task, and says what came of that. Ctrl-C once more leaves at once.
async fn stop(
    client: &Client,
    args: &ImportArgs,
    task: &Task,
    view: &View,
    interrupts: &mut Interrupts,
) -> anyhow::Result<ExitCode> {
    view.end();
    view.say(&format!("Cancelling task {}... (Ctrl-C once more leaves at once)", task.id));
    let stopped = tokio::select! {
        task = stopped(client, task.id) => task?,
        () = interrupts.next() => {
            return Ok(leave(view, &format!("Left; 'longhaul tasks show {}' tells what became of it.", task.id)));
        }
    };
    if !stopped.status.has_ended() {
        return Ok(leave(view, &format!("Task {} was told to stop and has not yet.", task.id)));
    }
    conclude(&stopped, args.branch.as_deref(), args.json, args.quiet)?;
    Ok(INTERRUPTED.into())
}

fn leave(view: &View, words: &str) -> ExitCode {
    view.end();
    view.say(words);
    INTERRUPTED.into()
}
