//! Dates of filters where clocks are turned: rows at every half hour around both changes of a year, on clocks that are turned by an hour,
//! by half of one, at midnight, back to midnight, or never.

use app::model::{LogFilter, LogStatus, Scope, SourceType, TimeBound, Timestamp};
use chrono::NaiveDate;
use rstest::rstest;
use server::export::Format;
use server::store::log::NewLogEntry;
use strum::VariantArray as _;

use super::world::World;
use crate::support::engine::{Engine, TestDatabase};

const HALF_HOUR: i64 = 1_800_000;

/// Half hours in UTC, from long before a day begins anywhere until long after it has ended everywhere.
fn half_hours(day: NaiveDate) -> impl Iterator<Item = Timestamp> {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
    (-72..120).map(move |n| Timestamp::from_millis(midnight + n * HALF_HOUR))
}

/// The first and the last moment of each half hour.
fn rows(day: NaiveDate) -> Vec<NewLogEntry> {
    let moments = half_hours(day).flat_map(|at| [at, at.plus_millis(HALF_HOUR - 1)]);
    let row = |(n, at): (usize, Timestamp)| NewLogEntry {
        at,
        status: LogStatus::VARIANTS[n % LogStatus::VARIANTS.len()],
        source_type: SourceType::Files,
        server_id: None,
        schedule_id: None,
        run_id: None,
        point: None,
        duration_s: None,
        message: format!("written at {at}"),
        detail: None,
        exit_code: None,
    };
    moments.enumerate().map(row).collect()
}

fn dated(from: Option<TimeBound>, to: Option<TimeBound>) -> LogFilter {
    LogFilter { from, to, ..LogFilter::default() }
}

/// Every range between whole days around one, those without an end and those that run backwards too.
fn ranges(day: NaiveDate) -> Vec<LogFilter> {
    let days = [day.pred_opt().unwrap(), day, day.succ_opt().unwrap()].map(TimeBound::Day).map(Some);
    let bounds = || days.into_iter().chain([None]);
    bounds().flat_map(|from| bounds().map(move |to| dated(from, to))).collect()
}

#[rstest]
#[case::by_an_hour("Europe/Berlin", [("2026-03-29", 46), ("2026-10-25", 50)])]
#[case::by_half_an_hour("Australia/Lord_Howe", [("2026-04-05", 49), ("2026-10-04", 47)])]
#[case::half_an_hour_off("America/St_Johns", [("2026-03-08", 46), ("2026-11-01", 50)])]
#[case::at_midnight("Africa/Cairo", [("2026-04-24", 46), ("2026-10-29", 50)])]
#[case::to_midnight("America/Havana", [("2026-03-08", 46), ("2026-11-01", 50)])]
#[case::never("Asia/Kolkata", [("2026-03-29", 48), ("2026-10-25", 48)])]
#[tokio::test(flavor = "multi_thread")]
async fn days_are_whole_however_clocks_are_turned(
    #[case] zone: &str,
    #[case] days: [(&str, usize); 2],
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDatabase::new(engine);
    let mut world = World::new(&test, zone).await;
    let days = days.map(|(day, half_hours)| (day.parse::<NaiveDate>().unwrap(), half_hours));
    // The rows of the second change are not indexed at first.
    world.append(&rows(days[0].0)).await;
    world.index().await;
    world.append(&rows(days[1].0)).await;
    for (day, half_hours_of_day) in days {
        let day_alone = dated(Some(TimeBound::Day(day)), Some(TimeBound::Day(day)));
        assert_eq!(world.count(&day_alone), 2 * half_hours_of_day, "a day of {zone} has so many half hours");
        for filter in ranges(day) {
            world.compare(&Scope::All, &filter, 300).await;
        }
        world.compare_leaving(&Scope::All, &day_alone, Format::Csv).await;
    }
    world.index().await;
    for (day, _) in days {
        for filter in ranges(day) {
            world.compare(&Scope::All, &filter, 100).await;
            world.compare_leaving(&Scope::All, &filter, Format::Ndjson).await;
        }
        // From a moment of the day to its end, from its beginning to a moment, and for an hour.
        for (n, at) in half_hours(day).filter(|at| world.local(*at).date_naive() == day).enumerate() {
            let [at, later] = [at, at.plus_millis(2 * HALF_HOUR)].map(TimeBound::Moment).map(Some);
            let day = Some(TimeBound::Day(day));
            let filter = [dated(at, day), dated(day, at), dated(at, later)][n % 3].clone();
            world.compare(&Scope::All, &filter, 100).await;
        }
    }
    world.stop().await;
}
