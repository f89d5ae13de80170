//! The live feed on the client: the socket, when to try again, and the bounded buffer of rows. Views read the signals of
//! [`Live`] and never touch the socket.

mod backoff;
mod connection;
mod feed;
mod follower;
mod live;
mod socket;

pub use connection::Connection;
pub use feed::{Feed, FeedItem, FeedRow};
pub(crate) use follower::reload;
pub use follower::{ask_now_and_then, follow};
pub(crate) use live::NEWEST_ROWS;
pub use live::{Live, Older};
