//! `GET|POST /repos/NAME/osm/import`.

use longhaul_commands::{ImportOsm, OsmFile, OsmMapping, RootError};
use longhaul_repository::{Repository, RepositoryName};

use super::{
    asked::Asked,
    document::{self, MAPPING, NoDocument},
};
use crate::{
    upload::ReceivedFile,
    web::{
        Web,
        app::{Answer, Call},
        failure::Refusal,
        submission,
    },
};

/// How to ask.
const USAGE: &str = "Usage: GET <repo context>/osm/import?uri=URI[&add=true][&mapping=MAPPING][&noRaw=true]\
    [&message=MESSAGE]";

/// Asks for an import of a file that was sent, or that lies under an import root; answers with the new task.
pub(in crate::web) async fn import(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    let repository = web.repository(&call.caller, name).await?;
    call.caller.require_writer(repository.name())?;
    let mut asked = Asked::of(web, call).await?;
    let received = asked.file.take();
    let repository_uri = format!("{}/repos/{}", call.printer.base.as_str(), repository.name());
    let job = job(web, &repository, repository_uri, &asked, received.as_ref()).await?;
    let digest = received.as_ref().and_then(|received| received.digest);
    let submission = call.submission(repository.name(), asked.pairs(), digest)?;
    let task = submission::submit(web, submission, job, received).await?;
    Ok(call.printer.submission(&web.tasks, Ok(task)).await)
}

async fn job(
    web: &Web,
    repository: &Repository,
    repository_uri: String,
    asked: &Asked,
    received: Option<&ReceivedFile>,
) -> Result<ImportOsm, Refusal> {
    let parameters = &asked.parameters;
    let (file, uri) = match (received, parameters.text("uri")) {
        (Some(received), _) => (OsmFile::Uploaded(received.file.path().to_owned()), received.name.clone()),
        (None, Some(uri)) => (of_server(web, uri).await?, uri.to_owned()),
        (None, None) => return Err(bad("Missing parameter: uri")),
    };
    let (add, no_raw) = (parameters.strict_flag("add")?, parameters.strict_flag("noRaw")?);
    let mapping = match MAPPING.of(web, asked).await {
        Ok(Some(mapping)) => Some(OsmMapping::new(mapping.text).map_err(|error| bad(&error.to_string()))?),
        Ok(None) if no_raw => return Err(bad("noRaw without a mapping leaves nothing to import")),
        Ok(None) => None,
        Err(NoDocument::Missing) => return Err(bad("The specified mapping file does not exist")),
        Err(NoDocument::Refused(refusal)) => return Err(refusal),
    };
    let destination = asked.destination(repository)?;
    Ok(ImportOsm { destination, file_name: file_name(&uri), file, uri, repository_uri, add, no_raw, mapping })
}

/// Looks whether the file may be read. One that is missing is left to the task to find out, as clients expect; by then
/// it may be there.
async fn of_server(web: &Web, uri: &str) -> Result<OsmFile, Refusal> {
    let (roots, path) = (web.import_roots.clone(), uri.to_owned());
    let opened = web.reads.run(move || roots.open(&path)).await?;
    match opened {
        Ok(_) | Err(RootError::Missing(_)) => Ok(OsmFile::OfServer(uri.to_owned())),
        Err(error) => Err(document::refusal(error).into()),
    }
}

/// The last part of a path, for messages.
fn file_name(uri: &str) -> String {
    uri.rsplit('/').next().unwrap_or(uri).to_owned()
}

fn bad(complaint: &str) -> Refusal {
    Refusal::Usage(format!("{complaint}\n{USAGE}"))
}
