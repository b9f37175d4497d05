//! `PUT /repos/NAME/init`.

use axum::http::StatusCode;
use longhaul_repository::{Identity, RepositoriesError, RepositoryName};
use longhaul_tasks::Report;
use longhaul_tasks_web::ApiError;

use super::{
    Web,
    app::{Answer, Call},
    body, failure,
    parameters::Parameters,
    repos,
};

/// Makes an empty repository. `authorName` and `authorEmail` go into its configuration; other parameters are for
/// servers that keep repositories elsewhere, and do not count.
pub(super) async fn init(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    call.caller.require_writer(&name)?;
    let query = Parameters::of_query(call.request.uri.query());
    let parameters = body::parameters(&call.request.headers, &mut call.body).await?.or(query);
    let identity = identity(&parameters);
    let (repositories, branch) = (web.repositories.clone(), web.default_branch.clone());
    let repo = repos::named(&name);
    let made = web.reads.run(move || repositories.init(&name, &branch, identity.as_ref())).await?;
    match made {
        Ok(_) => Ok(call.printer.success(StatusCode::CREATED, Report::new().element("repo", repo))),
        Err(RepositoriesError::Taken(_)) => {
            let message = "Cannot run init on an already initialized repository.";
            Err(ApiError::new(StatusCode::CONFLICT, message).into())
        }
        Err(error) => Err(failure::repositories(error).into()),
    }
}

fn identity(parameters: &Parameters) -> Option<Identity> {
    Identity::clean(parameters.text("authorName")?, parameters.text("authorEmail").unwrap_or_default())
}
