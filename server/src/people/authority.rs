//! What somebody may give, and whom they may touch. Pure.

use app::model::{Permission, Role, Scope, User, Viewer};
use strum::VariantArray;

use super::PeopleError;

/// The power of somebody who changes users and roles.
pub(super) struct Authority<'v> {
    viewer: &'v Viewer,
    is_admin: bool,
}

impl<'v> Authority<'v> {
    /// `users` are those of this moment. An administrator who comes with a token that may less is none.
    pub(super) fn of(viewer: &'v Viewer, users: &[User]) -> Self {
        let whole = viewer.scope == Scope::All && Permission::VARIANTS.iter().all(|permission| viewer.may(*permission));
        let is_admin = whole && users.iter().any(|user| user.id == viewer.user_id && user.role == app::model::ADMIN && user.enabled);
        Self { viewer, is_admin }
    }

    /// Whether these permissions are all one's own.
    pub(super) fn over_permissions(&self, permissions: &[Permission]) -> Result<(), PeopleError> {
        let beyond: Vec<_> = permissions.iter().filter(|permission| !self.viewer.may(**permission)).map(Permission::to_string).collect();
        if beyond.is_empty() {
            return Ok(());
        }
        Err(PeopleError::Beyond(format!("this is more than you may do yourself: {}", beyond.join(", "))))
    }

    /// Whether a role on these servers is no more than one's own.
    pub(super) fn over(&self, role: &Role, servers: &[i64]) -> Result<(), PeopleError> {
        if role.is_admin() && !self.is_admin {
            return Err(PeopleError::Beyond("only an administrator makes, changes and removes administrators".to_owned()));
        }
        self.over_permissions(&role.permissions)?;
        if is_within(servers, &self.viewer.scope) {
            return Ok(());
        }
        Err(PeopleError::Beyond("you are limited to some servers; name servers of yours".to_owned()))
    }
}

/// Whether somebody with these servers (none = all) sees nothing that the scope does not.
pub(super) fn is_within(servers: &[i64], scope: &Scope) -> bool {
    *scope == Scope::All || (!servers.is_empty() && servers.iter().all(|id| scope.covers(Some(*id))))
}

/// Whether one enabled administrator who sees every server stays.
pub(super) fn keeps_an_administrator(users: &[User]) -> bool {
    users.iter().any(|user| user.enabled && user.role == app::model::ADMIN && user.servers.is_empty())
}

#[cfg(test)]
mod tests {
    use app::model::Timestamp;

    use super::*;
    use crate::auth::permissions_of;

    fn user(id: i64, role: &str) -> User {
        User {
            id,
            username: format!("user{id}"),
            email: None,
            role: role.to_owned(),
            servers: Vec::new(),
            enabled: true,
            two_factor: false,
            created_at: Timestamp(0),
            last_seen_at: None,
        }
    }

    fn role(name: &str) -> Role {
        Role { id: 1, name: name.to_owned(), permissions: permissions_of(name), built_in: true, users: 0 }
    }

    fn viewer(id: i64, permissions: Vec<Permission>, scope: Scope) -> Viewer {
        Viewer { user_id: id, username: format!("user{id}"), permissions, scope, reports: None, address: None, owes_factor: false }
    }

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        let users = [user(1, "admin"), user(2, "boss"), user(3, "operator")];
        let all = permissions_of("admin");
        let some = Scope::Servers(vec![5, 6]);
        let cases = [
            (viewer(1, all.clone(), Scope::All), "admin", vec![], true),
            // Every permission, and still no administrator.
            (viewer(2, all.clone(), Scope::All), "admin", vec![], false),
            (viewer(2, all.clone(), Scope::All), "operator", vec![], true),
            (viewer(3, permissions_of("viewer"), Scope::All), "operator", vec![], false),
            (viewer(3, permissions_of("operator"), Scope::All), "viewer", vec![], true),
            (viewer(3, permissions_of("operator"), some.clone()), "viewer", vec![], false),
            (viewer(3, permissions_of("operator"), some.clone()), "viewer", vec![5], true),
            (viewer(3, permissions_of("operator"), some.clone()), "viewer", vec![5, 7], false),
            // An administrator with a token that may less.
            (viewer(1, permissions_of("operator"), Scope::All), "admin", vec![], false),
            (viewer(1, all, some), "admin", vec![5], false),
        ];
        for (n, (viewer, name, servers, expected)) in cases.into_iter().enumerate() {
            assert_eq!(Authority::of(&viewer, &users).over(&role(name), &servers).is_ok(), expected, "case {n}");
        }
    }

    #[test]
    fn an_administrator_who_is_disabled_or_limited_is_none_that_stays() {
        let disabled = User { enabled: false, ..user(1, "admin") };
        let limited = User { servers: vec![3], ..user(2, "admin") };
        assert!(!keeps_an_administrator(&[disabled.clone(), limited.clone(), user(3, "operator")]));
        assert!(keeps_an_administrator(&[disabled, limited, user(4, "admin")]));
    }
}
