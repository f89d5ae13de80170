//! `AppError`: the only error that crosses the wire to a page. It carries nothing that a stranger should not read.

use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};

use crate::model::FieldError;

/// Why a page did not get what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    #[error("not signed in")]
    SignedOut,
    #[error("not allowed")]
    Forbidden,
    #[error("not found")]
    NotFound,
    #[error("{}", list(.0))]
    Invalid(Vec<FieldError>),
    #[error("the panel could not answer; its log says why")]
    Unavailable,
    #[error("the panel could not be reached: {0}")]
    Unreachable(String),
}

fn list(problems: &[FieldError]) -> String {
    problems.iter().map(FieldError::to_string).collect::<Vec<_>>().join("; ")
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // A browser's own words for it say nothing to anybody.
            ServerFnErrorErr::Request(_) => Self::Unreachable("nothing answers".to_owned()),
            ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::Response(_) => {
                Self::Unreachable("the answer could not be read".to_owned())
            }
            _ => Self::Unavailable,
        }
    }
}
