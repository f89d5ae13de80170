//! Loading the page anew, and not again and again: while two builds answer in turn, each finds the page of the other outdated.

use leptos::prelude::window;

use super::session;
use crate::model::Timestamp;

/// Under this name a tab keeps when it last loaded itself anew, in milliseconds.
const KEPT: &str = "tailback-reloaded";
/// A page that is outdated loads itself anew this often at most.
pub(super) const OUTDATED_EVERY_MILLIS: i64 = 60_000;
/// The same for one that must not stay as it is.
pub(super) const WRONG_EVERY_MILLIS: i64 = 10_000;

/// Loads the page anew. Only in the browser.
pub(crate) fn reload() {
    if let Err(error) = window().location().reload() {
        leptos::logging::error!("reload the page: {error:?}");
    }
}

/// Whether this tab may load itself anew now; notes that it does.
pub(super) fn may_reload(now: Timestamp, every_millis: i64) -> bool {
    let is_due = is_due(session::kept(KEPT).and_then(|at| at.parse().ok()), now.millis(), every_millis);
    if is_due {
        session::keep(KEPT, &now.millis().to_string());
    }
    is_due
}

/// A clock that was set back does not stop it.
fn is_due(last: Option<i64>, now: i64, every_millis: i64) -> bool {
    last.is_none_or(|last| !(0..every_millis).contains(&(now - last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reloads_are_a_minute_apart() {
        for (last, now, due) in [
            (None, 5, true),
            (Some(1_000_000), 1_000_001, false),
            (Some(1_000_000), 1_059_999, false),
            (Some(1_000_000), 1_060_000, true),
            (Some(1_000_000), 900_000, true),
        ] {
            assert_eq!(is_due(last, now, OUTDATED_EVERY_MILLIS), due, "{last:?} {now}");
        }
    }
}
