//! Who may reach what: each route's need is written down once, and asked before anything of the request is read. Services ask
//! again, with the object in hand: which servers' objects somebody may see is theirs to decide.

mod gate;
mod needs;

pub use gate::require_need;
pub use needs::{NEEDS, Need, need_of};
