//! Rounds among all clients, which several threads go together. Each takes a few clients at a time, so one that gets no processor keeps
//! only those few waiting. There is one round at a time: who comes with newer news helps to end it, and then begins the next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::hub::Mark;

/// Clients that a thread takes at a time.
const AT_A_TIME: usize = 8;

/// A new row waits no longer than this for those that come with it.
const MOST_WAIT: Duration = Duration::from_millis(50);

/// The clock of the runtime knows nothing shorter, and what is short enough would be made long by it.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// The rounds of clients of a kind.
pub(super) struct Rounds<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    /// What there was to tell when the last round began.
    news: Option<Mark>,
    /// The last round, while there are clients that nobody has taken.
    under_way: Option<Arc<Round<T>>>,
    /// News came faster than it could be told: it gathers until then, and others get the processor meanwhile.
    not_before: Option<Instant>,
}

/// The clients that were there when it began. Who came later looks for news before it leaves itself to the crowd.
pub(super) struct Round<T> {
    begun: Instant,
    clients: Vec<T>,
    taken: AtomicUsize,
}

/// What a thread is to do next.
pub(super) enum Turn<T> {
    /// Wait for news.
    Rest,
    /// Ask again then.
    Wait(Instant),
    TakePart(Arc<Round<T>>),
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { news: None, under_way: None, not_before: None }) }
    }
}

impl<T> Round<T> {
    /// The next clients that nobody has taken.
    pub(super) fn next(&self) -> &[T] {
        let first = self.taken.fetch_add(AT_A_TIME, Ordering::Relaxed).min(self.clients.len());
        &self.clients[first..(first + AT_A_TIME).min(self.clients.len())]
    }
}

impl<T> Rounds<T> {
    /// The round under way, or one with what there is to tell by now.
    pub(super) fn turn(&self, now: Instant, news: impl FnOnce() -> Mark, clients: impl FnOnce() -> Vec<T>) -> Turn<T> {
        let mut state = self.state();
        if let Some(under_way) = &state.under_way {
            return Turn::TakePart(under_way.clone());
        }
        // While the rounds are held, so that none follows one with newer news.
        let news = news();
        if state.news == Some(news) {
            return Turn::Rest;
        }
        if let Some(moment) = state.not_before.filter(|moment| now < *moment) {
            return Turn::Wait(moment);
        }
        let round = Arc::new(Round { begun: now, clients: clients(), taken: AtomicUsize::new(0) });
        *state = State { news: Some(news), under_way: Some(round.clone()), not_before: None };
        Turn::TakePart(round)
    }

    /// Ends a round of which every client was taken. Who does so first is told how long it took.
    pub(super) fn end(&self, round: &Arc<Round<T>>, now: Instant, news: impl FnOnce() -> Mark) -> Option<Duration> {
        let mut state = self.state();
        state.under_way.take_if(|under_way| Arc::ptr_eq(under_way, round))?;
        let took = now.saturating_duration_since(round.begun);
        let pause = (took / 4).min(MOST_WAIT);
        if pause >= SHORTEST_WAIT && state.news != Some(news()) {
            state.not_before = Some(now + pause);
        }
        Some(took)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(row: i64) -> Mark {
        Mark { row, runs: 0, clearings: 0 }
    }

    fn turn(rounds: &Rounds<usize>, row: i64, clients: usize) -> Option<Arc<Round<usize>>> {
        match rounds.turn(Instant::now(), || mark(row), || (0..clients).collect()) {
            Turn::TakePart(round) => Some(round),
            Turn::Rest | Turn::Wait(_) => None,
        }
    }

    #[test]
    fn every_client_is_taken_once_by_one_of_the_threads() {
        let rounds = Rounds::default();
        for row in 1..200 {
            let mut taken: Vec<usize> = std::thread::scope(|scope| {
                let go = || {
                    let mut mine = Vec::new();
                    while let Some(round) = turn(&rounds, row, 100) {
                        while let some @ [_, ..] = round.next() {
                            mine.extend(some);
                        }
                        rounds.end(&round, Instant::now(), || mark(row));
                    }
                    mine
                };
                let threads: Vec<_> = (0..3).map(|_| scope.spawn(go)).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            taken.sort_unstable();
            assert_eq!(taken, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn who_has_newer_news_helps_to_end_the_round_and_begins_the_next() {
        let rounds = Rounds::default();
        let first = turn(&rounds, 1, 20).unwrap();
        let same = turn(&rounds, 2, 20).unwrap();
        assert!(Arc::ptr_eq(&first, &same));
        assert_eq!([first.next().len(), same.next().len(), first.next().len(), same.next().len()], [8, 8, 4, 0]);
        assert!(rounds.end(&same, first.begun, || mark(2)).is_some());
        let second = turn(&rounds, 2, 20).unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(rounds.end(&first, first.begun, || mark(2)).is_none(), "it has ended, and the next goes on");
        assert!(Arc::ptr_eq(&second, &turn(&rounds, 2, 20).unwrap()));
        rounds.end(&second, second.begun, || mark(2));
        assert!(turn(&rounds, 2, 20).is_none(), "there is nothing to tell");
    }

    #[test]
    fn news_gathers_after_a_long_round_and_not_after_a_short_one() {
        let (rounds, begun) = (Rounds::default(), Instant::now());
        let at = |millis| begun + Duration::from_millis(millis);
        let begin = |millis, row| match rounds.turn(at(millis), || mark(row), || vec![7]) {
            Turn::TakePart(round) => Ok(round),
            Turn::Wait(until) => Err(Some(until)),
            Turn::Rest => Err(None),
        };
        let long = begin(0, 1).unwrap();
        rounds.end(&long, at(40), || mark(2));
        for _ in 0..2 {
            // Whichever thread asks.
            assert_eq!(begin(49, 2).err(), Some(Some(at(50))));
        }
        let short = begin(50, 2).unwrap();
        rounds.end(&short, at(51), || mark(3));
        let endless = begin(51, 3).unwrap();
        rounds.end(&endless, at(1_000), || mark(4));
        assert_eq!(begin(1_000, 4).err(), Some(Some(at(1_050))), "nobody waits longer than that");
        let long = begin(1_050, 4).unwrap();
        rounds.end(&long, at(1_090), || mark(4));
        assert!(begin(1_090, 4).is_err_and(|until| until.is_none()));
        assert!(begin(1_091, 5).is_ok(), "what comes after a round was not held up by it");
    }
}
