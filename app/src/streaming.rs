//! The live feed on the client: the socket, when to try again, and the bounded buffer of rows. Views read the signals of
//! [`Live`] and never touch the socket.

mod absence;
mod attempts;
mod backoff;
mod connection;
mod deadline;
mod drawing;
mod feed;
mod follower;
mod live;
mod now_and_then;
mod reloading;
mod rereading;
mod rhythm;
mod session;
mod socket;
mod unseen;

pub use connection::Connection;
pub(crate) use deadline::in_time;
pub use feed::{Feed, FeedItem, FeedRow};
pub use follower::follow;
pub(crate) use live::NEWEST_ROWS;
pub use live::{Live, Older};
pub use now_and_then::ask_now_and_then;
pub(crate) use reloading::reload;
