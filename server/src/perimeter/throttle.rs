//! Guessing is slow and nobody is locked out. Each wrong guess counts for its key; after some free ones every guess makes the
//! next wait, 1 s at first, doubling up to a minute. A guess that comes too early is not looked at and does not count: when the
//! wait is over, the right password works.
//!
//! A guess counts before it is checked, so that many at once get no further than one after the other; one that was right gives its
//! count back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;

use super::client::Client;
use super::recent::Recent;

/// Wrong guesses that cost nothing: people mistype.
const FREE: u32 = 5;

/// Wrong guesses at one account, from all new places together: one place is slowed down long before, so that it cannot keep the owner
/// out of a new place of theirs.
const FREE_ACCOUNT: u32 = 25;

/// One of these is forgotten after this long, so that one or two who guess all day never add up to a wait for others.
const ACCOUNT_FORGETS_ONE: Duration = Duration::from_secs(20);

/// Tokens are not typed, and one that was revoked is tried again by programs.
const FREE_TOKENS: u32 = 20;

/// A code is one of a million and changes twice a minute, and only who has the password is asked for one.
const FREE_CODES: u32 = 20;

const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Long enough that a guess a minute leads nowhere, short enough that nobody calls an administrator.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Guesses are forgotten after this long without another.
const FORGET_AFTER: Duration = Duration::from_mins(15);

/// Keys that are remembered, at about 100 bytes each.
const KEYS: usize = 32_768;

/// What is being guessed, or by whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Passwords of anybody, from one address.
    Address(IpNet),
    /// One account's password, from new places all together.
    Account(String),
    /// One account's password, from one new place.
    NewPlace(String, IpNet),
    /// One account's password, from an address it has been signed in to before: whoever else guesses does not make its owner wait.
    KnownPlace(String, IpNet),
    /// One account's one-time codes, from wherever.
    Code(i64),
    /// What one account's owner is asked for again while signed in.
    Again(i64),
    /// Links, from one address.
    Link(IpNet),
    /// API tokens, from one address.
    Token(IpNet),
}

impl Key {
    fn free(&self) -> u32 {
        match self {
            Self::Token(_) => FREE_TOKENS,
            Self::Code(_) => FREE_CODES,
            Self::Account(_) => FREE_ACCOUNT,
            _ => FREE,
        }
    }
}

/// Too early: ask again after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {} s", self.seconds())]
pub struct Throttled {
    pub wait: Duration,
}

impl Throttled {
    /// Whole seconds, at least one.
    pub fn seconds(&self) -> u32 {
        u32::try_from(self.wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
    }
}

#[derive(Debug, Clone, Copy)]
struct Guesses {
    wrong: u32,
    last: Instant,
    wait_until: Instant,
}

impl Guesses {
    fn none(now: Instant) -> Self {
        Self { wrong: 0, last: now, wait_until: now }
    }
}

/// How long the next guess has to wait after so many wrong ones.
fn wait_after(wrong: u32, free: u32) -> Duration {
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => FIRST_WAIT.saturating_mul(1_u32 << beyond.min(16)).min(LONGEST_WAIT),
    }
}

/// Everybody's guesses.
#[derive(Clone)]
pub struct Throttle {
    state: Arc<Mutex<State>>,
}

struct State {
    guesses: Recent<Key, Guesses>,
    known_places: Recent<(String, IpNet), ()>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { state: Arc::new(Mutex::new(State { guesses: Recent::new(KEYS), known_places: Recent::new(KEYS) })) }
    }
}

impl State {
    /// Takes one guess back; those of others that came meanwhile stay.
    fn give_back(&mut self, key: &Key) {
        if self.guesses.get(key).is_none() {
            return;
        }
        let guesses = self.guesses.entry(key.clone(), || unreachable!("it is there"));
        guesses.wrong = guesses.wrong.saturating_sub(1);
        guesses.wait_until = guesses.last + wait_after(guesses.wrong, key.free());
    }
}

/// A guess that is being checked. It counts as wrong unless it is told otherwise.
#[must_use = "a guess that was right has to be told so"]
pub struct Attempt {
    throttle: Throttle,
    /// What it counts for, and how many wrong ones there were.
    before: Vec<(Key, u32)>,
    place: Option<(String, IpNet)>,
}

