//! Schedules: how each stands, what it does, when it is due. Documents.

mod detail;
mod edit;
mod fields;
mod list;
mod rehearsal;
mod remove;
mod strip;

pub use self::detail::{ScheduleView, detail};
pub use self::edit::{Checked, EditView, edit, label_of};
pub use self::fields::ScheduleForm;
pub use self::list::list;
pub use self::rehearsal::{Rehearsed, rehearsal};
pub use self::remove::remove;
