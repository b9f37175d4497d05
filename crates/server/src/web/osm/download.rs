//! `GET|POST /repos/NAME/osm/download`.

use longhaul_commands::{
    DownloadFilter, DownloadOsm, DownloadParameters, OsmMapping, check_filter, filter_of_bbox,
};
use longhaul_repository::{Repository, RepositoryName};

use super::{
    asked::Asked,
    document::{Document, FILTER, Kind, MAPPING, NoDocument},
};
use crate::web::{
    Web,
    app::{Answer, Call},
    failure::Refusal,
    submission,
};

/// How to ask.
const USAGE: &str = "Usage: GET <repo context>/osm/download?[filter=FILTER|bbox=S,W,N,E|update=true]\
    [&mapping=MAPPING][&message=MESSAGE][&rebase=true]";

/// Asks for a download; answers with the new task.
pub(in crate::web) async fn download(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    let repository = web.repository(&call.caller, name).await?;
    call.caller.require_writer(repository.name())?;
    let asked = Asked::of(web, call).await?;
    let job = job(web, &repository, &asked).await?;
    let submission = call.submission(repository.name(), asked.pairs(), None)?;
    let task = submission::submit(web, submission, job, None).await?;
    Ok(call.printer.submission(&web.tasks, Ok(task)).await)
}

/// The checks, in GeoGig's order.
async fn job(web: &Web, repository: &Repository, asked: &Asked) -> Result<DownloadOsm, Refusal> {
    let parameters = &asked.parameters;
    let (update, rebase) = (parameters.strict_flag("update")?, parameters.strict_flag("rebase")?);
    let bbox = parameters.text("bbox");
    match (update, FILTER.is_in(asked), bbox.is_some()) {
        (false, false, false) | (false, true, true) => {
            return Err(bad("You must specify a filter file or a bounding box"));
        }
        (true, true, _) | (true, _, true) => return Err(bad("Filters cannot be used when updating")),
        _ => {}
    }
    if rebase && !update {
        return Err(bad("rebase switch can only be used when updating"));
    }
    let of_bbox = bbox.map(filter_of_bbox).transpose().map_err(|error| bad(&error.to_string()))?;
    let filter = document(web, asked, FILTER).await?;
    let mapping = document(web, asked, MAPPING).await?;
    if let Some(filter) = &filter {
        check_filter(&filter.text).map_err(|error| bad(&error.to_string()))?;
    }
    let called = |document: &Option<Document>| document.as_ref().map(|document| document.called.clone());
    let said = |name: &str, truth| parameters.text(name).map(|_| truth);
    let request = DownloadParameters {
        filter: called(&filter),
        bbox: bbox.map(str::to_owned),
        mapping: called(&mapping),
        update: said("update", update),
        rebase: said("rebase", rebase),
    };
    let filter = match filter.map(|filter| filter.text).or(of_bbox) {
        Some(filter) => DownloadFilter::Filter(filter),
        None => DownloadFilter::LastFilter,
    };
    let mapping = mapping.map(|mapping| OsmMapping::new(mapping.text)).transpose();
    let mapping = mapping.map_err(|error| bad(&error.to_string()))?;
    let destination = asked.destination(repository)?;
    Ok(DownloadOsm { destination, filter, mapping, parameters: request })
}

async fn document(web: &Web, asked: &Asked, kind: Kind) -> Result<Option<Document>, Refusal> {
    kind.of(web, asked).await.map_err(|error| match error {
        NoDocument::Missing => bad(&format!("The specified {} file does not exist", kind.name)),
        NoDocument::Refused(refusal) => refusal,
    })
}

fn bad(complaint: &str) -> Refusal {
    Refusal::Usage(format!("{complaint}\n{USAGE}"))
}
