//! Two years of rows: 200 schedules on 50 servers, with the messages that real runs leave. The same every time.

use app::model::{LogStatus, SourceType, Timestamp};

use crate::store::log::NewLogEntry;
use crate::store::{Database, Sql, StoreError};

const SCHEDULES: u64 = 200;
const SERVERS: u64 = 50;

/// 2024-11-01, in milliseconds.
const START: i64 = 1_730_419_200_000;
const SPAN: i64 = 730 * 86_400_000;

pub(super) struct Generator {
    /// `SplitMix64`.
    state: u64,
    n: u64,
    rows: u64,
    pending: Option<NewLogEntry>,
}

impl Generator {
    pub(super) fn new(rows: u64) -> Self {
        Self { state: 20_261_122, n: 0, rows, pending: None }
    }

    pub(super) fn take(&mut self, count: usize) -> Vec<NewLogEntry> {
        (0..count).map(|_| self.next()).collect()
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn next(&mut self) -> NewLogEntry {
        let n = self.n;
        self.n += 1;
        if let Some(end) = self.pending.take() {
            return end;
        }
        let at = START + i64::try_from(u128::from(n) * u128::from(SPAN.unsigned_abs()) / u128::from(self.rows)).unwrap_or(0);
        let schedule = 1 + self.random(SCHEDULES);
        let server = 1 + (schedule - 1) % SERVERS;
        let duration = i64::try_from(5 + self.random(4000)).unwrap_or(5);
        let source_type = if schedule.is_multiple_of(3) { SourceType::Mysql } else { SourceType::Files };
        let name = format!("{source_type} nightly {schedule}");
        let (status, message) = match self.random(1000) {
            0..=4 => (LogStatus::Error, format!("{name}: rsync: write failed on \"/backup/{schedule}\": No space left on device (28)")),
            5..=9 => (LogStatus::Error, format!("{name}: mariadb-dump: Got error: 1045: Access denied for user — exit code 2")),
            10..=29 => (LogStatus::Warning, format!("{name}: some files vanished before they could be transferred — exit code 24")),
            30..=34 => (LogStatus::Connection, format!("server-{server} does not answer: connect: timed out")),
            _ => {
                let (files, bytes) = (self.random(90_000), self.random(80_000));
                (LogStatus::Completed, format!("{name}: completed in {duration} s, {files} files and {bytes} MiB written"))
            }
        };
        let every = |share: u64| self.rows >= share && n % (self.rows / share) < 2;
        let message = match () {
            () if every(4) => format!("{message} (kernel)"),
            () if every(100) => format!("{message} (quota)"),
            () => message,
        };
        let row = |status, message, at, duration_s| NewLogEntry {
            at: Timestamp::from_millis(at),
            status,
            source_type,
            server_id: i64::try_from(server).ok(),
            schedule_id: i64::try_from(schedule).ok(),
            run_id: None,
            point: None,
            duration_s,
            message,
            detail: None,
            exit_code: None,
        };
        self.pending = Some(row(status, message, at + 1, Some(duration)));
        row(LogStatus::Started, format!("{name} started on server-{server}"), at, None)
    }
}

/// The servers and schedules that the rows are about.
pub(super) async fn make_schedules(database: &Database) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    for server in 1..=i64::try_from(SERVERS).unwrap_or(50) {
        let sql = Sql::new(
            "insert into server (name, host, port, username, region, account, created_at) values ($1, '127.0.0.1', 1, 'u', $2, 'shop', 0)",
        );
        tx.execute(sql.bind(format!("server-{server}")).bind(if server % 2 == 0 { "eu" } else { "us" })).await?;
    }
    for schedule in 1..=i64::try_from(SCHEDULES).unwrap_or(200) {
        let sql = Sql::new(
            "insert into schedule (server_id, name, kind, enabled, catch_up, grace_minutes, due_after, created_at) values ($1, $2, 3, 0, 0, 10, 0, 0)",
        );
        tx.execute(sql.bind(1 + (schedule - 1) % 50).bind(format!("nightly {schedule}"))).await?;
    }
    tx.commit().await
}
