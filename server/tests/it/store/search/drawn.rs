//! Rows, filters and scopes at random.

use app::model::{LogFilter, LogStatus, RunId, Scope, SourceType, TimeBound, Timestamp, WordQuery, Zone};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use server::store::log::NewLogEntry;
use strum::VariantArray as _;

/// Where each server is, and whose.
pub const PLACES: [(Option<&str>, Option<&str>); 5] =
    [(Some("eu"), Some("shop")), (Some("eu"), None), (Some("us east"), Some("shop")), (None, None), (Some("asia"), Some("ops"))];
const SERVERS: i64 = 5;
const SCHEDULES: i64 = 7;

/// A few words, so that phrases come up; some that engines would cut in their own ways.
const WORDS: [&str; 16] = [
    "disk",
    "full",
    "rsync",
    "code",
    "23",
    "db-1",
    "/srv/www",
    "ÜBUNG",
    "übung",
    "e5",
    "1e5",
    "0x1F",
    "don't",
    "a.b@c.example",
    "İstanbul",
    "日本",
];

fn messages() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..6).prop_map(|words| words.join(" "))
}

/// From the days before the clocks are turned in spring to those after autumn, now and then out of order.
fn moments() -> impl Strategy<Value = Timestamp> {
    let spring = "2026-03-27T00:00:00Z".parse::<Timestamp>().unwrap().millis();
    let days = prop_oneof![4 => 0_i64..5, 1 => 5_i64..240];
    (days, 0_i64..86_400_000).prop_map(move |(day, rest)| Timestamp::from_millis(spring + day * 86_400_000 + rest))
}

fn runs() -> impl Strategy<Value = RunId> {
    proptest::sample::select(&["01KAMZ3V7S9B3J1Q6Y1C2D3E4F", "01KAMZ3V7S9B3J1Q6Y1C2D3E4G"][..]).prop_map(|id| id.parse().unwrap())
}

prop_compose! {
    pub fn rows()(
        at in moments(),
        status in proptest::sample::select(LogStatus::VARIANTS),
        source_type in proptest::sample::select(&SourceType::VARIANTS[..3]),
        server in proptest::option::of(1..=SERVERS),
        schedule in proptest::option::of(1..=SCHEDULES),
        run_id in proptest::option::weighted(0.2, runs()),
        message in messages(),
    ) -> NewLogEntry {
        NewLogEntry {
            at, status, source_type, server_id: server, schedule_id: schedule.filter(|_| server.is_some()), run_id, point: None,
            duration_s: None, message, detail: None, exit_code: None,
        }
    }
}

fn queries() -> impl Strategy<Value = WordQuery> {
    let word = proptest::sample::select(&WORDS[..]);
    let term = (word.clone(), word, 0..5, any::<bool>(), any::<bool>()).prop_map(|(a, b, kind, excluded, open)| {
        let shown = match kind {
            0 => format!("\"{a} {b}\""),
            1 => a.chars().take(1).filter(|c| c.is_alphanumeric()).chain("d".chars()).take(1).collect(),
            _ => a.to_owned(),
        };
        format!("{}{shown}{}", if excluded { "-" } else { "" }, if open || kind == 1 { "*" } else { "" })
    });
    proptest::collection::vec(term, 0..3).prop_map(|terms| terms.join(" ").parse().unwrap())
}

fn bounds() -> impl Strategy<Value = Option<TimeBound>> {
    prop_oneof![
        2 => Just(None),
        1 => moments().prop_map(|at| Some(TimeBound::Moment(at))),
        1 => moments().prop_map(|at| Some(TimeBound::Day(Zone::utc().local(at).date()))),
    ]
}

prop_compose! {
    pub fn filters()(
        bounds in (bounds(), bounds()),
        status in proptest::sample::subsequence(LogStatus::VARIANTS, 0..4),
        source_type in proptest::sample::subsequence(&SourceType::VARIANTS[..3], 0..2),
        server in proptest::sample::subsequence((1..=SERVERS).collect::<Vec<_>>(), 0..3),
        schedule in prop_oneof![2 => Just(vec![]), 1 => proptest::sample::subsequence((1..=SCHEDULES).collect::<Vec<_>>(), 1..3)],
        region in prop_oneof![3 => Just(vec![]), 1 => Just(vec!["eu".to_owned()]), 1 => Just(vec!["eu".to_owned(), "us east".to_owned()])],
        account in prop_oneof![3 => Just(vec![]), 1 => Just(vec!["shop".to_owned()])],
        run in proptest::option::weighted(0.1, runs()),
        q in prop_oneof![1 => Just(WordQuery::default()), 1 => queries()],
    ) -> LogFilter {
        let (from, to) = bounds;
        LogFilter { from, to, status, source_type, server, schedule, region, account, run, q }
    }
}

pub fn scopes() -> impl Strategy<Value = Scope> {
    let servers = proptest::sample::subsequence((1..=SERVERS).collect::<Vec<_>>(), 0..4);
    prop_oneof![3 => Just(Scope::All), 1 => servers.prop_map(Scope::Servers)]
}

pub fn draw<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

pub fn rows_of_the_panel() -> impl Strategy<Value = NewLogEntry> {
    rows().prop_map(|row| NewLogEntry { schedule_id: None, ..row })
}
