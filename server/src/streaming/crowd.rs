//! Many clients served by one thread. Waking a task for each of them costs more than speaking to them all: the crowd goes round, writes
//! to whoever keeps up, and leaves the others to their own tasks.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::seat::{Seat, Steps};

/// Clients that are looked up at a time; others may join and leave in between.
const AT_A_TIME: usize = 64;

/// A new row waits no longer than this for those that come with it.
const MOST_WAIT: Duration = Duration::from_millis(50);

/// The clock of the runtime knows nothing shorter, and what is short enough would be made long by it.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The clients, in the order in which they came.
#[derive(Default)]
pub(super) struct Crowd {
    seats: Mutex<Seats>,
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

    pub(super) fn len(&self) -> usize {
        self.seats().by_number.len()
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

    /// Goes round whenever there is something new, until told to stop.
    pub(super) async fn serve(&self, hub: &Hub, stop: CancellationToken) {
        let mut news = hub.watch();
        news.mark_changed();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
            let begun = Instant::now();
            news.borrow_and_update();
            let rows = self.go_round(hub);
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

    /// Gives how many rows went out.
    fn go_round(&self, hub: &Hub) -> u64 {
        let mut rows = 0;
        let mut steps = Steps::default();
        let mut after = Bound::Unbounded;
        loop {
            let (some, last) = self.some_after(after);
            let Some(last) = last else { return rows };
            for seat in some {
                rows += seat.tell(hub, &mut steps);
            }
            after = Bound::Excluded(last);
        }
    }

    fn some_after(&self, after: Bound<u64>) -> (Vec<Arc<Seat>>, Option<u64>) {
        let seats = self.seats();
        let some = || seats.by_number.range((after, Bound::Unbounded)).take(AT_A_TIME);
        (some().map(|(_, seat)| seat.clone()).collect(), some().last().map(|(number, _)| *number))
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
