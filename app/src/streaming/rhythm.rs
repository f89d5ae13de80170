//! What is due at a tick of the clock: an attempt, the end of one, a question, or nothing. Pure.

use super::Connection;
use crate::model::Timestamp;

/// An attempt that has not been answered by then has failed.
const ANSWER_WITHIN_MILLIS: i64 = 10_000;
/// After this much silence the stream is opened again: it says something every 10 seconds, and a dead socket says nothing.
const SILENCE_MILLIS: i64 = 25_000;
/// How often the panel is asked for rows where the stream does not come through, …
const POLL_EVERY_MILLIS: i64 = 4_000;
/// … and while nobody looks, for the title of the tab.
const POLL_HIDDEN_EVERY_MILLIS: i64 = 60_000;
/// A browser that says it is offline may be wrong, as where the panel is on the same machine.
const TRY_OFFLINE_EVERY_MILLIS: i64 = 15_000;
/// Two ticks further apart than this mean that the machine slept.
const SLEPT_MILLIS: i64 = 90_000;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Connect,
    /// The attempt under way has failed.
    GiveUp,
    Poll,
}

/// What it depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'c> {
    pub connection: &'c Connection,
    pub heard_at: Option<Timestamp>,
    pub attempted_at: Option<Timestamp>,
    /// Whether a socket is open or opening.
    pub has_socket: bool,
    pub polled_at: Option<Timestamp>,
    /// See [`super::attempts::Attempts::again_after_millis`].
    pub again_after_millis: i64,
    pub ticked_at: Option<Timestamp>,
    pub is_hidden: bool,
}

/// Whether nothing was heard for longer than a stream that works is ever silent.
pub(super) fn was_silent(heard_at: Option<Timestamp>, now: Timestamp) -> bool {
    is_past(heard_at, SILENCE_MILLIS, now)
}

fn is_past(since: Option<Timestamp>, millis: i64, now: Timestamp) -> bool {
    since.is_none_or(|since| now.millis_since(since) >= millis)
}

impl Situation<'_> {
    pub(super) fn due(self, now: Timestamp) -> Due {
        let is_past = |since, millis| is_past(since, millis, now);
        let has_stalled = self.has_socket && is_past(self.attempted_at, ANSWER_WITHIN_MILLIS);
        let is_again = |millis| !self.has_socket && is_past(self.attempted_at, millis);
        // A hidden tab ticks slowly, so only a visible one can tell that it slept. What the stream says is heard in both.
        let slept = !self.is_hidden && self.ticked_at.is_some_and(|at| now.millis_since(at) > SLEPT_MILLIS);
        let poll_every = if self.is_hidden { POLL_HIDDEN_EVERY_MILLIS } else { POLL_EVERY_MILLIS };
        match self.connection {
            Connection::Waiting { retry_at, .. } if now >= *retry_at => Due::Connect,
            Connection::Connecting | Connection::Polling | Connection::Offline if has_stalled => Due::GiveUp,
            Connection::Polling if is_again(self.again_after_millis) => Due::Connect,
            Connection::Polling if is_past(self.polled_at, poll_every) => Due::Poll,
            Connection::Offline if is_again(TRY_OFFLINE_EVERY_MILLIS) => Due::Connect,
            Connection::Live if slept || was_silent(self.heard_at, now) => Due::Connect,
            _ => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_348_800_000);

    /// Everything a second ago.
    fn situation(connection: &Connection) -> Situation<'_> {
        let then = Some(ago(1));
        Situation {
            connection,
            heard_at: then,
            attempted_at: then,
            has_socket: matches!(connection, Connection::Connecting | Connection::Live),
            polled_at: then,
            again_after_millis: 20_000,
            ticked_at: then,
            is_hidden: false,
        }
    }

    fn ago(seconds: i64) -> Timestamp {
        NOON.plus_millis(-seconds * 1_000)
    }

    #[test]
    fn a_dead_socket_is_noticed_also_where_nobody_looks() {
        let live = situation(&Connection::Live);
        for is_hidden in [false, true] {
            assert_eq!(Situation { is_hidden, ..live }.due(NOON), Due::Nothing);
            assert_eq!(Situation { is_hidden, heard_at: Some(ago(24)), ..live }.due(NOON), Due::Nothing);
            assert_eq!(Situation { is_hidden, heard_at: Some(ago(25)), ..live }.due(NOON), Due::Connect);
        }
        assert_eq!(Situation { ticked_at: Some(ago(91)), ..live }.due(NOON), Due::Connect, "the machine slept");
        assert_eq!(Situation { is_hidden: true, ticked_at: Some(ago(91)), ..live }.due(NOON), Due::Nothing, "a hidden tab ticks slowly");
    }

    #[test]
    fn an_attempt_that_nobody_answers_ends() {
        for connection in [Connection::Connecting, Connection::Polling, Connection::Offline] {
            let attempt = Situation { has_socket: true, attempted_at: Some(ago(9)), ..situation(&connection) };
            assert_eq!(attempt.due(NOON), Due::Nothing, "{connection:?}");
            assert_eq!(Situation { attempted_at: Some(ago(10)), ..attempt }.due(NOON), Due::GiveUp, "{connection:?}");
        }
    }

    #[test]
    fn rows_are_asked_for_also_while_the_stream_is_tried_again() {
        let polling = situation(&Connection::Polling);
        for (attempted, has_socket, polled, is_hidden, due) in [
            (19, false, 3, false, Due::Nothing),
            (19, false, 4, false, Due::Poll),
            (20, false, 4, false, Due::Connect),
            (1, true, 4, false, Due::Poll),
            (1, false, 59, true, Due::Nothing),
            (1, false, 60, true, Due::Poll),
        ] {
            let at = Situation { attempted_at: Some(ago(attempted)), has_socket, polled_at: Some(ago(polled)), is_hidden, ..polling };
            assert_eq!(at.due(NOON), due, "{attempted} {has_socket} {polled} {is_hidden}");
        }
    }

    #[test]
    fn who_waits_connects_at_the_end_of_the_countdown() {
        let until = |retry_at| Connection::Waiting { failures: 1, retry_at, reason: None };
        assert_eq!(situation(&until(NOON)).due(NOON), Due::Connect);
        assert_eq!(situation(&until(NOON.plus_millis(1))).due(NOON), Due::Nothing);
        assert_eq!(Situation { attempted_at: Some(ago(14)), ..situation(&Connection::Offline) }.due(NOON), Due::Nothing);
        assert_eq!(Situation { attempted_at: Some(ago(15)), ..situation(&Connection::Offline) }.due(NOON), Due::Connect);
        assert_eq!(Situation { heard_at: None, attempted_at: None, ..situation(&Connection::SignedOut) }.due(NOON), Due::Nothing);
    }
}
