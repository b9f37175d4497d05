//! Errors of exports as responses.

use std::{error::Error, io};

use axum::http::StatusCode;
use longhaul_commands::ExportError;
use longhaul_geodata::SinkError;
use longhaul_repository::Repository;
use longhaul_tasks_web::ApiError;

use crate::web::error_response;

/// What a client hears when a file of this repository was not made.
pub(super) fn of_export(error: ExportError, repository: &Repository) -> ApiError {
    match &error {
        ExportError::MissingLayers { .. } | ExportError::NoLayers(_) => {
            ApiError::not_found(error.to_string())
        }
        ExportError::Stopped | ExportError::Sink(SinkError::Stopped) => {
            ApiError::unavailable("The file was not completed; please try again.")
        }
        ExportError::Io(cause) | ExportError::Sink(SinkError::Io(cause))
            if cause.kind() == io::ErrorKind::StorageFull =>
        {
            ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "The server's disk is full.")
        }
        // The layer is there, but not in this form.
        ExportError::SeveralLayers { .. }
        | ExportError::UnknownCrs { .. }
        | ExportError::Projection { .. }
        | ExportError::PrescribedCrs { .. }
        | ExportError::Sink(SinkError::Unsupported(_)) => {
            let mut message = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                message = format!("{message}: {error}");
                cause = error.source();
            }
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        }
        // It was deleted or renamed meanwhile.
        _ if !repository.path().exists() => ApiError::not_found("Repository not found."),
        _ => error_response::internal(error),
    }
}
