//! Users as people make and change them, the roles they have, and the tokens that act for them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::server::name_problem;
use super::{FieldError, Permission, Timestamp};

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: i64,
    pub username: String,
    pub email: Option<String>,
    /// The name of a role.
    pub role: String,
    /// The servers the user is limited to; empty = all.
    pub servers: Vec<i64>,
    pub enabled: bool,
    /// Whether a code is asked for besides the password.
    pub two_factor: bool,
    pub created_at: Timestamp,
    /// When the user was last seen signed in; `null` without a session.
    pub last_seen_at: Option<Timestamp>,
}

/// A user as somebody describes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDraft {
    /// Chosen once: rows of the trail name it.
    pub username: String,
    #[serde(default)]
    pub email: Option<String>,
    pub role: String,
    #[serde(default)]
    pub servers: Vec<i64>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

const fn yes() -> bool {
    true
}

impl UserDraft {
    /// Every field that is wrong, at once. Whether the role and the servers exist is not told here.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        problems.extend(username_problem(&self.username));
        let odd = |email: &String| {
            let (name, host) = email.split_once('@').unwrap_or_default();
            let plain = email.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>,;\"".contains(c));
            name.is_empty() || host.is_empty() || host.contains('@') || email.len() > 254 || !plain
        };
        if self.email.as_ref().is_some_and(odd) {
            problems.push(FieldError::new("email", "expected one address such as ada@example.net"));
        }
        problems
    }
}

/// What is wrong with the name of a user, if anything.
pub fn username_problem(name: &str) -> Option<FieldError> {
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte));
    (!fits).then(|| FieldError::new("username", "expected 1 to 64 letters, digits, dots, dashes, underscores or @"))
}

/// What somebody may do, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    pub id: i64,
    pub name: String,
    pub permissions: Vec<Permission>,
    /// Comes with the panel and is not changed.
    pub built_in: bool,
    /// How many users have it.
    pub users: i64,
}

/// The built-in role that may do everything. The last user who has it and is enabled keeps it.
pub const ADMIN: &str = "admin";

impl Role {
    pub fn is_admin(&self) -> bool {
        self.built_in && self.name == ADMIN
    }
}

/// A role as somebody describes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleDraft {
    pub name: String,
    pub permissions: Vec<Permission>,
}

impl RoleDraft {
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems: Vec<_> = name_problem("name", &self.name).into_iter().collect();
        if self.permissions.is_empty() {
            problems.push(FieldError::new("permissions", "expected at least one"));
        }
        problems
    }
}

/// A token of the API, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    pub id: i64,
    pub name: String,
    /// What it may do, as far as its owner may; `null` = whatever the owner may.
    pub permissions: Option<Vec<Permission>>,
    /// The servers it is limited to, as far as its owner sees them; empty = all of the owner's.
    pub servers: Vec<i64>,
    /// The schedule whose runs it may report, where that is all it may do.
    pub schedule_id: Option<i64>,
    pub created_at: Timestamp,
    /// `null` = never.
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token as somebody describes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenDraft {
    pub name: String,
    /// Absent = whatever the owner may.
    #[serde(default)]
    pub permissions: Option<Vec<Permission>>,
    /// Absent or empty = all of the owner's.
    #[serde(default)]
    pub servers: Vec<i64>,
    /// A reported schedule: the token may report its runs and do nothing else.
    #[serde(default)]
    pub schedule_id: Option<i64>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl TokenDraft {
    pub fn problems(&self, now: Timestamp) -> Vec<FieldError> {
        let mut problems: Vec<_> = name_problem("name", &self.name).into_iter().collect();
        if self.permissions.as_ref().is_some_and(Vec::is_empty) {
            problems.push(FieldError::new("permissions", "expected at least one; leave it out for all of yours"));
        }
        if self.expires_at.is_some_and(|at| at <= now) {
            problems.push(FieldError::new("expires_at", "expected a moment to come"));
        }
        if self.schedule_id.is_some() && (self.permissions.is_some() || !self.servers.is_empty()) {
            problems.push(FieldError::new("schedule_id", "such a token does one thing only, without permissions or servers"));
        }
        problems
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Names it in forms; of no use to sign in with.
    pub id: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// From where, as the panel saw it.
    pub address: String,
    /// The browser in words.
    pub browser: String,
    /// The one that asks.
    pub current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_of_a_user_is_named() {
        let draft = |username: &str, email: &str| UserDraft {
            username: username.to_owned(),
            email: Some(email.to_owned()),
            role: ADMIN.to_owned(),
            servers: Vec::new(),
            enabled: true,
        };
        assert!(draft("ada", "ada@example.net").problems().is_empty());
        for (username, email, fields) in [
            ("a da", "ada@example.net", vec!["username"]),
            ("", "x", vec!["username", "email"]),
            ("ada", "a@b@c", vec!["email"]),
            ("ada", "Ada <a@b>", vec!["email"]),
        ] {
            let found: Vec<_> = draft(username, email).problems().into_iter().map(|problem| problem.field).collect();
            assert_eq!(found, fields, "{username} {email}");
        }
    }
}
