//! An entry of the trail on its way out of the database: its columns, packed as a list, and what becomes of one that was damaged.

use app::model::{LogEntry, LogStatus, Named, Place, SourceType, Timestamp};
use serde::Deserialize;

use super::engine::Dialect;
use super::packed::{Salvage, packed};
use super::{Row, StoreError};

/// Entries by ids that stand between this and the next text.
pub(super) const ENTRIES: &str = "select l.id, l.at, l.status, l.source_type, l.server_id, s.name as server_name, s.region, s.account, \
     l.schedule_id, p.name as schedule_name, l.run_id, l.point, l.duration_s, l.message, \
     case when l.detail is null then 0 else 1 end as has_detail, l.year, l.month, l.day from (";

pub(super) const OF_IDS: &str =
    " log_entry l on l.id = k.id left join server s on s.id = l.server_id left join schedule p on p.id = l.schedule_id order by l.id";

/// An entry as it is packed: a list, in this order.
#[derive(Deserialize)]
pub(super) struct Packed {
    id: i64,
    at: i64,
    status: i64,
    source_type: i64,
    server_id: Option<i64>,
    server_name: Option<String>,
    region: Option<String>,
    account: Option<String>,
    schedule_id: Option<i64>,
    schedule_name: Option<String>,
    run_id: Option<String>,
    point: Option<String>,
    duration_s: Option<i64>,
    message: String,
    has_detail: u8,
    year: i64,
    month: i64,
    day: i64,
}

impl Salvage for Packed {
    fn salvage(row: &Row) -> Result<Self, StoreError> {
        let (int, text) = (|column| row.salvaged_int(column), |column| row.salvaged_text(column));
        let is_number = |column: &&str| row.get::<Option<i64>>(column).is_ok();
        let is_whole = ["at", "server_id", "schedule_id", "duration_s", "year", "month", "day"].iter().all(is_number);
        let message = match row.get::<String>("message") {
            Ok(message) if is_whole => message,
            _ => format!("Damaged row: not all of it can be read. It says: {}", text("message").unwrap_or_default()),
        };
        Ok(Self {
            id: row.int("id")?,
            at: int("at").unwrap_or_default(),
            status: int("status").unwrap_or(UNREADABLE),
            source_type: int("source_type").unwrap_or(UNREADABLE),
            server_id: int("server_id"),
            server_name: text("server_name"),
            region: text("region"),
            account: text("account"),
            schedule_id: int("schedule_id"),
            schedule_name: text("schedule_name"),
            run_id: text("run_id"),
            point: text("point"),
            duration_s: int("duration_s"),
            message,
            has_detail: u8::from(int("has_detail") == Some(1)),
            year: int("year").unwrap_or_default(),
            month: int("month").unwrap_or_default(),
            day: int("day").unwrap_or_default(),
        })
    }
}

/// No status and no type has this number.
const UNREADABLE: i64 = -1;

/// A row with where its server is.
pub struct PlacedEntry {
    pub entry: LogEntry,
    pub place: Place,
}

/// What packs the columns of [`ENTRIES`] as [`Packed`] has them.
pub(super) fn packed_entries(dialect: Dialect) -> &'static str {
    packed!(
        dialect,
        "id, at, status, source_type, server_id, server_name, region, account, schedule_id, schedule_name, run_id, point, duration_s, \
         message, has_detail, year, month, day"
    )
}

/// An entry as it was stored, or as much as can be read of one that was damaged since.
pub(super) fn placed(row: Packed) -> PlacedEntry {
    let status = u8::try_from(row.status).ok().and_then(LogStatus::from_repr);
    let source_type = u8::try_from(row.source_type).ok().and_then(SourceType::from_repr);
    let message = match (status, source_type) {
        (Some(_), Some(_)) => row.message,
        (None, _) => format!("Damaged row: no row has status {}. It says: {}", row.status, row.message),
        (_, None) => format!("Damaged row: no row has type {}. It says: {}", row.source_type, row.message),
    };
    let entry = LogEntry {
        id: row.id,
        at: Timestamp::from_millis(row.at),
        status: known(row.status),
        source_type: source_type.unwrap_or(SourceType::System),
        server: named(row.server_id, row.server_name),
        schedule: named(row.schedule_id, row.schedule_name),
        run_id: row.run_id.and_then(|id| id.parse().ok()),
        point: row.point,
        duration_s: row.duration_s,
        message,
        has_detail: row.has_detail != 0,
        year: i32::try_from(row.year).unwrap_or_default(),
        month: u32::try_from(row.month).unwrap_or_default(),
        day: u32::try_from(row.day).unwrap_or_default(),
    };
    PlacedEntry { entry, place: Place { region: row.region, account: row.account } }
}

/// A status as it is stored. One that no row has was put there by somebody else: `verify` says so, and the rest can still be read.
pub(super) fn known(status: i64) -> LogStatus {
    u8::try_from(status).ok().and_then(LogStatus::from_repr).unwrap_or(LogStatus::Error)
}

fn named(id: Option<i64>, name: Option<String>) -> Option<Named> {
    id.map(|id| Named { id, name: name.unwrap_or_else(|| nameless(id)) })
}

/// What stands for a name. Those of removed servers and schedules are kept; an id without one can only come from a damaged database.
pub fn nameless(id: i64) -> String {
    format!("#{id}")
}
