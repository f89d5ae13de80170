//! The live stream: one hub that follows the trail, a crowd of clients that are told what is new, and for each client a task that looks
//! after what cannot be done in passing.

mod audience;
mod boards;
mod connection;
mod crowd;
mod elsewhere;
mod ending;
mod follower;
mod history;
mod hub;
mod line;
mod ring;
mod rounds;
mod run_states;
mod seat;
mod tally;
mod upgrade;
mod wire;

pub use boards::Boards;
pub use connection::{Standing, StreamRequest, serve};
pub use crowd::Clients;
pub use hub::Hub;
pub use tally::{Figures, Tally};
pub use upgrade::{NotUpgraded, upgrade, upgraded};
