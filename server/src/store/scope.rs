//! The viewer's servers as a condition on a statement.

use app::model::Scope;

use super::Sql;

/// Adds `and <column> in (…)` for a viewer who is limited to some servers. `column` holds a server's id; rows without one
/// are for those who may see everything.
pub(super) fn push_scope(sql: &mut Sql, scope: &Scope, column: &'static str) {
    match scope {
        Scope::All => {}
        Scope::Servers(ids) if ids.is_empty() => {
            sql.push(" and 1 = 0");
        }
        Scope::Servers(ids) => {
            sql.push(" and ").push(column).push(" in (").push_list(ids.iter().copied()).push(")");
        }
    }
}
