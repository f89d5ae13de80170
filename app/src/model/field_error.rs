//! One thing wrong with one named field of an input.

use serde::{Deserialize, Serialize};

/// What is wrong with one field, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// The field's name as the sender spelled it.
    pub field: String,
    /// A lower-case fragment that says what was expected.
    pub reason: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}
