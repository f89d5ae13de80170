//! The live feed on the client: the socket, when to try again, and the bounded buffer of rows. Views read the signals of
//! [`Live`] and never touch the socket.

mod backoff;
mod connection;
mod feed;
mod live;
mod socket;

pub use connection::Connection;
pub use feed::{Feed, FeedItem, FeedRow};
pub use live::{Live, Older, follow};
pub(crate) use live::{NEWEST_ROWS, reload};
