//! All clients, served by a few threads. Waking a task for each client costs more than speaking to them all: the threads go round together,
//! write to whoever keeps up, and leave the others to their own tasks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::hub::{Hub, Mark};
use super::seat::{Seat, Steps};

/// Clients that a thread takes at a time. Few, so that one which gets no processor holds up nobody: the others take what it does not.
const AT_A_TIME: usize = 8;

/// A new row waits no longer than this for those that come with it.
const MOST_WAIT: Duration = Duration::from_millis(50);

/// The clock of the runtime knows nothing shorter, and what is short enough would be made long by it.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The clients, in the order in which they came.
#[derive(Default)]
pub(super) struct Crowd {
    seats: Mutex<Seats>,
    rounds: Mutex<Rounds>,
}

/// Of each news there is one round.
#[derive(Default)]
struct Rounds {
    newest: Option<Mark>,
    under_way: Option<Arc<Round>>,
}

/// The clients that were there when it began. Who came later looks for news before it leaves itself to the crowd.
struct Round {
    seats: Vec<Arc<Seat>>,
    taken: AtomicUsize,
}

impl Round {
    /// The next clients that nobody has taken.
    fn next(&self) -> &[Arc<Seat>] {
        let first = self.taken.fetch_add(AT_A_TIME, Ordering::Relaxed).min(self.seats.len());
        &self.seats[first..(first + AT_A_TIME).min(self.seats.len())]
    }
}

#[derive(Default)]
struct Seats {
    next: u64,
    by_number: BTreeMap<u64, Arc<Seat>>,
}

/// How clients are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clients {
    pub all: u64,
    /// Of these, those that have yet to be told of the newest rows.
    pub behind: u64,
    /// Rows that the one furthest behind has yet to be told of; not all of them need be for it.
    pub lag_rows: u64,
    /// Sent to them and not taken yet.
    pub waiting_bytes: u64,
}

/// A client's being in a crowd.
pub(super) struct Member {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.seats().by_number.remove(&self.number);
    }
}

impl Crowd {
    /// Lets a client in, until what this gives is dropped.
    pub(super) fn join(self: &Arc<Self>, seat: Arc<Seat>) -> Member {
        let mut seats = self.seats();
        let number = seats.next;
        seats.next += 1;
        seats.by_number.insert(number, seat);
        Member { crowd: self.clone(), number }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats().by_number.is_empty()
    }

    /// How its clients are, of whom each should have been told of the rows up to `head`.
    pub(super) fn clients(&self, head: i64) -> Clients {
        let seats: Vec<_> = self.seats().by_number.values().cloned().collect();
        let mut clients = Clients { all: seats.len() as u64, ..Clients::default() };
        for place in seats.iter().map(|seat| seat.place()) {
            let lag = u64::try_from(head - place.mark.row).unwrap_or(0);
            clients.behind += u64::from(lag > 0);
            clients.lag_rows = clients.lag_rows.max(lag);
            clients.waiting_bytes += place.outgoing.bytes();
        }
        clients
    }

    /// Goes round whenever there is something new, until told to stop: the work of one thread of several.
    pub(super) async fn serve(&self, hub: &Hub, stop: CancellationToken) {
        let mut news = hub.watch();
        news.mark_changed();
        // A round may have broken off.
        *self.rounds() = Rounds::default();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
            let begun = Instant::now();
            news.borrow_and_update();
            let Some(rows) = self.go_round(hub) else { continue };
            let took = begun.elapsed();
            hub.tally().note_round(rows, took);
            if news.has_changed().unwrap_or(false) {
                // News comes faster than it can be told: it gathers, and others get the processor meanwhile.
                let pause = (took / 4).min(MOST_WAIT);
                if pause >= SHORTEST_SLEEP {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Takes part in the round of the newest news; gives how many rows went out, or `None` if others have gone it already.
    fn go_round(&self, hub: &Hub) -> Option<u64> {
        let round = self.newest_round(hub)?;
        let mut rows = 0;
        let mut steps = Steps::default();
        loop {
            let some = round.next();
            if some.is_empty() {
                break;
            }
            rows += some.iter().map(|seat| seat.tell(hub, &mut steps)).sum::<u64>();
        }
        // Nothing is kept of clients that go.
        self.rounds().under_way.take_if(|under_way| Arc::ptr_eq(under_way, &round));
        Some(rows)
    }

    fn newest_round(&self, hub: &Hub) -> Option<Arc<Round>> {
        let mut rounds = self.rounds();
        // While they are held, so that no round follows a newer one.
        let news = Some(hub.progress());
        if rounds.newest != news {
            let seats = self.seats().by_number.values().cloned().collect();
            *rounds = Rounds { newest: news, under_way: Some(Arc::new(Round { seats, taken: AtomicUsize::new(0) })) };
        }
        rounds.under_way.clone()
    }

    fn rounds(&self) -> MutexGuard<'_, Rounds> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
