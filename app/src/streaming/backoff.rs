//! How long to wait before the next attempt to connect. Pure.

/// The wait after the first failure.
const FIRST_MILLIS: i64 = 1_000;
/// No wait is longer, so that a panel that is back is noticed within half a minute.
const LONGEST_MILLIS: i64 = 30_000;

/// Milliseconds to wait after this many failures in a row (1 = the first). `chance` in 0..1 shortens the wait by up to a
/// quarter, so that a thousand browsers do not return in the same instant.
pub(super) fn wait_millis(failures: u32, chance: f64) -> i64 {
    let doublings = failures.saturating_sub(1).min(10);
    let full = (FIRST_MILLIS << doublings).min(LONGEST_MILLIS);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most 30,000")]
    let saved = (full as f64 * 0.25 * chance.clamp(0.0, 1.0)) as i64;
    full - saved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<_> = (0..9).map(|failures| wait_millis(failures, 0.0)).collect();
        assert_eq!(waits, [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(wait_millis(u32::MAX, 0.0), 30_000);
    }

    #[test]
    fn chance_takes_off_at_most_a_quarter() {
        assert_eq!(wait_millis(1, 0.5), 875);
        assert_eq!(wait_millis(6, 1.0), 22_500);
        assert_eq!(wait_millis(6, f64::NAN), 30_000);
    }
}
