//! When the rows that are shown are read again because some of them are gone. Pure.

use crate::model::Timestamp;

/// A reading that failed is tried again after this long.
const AGAIN_AFTER_MILLIS: i64 = 5_000;

/// Whether rows have to be read again, and whether that is under way.
#[derive(Debug, Default)]
pub(super) struct Rereading {
    is_wanted: bool,
    is_under_way: bool,
    not_before: Option<Timestamp>,
}

impl Rereading {
    /// Some of the rows that are shown are gone.
    pub(super) fn want(&mut self) {
        self.is_wanted = true;
    }

    /// Whether to begin now. `is_held`: somebody reads the rows, and they stay until nobody does.
    pub(super) fn begins(&mut self, is_held: bool, now: Timestamp) -> bool {
        let begins = self.is_wanted && !self.is_under_way && !is_held && self.not_before.is_none_or(|at| now >= at);
        if begins {
            self.is_wanted = false;
            self.is_under_way = true;
        }
        begins
    }

    /// What was read is shown.
    pub(super) fn done(&mut self) {
        self.is_under_way = false;
        self.not_before = None;
    }

    /// Nothing was read, or somebody has begun to read what is shown.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.is_wanted = true;
        self.is_under_way = false;
        self.not_before = Some(now.plus_millis(AGAIN_AFTER_MILLIS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_348_800_000);

    #[test]
    fn what_failed_is_read_again_a_moment_later() {
        let mut rereading = Rereading::default();
        assert!(!rereading.begins(false, NOON), "nothing is gone");
        rereading.want();
        assert!(rereading.begins(false, NOON));
        assert!(!rereading.begins(false, NOON), "it is under way");
        rereading.failed(NOON);
        assert!(!rereading.begins(false, NOON.plus_millis(4_999)));
        assert!(rereading.begins(false, NOON.plus_millis(5_000)));
        rereading.done();
        assert!(!rereading.begins(false, NOON.plus_millis(60_000)));
    }

    #[test]
    fn nothing_is_read_again_under_the_eyes_of_who_reads() {
        let mut rereading = Rereading::default();
        rereading.want();
        assert!(!rereading.begins(true, NOON));
        assert!(rereading.begins(false, NOON));
        rereading.want();
        rereading.done();
        assert!(rereading.begins(false, NOON), "more went while it was under way");
    }
}
