//! What attempts to open the stream have come to: whether the panel is away, or answers while the stream does not come through. Pure.

/// A plain question that is answered within this time says that the panel was there when the attempt failed.
const PROMPT_MILLIS: i64 = 3_000;
/// So much speaks against the stream before the panel is asked for rows instead.
const BLOCKED_AT: u32 = 3;
/// The wait until the stream is tried again where the panel is asked instead, …
const FIRST_AGAIN_MILLIS: i64 = 20_000;
/// … doubled each time in vain up to this.
const LONGEST_AGAIN_MILLIS: i64 = 300_000;

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Closed, sooner or later.
    Closed,
    /// Nobody refused and nobody answered.
    Stalled,
}

/// The attempts since the stream last came through.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: u32,
    /// What the last failure says against the stream, should the panel answer now.
    doubt: u32,
    /// What speaks against the stream. A panel that is away says nothing about it.
    against: u32,
    tried_in_vain: u32,
}

impl Attempts {
    /// Counts a failure, and gives how many there were in a row.
    pub(super) fn failed(&mut self, how: Failure) -> u32 {
        self.failures += 1;
        // One that stalls takes ten seconds: the next is no more likely to come through.
        self.doubt = if how == Failure::Stalled { 2 } else { 1 };
        self.failures
    }

    /// The panel has answered a plain question after so many milliseconds. Whether it should be asked instead from now on.
    pub(super) fn answered(&mut self, after_millis: i64) -> bool {
        let doubt = std::mem::take(&mut self.doubt);
        if after_millis <= PROMPT_MILLIS {
            self.against += doubt;
        }
        self.against >= BLOCKED_AT
    }

    /// The panel itself is away.
    pub(super) fn unreachable(&mut self) {
        self.doubt = 0;
        self.against = 0;
    }

    /// The stream was tried again while the panel is asked, and did not come through.
    pub(super) fn tried_in_vain(&mut self) {
        self.tried_in_vain += 1;
    }

    /// How long after the last attempt the stream is tried again while the panel is asked.
    pub(super) fn again_after_millis(&self) -> i64 {
        (FIRST_AGAIN_MILLIS << self.tried_in_vain.min(10)).min(LONGEST_AGAIN_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::Failure::{Closed, Stalled};
    use super::*;

    /// How attempts failed, and after how many milliseconds the panel answered, if it did.
    type History = &'static [(Failure, Option<i64>)];

    #[test]
    fn the_panel_is_asked_once_it_answers_and_the_stream_does_not() {
        let cases: [(History, bool); 7] = [
            (&[(Closed, Some(40)), (Closed, Some(40))], false),
            (&[(Closed, Some(40)), (Closed, Some(40)), (Closed, Some(40))], true),
            (&[(Stalled, Some(1_000))], false),
            (&[(Stalled, Some(40)), (Stalled, Some(40))], true),
            // Away for a while, then slow to answer.
            (&[(Closed, None), (Closed, None), (Closed, None), (Stalled, None), (Stalled, Some(9_000))], false),
            (&[(Closed, None), (Closed, None), (Closed, None), (Closed, Some(40))], false),
            (&[(Closed, Some(40)), (Closed, Some(40)), (Closed, None), (Closed, Some(40))], false),
        ];
        for (history, expected) in cases {
            let mut attempts = Attempts::default();
            let mut asks = false;
            for (how, answer) in history {
                attempts.failed(*how);
                match answer {
                    Some(after) => asks = attempts.answered(*after),
                    None => attempts.unreachable(),
                }
            }
            assert_eq!(asks, expected, "{history:?}");
        }
    }

    #[test]
    fn one_failure_counts_once_however_often_the_panel_answers() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.failed(Closed), 1);
        assert!(!(0..9).any(|_| attempts.answered(40)));
    }

    #[test]
    fn the_stream_is_tried_again_soon_and_then_less_often() {
        let mut attempts = Attempts::default();
        let waits: Vec<_> = (0..6)
            .map(|_| {
                attempts.tried_in_vain();
                attempts.again_after_millis()
            })
            .collect();
        assert_eq!(Attempts::default().again_after_millis(), 20_000);
        assert_eq!(waits, [40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
    }
}
