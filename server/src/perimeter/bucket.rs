//! How many requests a minute. Each key has a bucket that holds a minute's worth, so that what comes in bursts is not cut.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::recent::Recent;

/// Keys that are remembered; one that is forgotten begins with a full bucket.
const KEYS: usize = 16_384;

/// Buckets that fill all the time and are emptied by requests.
pub(super) struct Buckets<K> {
    /// Tokens a minute; 0 is no limit.
    per_minute: u32,
    buckets: Mutex<Recent<K, Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute, buckets: Mutex::new(Recent::new(KEYS)) }
    }

    /// Takes one token; the error is how long until there is one.
    pub(super) fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let full = f64::from(self.per_minute);
        let per_second = full / 60.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key, || Bucket { tokens: full, filled_at: now });
        let since = now.saturating_duration_since(bucket.filled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * per_second).min(full);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / per_second));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_it_drips() {
        let buckets = Buckets::new(60);
        let start = Instant::now();
        for _ in 0..60 {
            buckets.take("a", start).unwrap();
        }
        let wait = buckets.take("a", start).unwrap_err();
        assert!(wait <= Duration::from_secs(1) && wait > Duration::from_millis(900), "{wait:?}");
        buckets.take("b", start).unwrap();
        buckets.take("a", start + Duration::from_millis(1001)).unwrap();
        assert!(buckets.take("a", start + Duration::from_millis(1002)).is_err());
        assert!(Buckets::new(0).take("a", start).is_ok());
    }
}
