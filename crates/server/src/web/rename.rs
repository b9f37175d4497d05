//! `POST /repos/NAME/rename?name=…`.

use axum::http::StatusCode;
use longhaul_repository::RepositoryName;
use longhaul_tasks::{Report, Status};
use longhaul_tasks_web::ApiError;

use super::{
    Web,
    app::{Answer, Call},
    body,
    failure::{self, Refusal},
    parameters::Parameters,
    repos,
};
use crate::jobs::RenameRepository;

/// Renames the repository. The answer has the status 301 and no `Location`, as clients expect.
pub(super) async fn rename(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    let repository = web.repository(&call.caller, name.clone()).await?;
    call.caller.require_admin()?;
    let query = Parameters::of_query(call.request.uri.query());
    let parameters = body::parameters(&call.request.headers, &mut call.body).await?.or(query);
    let missing = || {
        let message = "Required parameter 'name' was not provided.";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    };
    let to = parameters.text("name").ok_or_else(missing)?;
    let to: RepositoryName = to
        .parse()
        .map_err(|error: longhaul_repository::InvalidName| ApiError::bad_request(error.to_string()))?;
    if to == name {
        return Err(ApiError::bad_request("The repository has that name already.").into());
    }
    require_free(web, &to).await?;
    let job = RenameRepository { repository: repository.id().to_owned(), name: to.to_string() };
    if web.run_alone(job).await?.status != Status::Finished {
        web.repository(&call.caller, name).await?;
        require_free(web, &to).await?;
        return Err(failure::unexplained().into());
    }
    let report = Report::new().element("repo", repos::named(&to));
    Ok(call.printer.success(StatusCode::MOVED_PERMANENTLY, report))
}

async fn require_free(web: &Web, name: &RepositoryName) -> Result<(), Refusal> {
    match web.find_for_anybody(name.clone()).await? {
        None => Ok(()),
        Some(_) => Err(ApiError::bad_request("A repository with that name already exists.").into()),
    }
}
