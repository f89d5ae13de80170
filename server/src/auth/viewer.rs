//! What somebody may do and see: the role's permissions and the user's servers, less what a token leaves out.

use app::model::{Permission, Scope, Viewer};

use super::permissions_of;
use crate::random::hex_of;
use crate::store::accounts::{Holder, StoredRole, TokenHolder};

/// What only makes sense for somebody who sees every server: a new server would be outside what was given to the others, and a
/// role is everybody's.
const BEYOND_SCOPE: [Permission; 4] =
    [Permission::AddServers, Permission::CreateUserRole, Permission::EditUserRoles, Permission::DeleteUserRoles];

/// The viewer behind a session.
pub(super) fn viewer(holder: &Holder) -> Viewer {
    let StoredRole { name, permissions } = &holder.role;
    let permissions = permissions.clone().unwrap_or_else(|| permissions_of(name));
    let scope = holder.servers.clone().map_or(Scope::All, Scope::Servers);
    within_scope(Viewer {
        user_id: holder.account_id,
        username: holder.username.clone(),
        permissions,
        scope,
        reports: None,
        address: None,
        owes_factor: false,
    })
}

/// The viewer behind a token: never more than its owner is now.
pub(super) fn viewer_with(token: &TokenHolder) -> Option<Viewer> {
    let owner = viewer(&token.holder);
    if let Some((schedule_id, server_id)) = token.bound_to {
        // What its owner may not say any more, it may not say for them.
        let may = owner.may(Permission::RunSchedule) && owner.scope.covers(Some(server_id));
        let scope = Scope::Servers(vec![server_id]);
        return may.then_some(Viewer { permissions: Vec::new(), scope, reports: Some(schedule_id), ..owner });
    }
    let allowed = |permission: &Permission| token.permissions.as_ref().is_none_or(|list| list.contains(permission));
    let permissions = owner.permissions.iter().copied().filter(allowed).collect();
    let scope = match (&owner.scope, &token.servers) {
        (scope, None) => scope.clone(),
        (scope, Some(servers)) => Scope::Servers(servers.iter().copied().filter(|id| scope.covers(Some(*id))).collect()),
    };
    Some(within_scope(Viewer { permissions, scope, ..owner }))
}

/// A name for what somebody may do and see, which changes with it: a page that was away compares it with that of its first moment.
pub fn rights_of(viewer: &Viewer) -> String {
    let Viewer { user_id, permissions, scope, .. } = viewer;
    let hash = super::hash(&format!("{user_id} {permissions:?} {scope:?}"));
    hex_of(hash.get(..8).unwrap_or_default())
}

fn within_scope(mut viewer: Viewer) -> Viewer {
    if viewer.scope != Scope::All {
        viewer.permissions.retain(|permission| !BEYOND_SCOPE.contains(permission));
    }
    viewer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(role: &str, servers: Option<Vec<i64>>) -> Holder {
        let role = StoredRole { name: role.to_owned(), permissions: None };
        Holder { account_id: 1, username: "ada".to_owned(), role, servers, has_factor: false }
    }

    fn token(holder: Holder, permissions: Option<Vec<Permission>>, servers: Option<Vec<i64>>) -> TokenHolder {
        TokenHolder { holder, token_id: 1, last_used_at: None, expires_at: None, permissions, servers, bound_to: None }
    }

    #[test]
    fn a_token_is_never_more_than_its_owner() {
        use Permission::{EditUsers, RunSchedule, ViewMonitorPage};
        let cases = [
            ("admin", None, Some(vec![EditUsers]), None, vec![EditUsers], Scope::All),
            ("viewer", None, Some(vec![EditUsers, ViewMonitorPage]), None, vec![ViewMonitorPage], Scope::All),
            (
                "viewer",
                Some(vec![1, 2]),
                Some(vec![ViewMonitorPage, RunSchedule]),
                Some(vec![2, 3]),
                vec![ViewMonitorPage],
                Scope::Servers(vec![2]),
            ),
            ("operator", Some(vec![1]), Some(vec![RunSchedule]), Some(vec![3]), vec![RunSchedule], Scope::Servers(vec![])),
        ];
        for (role, limits, permissions, servers, expected, scope) in cases {
            let seen = viewer_with(&token(owner(role, limits), permissions, servers)).unwrap();
            assert_eq!((seen.permissions, seen.scope), (expected, scope), "{role}");
        }
    }

    #[test]
    fn rights_are_named_by_what_they_are() {
        let name_of = |role, servers| rights_of(&viewer(&owner(role, servers)));
        assert_eq!(name_of("viewer", None), name_of("viewer", None));
        assert_ne!(name_of("viewer", None), name_of("operator", None));
        assert_ne!(name_of("viewer", None), name_of("viewer", Some(vec![1])));
        assert_ne!(name_of("viewer", Some(vec![1])), name_of("viewer", Some(vec![1, 2])));
    }

    #[test]
    fn who_does_not_see_every_server_adds_none() {
        assert!(viewer(&owner("admin", None)).may(Permission::AddServers));
        let limited = viewer(&owner("admin", Some(vec![1])));
        assert!(!limited.may(Permission::AddServers) && !limited.may(Permission::EditUserRoles) && limited.may(Permission::EditServers));
        assert!(!viewer_with(&token(owner("admin", None), None, Some(vec![1]))).unwrap().may(Permission::AddServers));
    }
}
