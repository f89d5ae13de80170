//! Which refusals the trail has been told of, so that somebody who knocks all day does not fill it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Origin;
use super::recent::Recent;

/// One row an address in this time.
const TELL_EVERY: Duration = Duration::from_hours(1);

/// And this many rows in it altogether, since addresses are cheap.
const ROWS: u32 = 60;

/// Addresses that are remembered; there are no rows for more.
const KEYS: usize = 4096;

pub(super) struct Refusals {
    told: Mutex<Told>,
}

struct Told {
    at: Recent<(&'static str, Origin), Instant>,
    rows: u32,
    since: Option<Instant>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { told: Mutex::new(Told { at: Recent::new(KEYS), rows: 0, since: None }) }
    }
}

impl Refusals {
    /// Whether the trail should be told of this one.
    pub(super) fn is_news(&self, what: &'static str, origin: Origin, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.since.is_none_or(|since| now.saturating_duration_since(since) >= TELL_EVERY) {
            (told.since, told.rows) = (Some(now), 0);
        }
        let known = told.at.get(&(what, origin)).is_some_and(|at| now.saturating_duration_since(*at) < TELL_EVERY);
        if known || told.rows >= ROWS {
            return false;
        }
        *told.at.entry((what, origin), || now) = now;
        told.rows += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_of_once_an_hour_and_many_addresses_not_all() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let origin = |n: u8| Origin::from(std::net::IpAddr::from([192, 0, 2, n]));
        assert!(refusals.is_news("network", origin(1), start));
        assert!(!refusals.is_news("network", origin(1), start + Duration::from_mins(59)));
        assert!(refusals.is_news("network", origin(1), start + Duration::from_mins(61)));
        let told = (2..=255).filter(|n| refusals.is_news("network", origin(*n), start + Duration::from_mins(62))).count();
        assert_eq!(told, 59);
    }
}
