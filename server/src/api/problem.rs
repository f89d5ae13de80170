//! Errors as RFC 9457 problems.

use app::model::{FieldError, RunId};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{AccountError, FactorError, PasswordError};
use crate::clearing::ClearingError;
use crate::export::ExportError;
use crate::ingest::IngestError;
use crate::inventory::InventoryError;
use crate::jobs::RunError;
use crate::people::PeopleError;
use crate::store::StoreError;

/// Why a request was not answered as asked (`application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the title says what the status means.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// Each field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The run that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    /// Seconds after which to try again; also the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            run: None,
            retry_after_s: None,
        }
    }

    /// Fields that are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(FieldError::to_string).collect::<Vec<_>>().join("; ");
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// The same, with the time after which to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Nothing there, or nothing that the viewer may know of: both answer the same.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here that you may see")
    }

    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "your role does not allow this")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, axum::Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        // For whoever shows it to people.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(cause: StoreError) -> Self {
        tracing::error!(error = &cause as &dyn std::error::Error, "a request failed in the database");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the panel could not read or write its database; its log says why")
    }
}

impl From<InventoryError> for Problem {
    fn from(cause: InventoryError) -> Self {
        match cause {
            InventoryError::NotFound => Self::not_found(),
            InventoryError::Forbidden => Self::forbidden(),
            InventoryError::Invalid(errors) => Self::invalid(errors),
            InventoryError::Busy => Self::new(StatusCode::CONFLICT, "a run is still going; stop it first"),
            InventoryError::Store(cause) => cause.into(),
        }
    }
}

impl From<ClearingError> for Problem {
    fn from(cause: ClearingError) -> Self {
        match cause {
            ClearingError::Forbidden => Self::forbidden(),
            ClearingError::Store(cause) => cause.into(),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(cause: ExportError) -> Self {
        match cause {
            ExportError::Forbidden => Self::forbidden(),
            ExportError::OneAtATime => Self::new(StatusCode::CONFLICT, cause.to_string()).retry_after(10),
            ExportError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, cause.to_string()).retry_after(10),
            ExportError::Store(cause) => cause.into(),
        }
    }
}

impl From<RunError> for Problem {
    fn from(cause: RunError) -> Self {
        match cause {
            RunError::NotFound => Self::not_found(),
            RunError::Forbidden => Self::forbidden(),
            RunError::Invalid(error) => Self::invalid(vec![error]),
            RunError::Over | RunError::NotOurs(_) | RunError::Overlap { .. } => Self::new(StatusCode::CONFLICT, cause.to_string()),
            RunError::Store(cause) => cause.into(),
        }
    }
}

impl From<IngestError> for Problem {
    fn from(cause: IngestError) -> Self {
        let said = cause.to_string();
        match cause {
            IngestError::NotFound => Self::not_found(),
            IngestError::Forbidden => Self::forbidden(),
            IngestError::Invalid(errors) => Self::invalid(errors),
            IngestError::Overlap { run } => Self { run: Some(run), ..Self::new(StatusCode::CONFLICT, said) },
            IngestError::NotReported(_) | IngestError::NothingGoing => Self::new(StatusCode::CONFLICT, said),
            IngestError::Store(cause) => cause.into(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(cause: AccountError) -> Self {
        match cause {
            AccountError::CodeNeeded(_) | AccountError::Code => {
                let errors = vec![FieldError::new("totp", cause.to_string())];
                Self { errors, ..Self::new(StatusCode::UNAUTHORIZED, cause.to_string()) }
            }
            AccountError::Credentials | AccountError::Expired | AccountError::Link => {
                Self::new(StatusCode::UNAUTHORIZED, cause.to_string())
            }
            AccountError::Invalid(error) => Self::invalid(vec![error]),
            AccountError::Store(cause) => cause.into(),
            AccountError::Password(cause) => cause.into(),
            AccountError::Factor(cause) => cause.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(cause: PasswordError) -> Self {
        tracing::error!(error = &cause as &dyn std::error::Error, "could not hash a password");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the panel could not check the password; its log says why")
    }
}

impl From<FactorError> for Problem {
    fn from(cause: FactorError) -> Self {
        tracing::error!(error = &cause as &dyn std::error::Error, "could not check a code");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the panel could not check the code; its log says why")
    }
}

impl From<PeopleError> for Problem {
    fn from(cause: PeopleError) -> Self {
        match cause {
            PeopleError::NotFound => Self::not_found(),
            PeopleError::Forbidden => Self::forbidden(),
            PeopleError::Beyond(reason) => Self::new(StatusCode::FORBIDDEN, reason),
            PeopleError::Invalid(errors) => Self::invalid(errors),
            PeopleError::Conflict(reason) => Self::new(StatusCode::CONFLICT, reason),
            PeopleError::Store(cause) => cause.into(),
            PeopleError::Password(cause) => cause.into(),
            PeopleError::Factor(cause) => cause.into(),
        }
    }
}
