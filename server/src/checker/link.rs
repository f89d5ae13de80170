//! The way to a server: up, down or unknown, and when the trail speaks of it.

use app::model::{Link, LinkState, Server, Timestamp};

use crate::audit::LogRow;
use crate::store::servers::LinkRecord;
use crate::words::duration_words;

/// While a server stays down, the trail repeats itself this often.
const REMIND_AFTER_MS: i64 = 6 * 3_600_000;

/// What a visit found out about the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reached {
    Yes,
    No { cause: String },
}

/// The link after a visit, and the row that tells of it where there is something to tell.
pub(super) fn after_visit(server: &Server, before: &LinkRecord, reached: &Reached, now: Timestamp) -> (LinkRecord, Option<LogRow>) {
    use app::model::LogStatus::{Connection, Info};
    use app::model::SourceType::System;
    let was = before.link.state;
    let row = |status, message: String| Some(LogRow::new(status, System, message).server(server.id));
    match reached {
        Reached::Yes => {
            let since = if was == LinkState::Up { before.link.since } else { Some(now) };
            let told = (was == LinkState::Down).then(|| {
                let away = before.link.since.map(|since| now.millis_since(since) / 1000);
                let how_long = away.map(|seconds| format!(" after {}", duration_words(seconds))).unwrap_or_default();
                row(Info, format!("{} is reachable again{how_long}", server.name))
            });
            let link = Link { state: LinkState::Up, since, checked_at: Some(now), error: None };
            (LinkRecord { link, told_at: None }, told.flatten())
        }
        Reached::No { cause } => {
            let since = if was == LinkState::Down { before.link.since } else { Some(now) };
            let silent = was == LinkState::Down && before.told_at.is_some_and(|told| now.millis_since(told) < REMIND_AFTER_MS);
            let told = (!silent).then(|| match (was, before.link.since) {
                (LinkState::Down, Some(since)) => row(
                    Connection,
                    format!("{} has been unreachable for {}: {cause}", server.name, duration_words(now.millis_since(since) / 1000)),
                ),
                _ => row(Connection, format!("{} cannot be reached: {cause}", server.name)),
            });
            let link = Link { state: LinkState::Down, since, checked_at: Some(now), error: Some(cause.clone()) };
            (LinkRecord { link, told_at: if silent { before.told_at } else { Some(now) } }, told.flatten())
        }
    }
}

/// A clock that is off by this much makes times on the server misleading.
const SKEW_TOLD_S: i64 = 60;

/// Smaller changes are the time that the question took.
const SKEW_NOISE_S: i64 = 2;

/// The row that tells of a clock that has gone wrong or right, and whether the new skew is worth writing down.
pub(super) fn after_clock(server: &Server, skew_s: i64) -> (bool, Option<LogRow>) {
    use app::model::LogStatus::{Info, Warning};
    use app::model::SourceType::System;
    let was_wrong = server.clock_skew_s.is_some_and(|before| before.abs() >= SKEW_TOLD_S);
    let is_wrong = skew_s.abs() >= SKEW_TOLD_S;
    let row = |status, message: String| Some(LogRow::new(status, System, message).server(server.id));
    let told = match (was_wrong, is_wrong) {
        (false, true) => {
            let way = if skew_s > 0 { "ahead of" } else { "behind" };
            row(Warning, format!("the clock of {} is {} {way} the panel's", server.name, duration_words((skew_s.abs() + 30) / 60 * 60)))
        }
        (true, false) => row(Info, format!("the clock of {} agrees with the panel's again", server.name)),
        _ => None,
    };
    let is_news = told.is_some() || server.clock_skew_s.is_none_or(|before| (before - skew_s).abs() > SKEW_NOISE_S);
    (is_news, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        let link = Link { state: LinkState::Unknown, since: None, checked_at: None, error: None };
        Server {
            id: 1,
            name: "web-1".to_owned(),
            host: "h".to_owned(),
            port: 22,
            user: "u".to_owned(),
            region: None,
            account: None,
            host_key: None,
            link,
            clock_skew_s: None,
        }
    }

    #[test]
    fn an_outage_is_told_once_then_every_six_hours_then_its_end() {
        let no = Reached::No { cause: "connection refused".to_owned() };
        let hour = |n: i64| Timestamp::from_millis(1_795_312_800_000 + n * 3_600_000);
        let mut record = LinkRecord { link: server().link, told_at: None };
        let mut told = Vec::new();
        for n in 0..=13 {
            let reached = if n == 13 { Reached::Yes } else { no.clone() };
            let (next, row) = after_visit(&server(), &record, &reached, hour(n));
            record = next;
            told.extend(row.map(|_| n));
        }
        assert_eq!(told, [0, 6, 12, 13]);
        assert_eq!((record.link.state, record.link.since), (LinkState::Up, Some(hour(13))));
    }

    #[test]
    fn a_server_that_answers_at_first_contact_is_no_news() {
        let (record, row) =
            after_visit(&server(), &LinkRecord { link: server().link, told_at: None }, &Reached::Yes, Timestamp::from_millis(5));
        assert!(row.is_none());
        assert_eq!(record.link.since, Some(Timestamp::from_millis(5)));
    }

    #[test]
    fn a_wrong_clock_is_told_once_and_so_is_its_repair() {
        let mut server = server();
        let mut told = Vec::new();
        for skew in [1, 0, 400, 401, 390, -3, -90] {
            let (is_news, row) = after_clock(&server, skew);
            if is_news {
                server.clock_skew_s = Some(skew);
            }
            told.extend(row.map(|_| skew));
        }
        assert_eq!(told, [400, -3, -90]);
    }
}
