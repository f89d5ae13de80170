//! Who asks for a change, with what, and from where.

use app::model::{Permission, Viewer};
use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::PeopleError;
use crate::auth::Caller;
use crate::perimeter::Client;
use crate::state::Panel;

/// Somebody who changes something about people.
#[derive(Debug, Clone)]
pub struct Actor {
    pub viewer: Viewer,
    pub caller: Caller,
    pub address: String,
}

impl FromRequestParts<Panel> for Actor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, panel: &Panel) -> Result<Self, StatusCode> {
        // The layer around the router has let nobody else in.
        let unauthorized = |_| StatusCode::UNAUTHORIZED;
        let Extension(viewer) = Extension::<Viewer>::from_request_parts(parts, panel).await.map_err(unauthorized)?;
        let Extension(caller) = Extension::<Caller>::from_request_parts(parts, panel).await.map_err(unauthorized)?;
        let Extension(client) = Extension::<Client>::from_request_parts(parts, panel).await.map_err(unauthorized)?;
        let address = client.address.to_string();
        Ok(Self { viewer, caller, address })
    }
}

impl Actor {
    pub(super) fn allow(&self, permission: Permission) -> Result<(), PeopleError> {
        if self.viewer.may(permission) { Ok(()) } else { Err(PeopleError::Forbidden) }
    }

    /// The hash of the session, for what only somebody does who has signed in.
    pub fn session(&self) -> Option<&[u8]> {
        match &self.caller {
            Caller::Session(hash) => Some(hash),
            Caller::Token { .. } => None,
        }
    }

    /// Refuses tokens, however much they may.
    pub(super) fn allow_in_person(&self) -> Result<&[u8], PeopleError> {
        self.session().ok_or_else(|| PeopleError::Beyond("this is for people who have signed in, not for tokens".to_owned()))
    }

    /// Refuses tokens that may less than their owner, unless they may change users.
    pub(super) fn allow_tokens(&self) -> Result<(), PeopleError> {
        match self.caller {
            Caller::Token { whole: false, .. } if !self.viewer.may(Permission::EditUsers) => Err(PeopleError::Beyond(
                "a token that may less than its owner makes and ends no tokens, unless it may edit_users".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}
