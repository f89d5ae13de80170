//! All clients, served by a few threads. Waking a task for each client costs more than speaking to them all: the threads go round together,
//! write to whoever keeps up, and leave the others to their own tasks.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::rounds::{Round, Rounds, Turn};
use super::seat::{Seat, Steps};

/// The clients, in the order in which they came, and the rounds among them.
#[derive(Default)]
pub(super) struct Crowd {
    seats: Mutex<Seats>,
    rounds: Rounds<Arc<Seat>>,
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

/// A client's being in the crowd.
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
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
            while !stop.is_cancelled() {
                match self.rounds.turn(Instant::now(), || hub.progress(), || self.seats().by_number.values().cloned().collect()) {
                    Turn::Rest => break,
                    Turn::Wait(until) => tokio::time::sleep_until(until.into()).await,
                    Turn::TakePart(round) => self.take_part(hub, &round),
                }
            }
        }
    }

    fn take_part(&self, hub: &Hub, round: &Arc<Round<Arc<Seat>>>) {
        let mut steps = Steps::default();
        let mut rows = 0;
        while let some @ [_, ..] = round.next() {
            for seat in some {
                // What breaks for one client breaks for that one alone.
                match catch_unwind(AssertUnwindSafe(|| seat.tell(hub, &mut steps))) {
                    Ok(told) => rows += told,
                    Err(_) => seat.leave_to_its_task(),
                }
            }
        }
        hub.tally().note_rows(rows);
        if let Some(took) = self.rounds.end(round, Instant::now(), || hub.progress()) {
            hub.tally().note_round(took);
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