impl Throttle {
    /// Begins a guess at an account's password.
    pub fn password(&self, username: &str, client: &Client, now: Instant) -> Result<Attempt, Throttled> {
        // A database that tells names apart by case has an account for one of them at most; guesses at all of them count together.
        let name = username.trim().chars().take(64).collect::<String>().to_lowercase();
        let place = (name.clone(), client.origin());
        let known = self.lock().known_places.get(&place).is_some();
        // Where its owner has been before, others who share the address do not make them wait either.
        let keys = if known {
            vec![Key::KnownPlace(name, client.origin())]
        } else {
            vec![Key::Address(client.origin()), Key::NewPlace(name.clone(), client.origin()), Key::Account(name)]
        };
        Ok(Attempt { place: Some(place), ..self.begin(keys, now)? })
    }

    /// Notes a place from which an account is signed in.
    pub fn know(&self, username: &str, origin: IpNet) {
        self.lock().known_places.entry((username.to_lowercase(), origin), || ());
    }

    /// Begins a guess at something else, such as a one-time code or a link.
    pub fn check(&self, key: Key, now: Instant) -> Result<Attempt, Throttled> {
        self.begin(vec![key], now)
    }

    fn begin(&self, keys: Vec<Key>, now: Instant) -> Result<Attempt, Throttled> {
        let mut state = self.lock();
        let mut wait = Duration::ZERO;
        for key in &keys {
            // What has never been guessed at needs no place before the guess is let in.
            if state.guesses.get(key).is_none() {
                continue;
            }
            let guesses = state.guesses.entry(key.clone(), || Guesses::none(now));
            let since = now.saturating_duration_since(guesses.last);
            if since >= FORGET_AFTER {
                *guesses = Guesses::none(now);
            } else if matches!(key, Key::Account(_)) && guesses.wait_until <= now {
                let forgotten = since.as_secs() / ACCOUNT_FORGETS_ONE.as_secs();
                guesses.wrong = guesses.wrong.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX));
            }
            wait = wait.max(guesses.wait_until.saturating_duration_since(now));
        }
        if !wait.is_zero() {
            return Err(Throttled { wait });
        }
        let mut before = Vec::with_capacity(keys.len());
        for key in keys {
            let guesses = state.guesses.entry(key.clone(), || Guesses::none(now));
            let free = key.free();
            before.push((key, guesses.wrong));
            guesses.wrong = guesses.wrong.saturating_add(1);
            guesses.last = now;
            guesses.wait_until = now + wait_after(guesses.wrong, free);
        }
        Ok(Attempt { throttle: self.clone(), before, place: None })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The guess was right: what was guessed begins anew. An address only gets this guess back, or an account of one's own would be a
    /// way to guess at others for ever.
    pub fn succeeded(self) {
        let mut state = self.throttle.lock();
        for (key, _) in self.before {
            match key {
                Key::Address(_) | Key::Link(_) | Key::Token(_) => state.give_back(&key),
                Key::Account(_) | Key::NewPlace(..) | Key::KnownPlace(..) | Key::Code(_) | Key::Again(_) => state.guesses.remove(&key),
            }
        }
        if let Some(place) = self.place {
            state.known_places.entry(place, || ());
        }
    }

    /// Nothing was guessed: it was not looked at, for a reason of our own.
    pub fn forgiven(self) {
        let mut state = self.throttle.lock();
        for (key, _) in self.before {
            state.give_back(&key);
        }
    }

    /// Whether the next guess will have to wait: the moment to tell the trail.
    pub fn leads_to_a_wait(&self) -> bool {
        self.before.iter().any(|(key, wrong)| wrong + 1 == key.free())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(address: [u8; 4]) -> Client {
        let settings = super::super::PerimeterSettings::default();
        Client::of(address.into(), &axum::http::HeaderMap::new(), &settings)
    }

    const HOME: [u8; 4] = [192, 0, 2, 1];
    const ELSEWHERE: [u8; 4] = [192, 0, 2, 2];

    #[test]
    fn waits_grow_from_a_second_to_a_minute() {
        let seconds: Vec<_> = (0..=13).map(|wrong| wait_after(wrong, FREE).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait_after(u32::MAX, FREE), LONGEST_WAIT);
    }

    #[test]
    fn the_right_password_works_when_the_wait_is_over() {
        let throttle = Throttle::default();
        let mut now = Instant::now();
        for _ in 0..5 {
            drop(throttle.password("ada", &at(HOME), now).unwrap_or_else(|_| panic!("free")));
        }
        let early = throttle.password("Ada ", &at(HOME), now).err().unwrap();
        assert_eq!(early.seconds(), 1);
        // Early guesses do not prolong it.
        for _ in 0..100 {
            assert!(throttle.password("ada", &at(HOME), now).is_err());
        }
        now += Duration::from_secs(1);
        throttle.password("ada", &at(HOME), now).unwrap_or_else(|_| panic!("over")).succeeded();
        assert!(throttle.password("ada", &at(HOME), now).is_ok());
    }

    #[test]
    fn many_at_once_get_no_further_than_one_after_the_other() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let begun: Vec<_> = (0..100).filter_map(|_| throttle.password("ada", &at(HOME), now).ok()).collect();
        assert_eq!(begun.len(), 5);
    }

    #[test]
    fn guesses_from_elsewhere_do_not_make_the_owner_wait_at_home() {
        let throttle = Throttle::default();
        let now = Instant::now();
        throttle.password("ada", &at(HOME), now).unwrap_or_else(|_| panic!()).succeeded();
        for n in 0..30 {
            drop(throttle.password("ada", &at([203, 0, 113, n]), now));
        }
        assert!(throttle.password("ada", &at(ELSEWHERE), now).is_err(), "a new place waits with everybody");
        assert!(throttle.password("ada", &at(HOME), now).is_ok());
    }

    #[test]
    fn one_who_guesses_all_day_does_not_keep_the_owner_out_of_a_new_place() {
        let throttle = Throttle::default();
        let mut now = Instant::now();
        let end = now + Duration::from_hours(3);
        while now < end {
            // Takes every slot the moment that there is one.
            drop(throttle.password("ada", &at([203, 0, 113, 1]), now));
            now += Duration::from_secs(1);
        }
        assert!(throttle.password("ada", &at([203, 0, 113, 1]), now).is_err());
        throttle.password("ada", &at(ELSEWHERE), now).unwrap_or_else(|_| panic!("the owner is let in")).succeeded();
    }

    #[test]
    fn an_account_of_ones_own_is_no_way_to_guess_at_others() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for n in 0..5 {
            drop(throttle.password(&format!("victim-{n}"), &at(ELSEWHERE), now));
            if let Ok(own) = throttle.password("eve", &at(ELSEWHERE), now) {
                own.succeeded();
            }
        }
        assert!(throttle.password("victim-9", &at(ELSEWHERE), now).is_err());
    }

    #[test]
    fn a_right_guess_takes_back_no_wrong_ones_that_came_meanwhile() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let own = throttle.password("eve", &at(ELSEWHERE), now).unwrap_or_else(|_| panic!("free"));
        for n in 0..4 {
            drop(throttle.password(&format!("victim-{n}"), &at(ELSEWHERE), now));
        }
        own.succeeded();
        drop(throttle.password("victim-5", &at(ELSEWHERE), now).unwrap_or_else(|_| panic!("the fifth wrong one")));
        assert!(throttle.password("victim-6", &at(ELSEWHERE), now).is_err());
    }

    #[test]
    fn guesses_are_forgotten_in_the_end() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let from_home = || Key::Link(IpAddr::from(HOME).into());
        for n in 0..12 {
            drop(throttle.check(from_home(), now + Duration::from_mins(2 * n)));
        }
        let later = now + Duration::from_mins(22);
        assert!(throttle.check(from_home(), later + Duration::from_secs(1)).is_err());
        for _ in 0..5 {
            drop(throttle.check(from_home(), later + FORGET_AFTER).unwrap_or_else(|_| panic!("forgotten")));
        }
    }

    #[test]
    fn what_went_wrong_on_our_side_does_not_count() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..50 {
            throttle.check(Key::Link(IpAddr::from(HOME).into()), now).unwrap_or_else(|_| panic!("forgiven")).forgiven();
        }
    }
}
