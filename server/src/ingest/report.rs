//! One report about a run, as it is sent and as it is read: everything that is wrong with one is told at once, field by field.

use app::model::{FieldError, RunId, SourceType, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::Display;
use utoipa::ToSchema;

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Event {
    /// A run has begun.
    Start,
    /// It goes on.
    Progress,
    /// It has printed something.
    Log,
    /// It has ended.
    Finish,
}

/// A report about a run of a reported schedule.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub schedule: i64,
    pub event: Event,
    /// A ULID that the sender chose: the same report again changes nothing. Absent = a new run, or the one that is going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When it happened; absent = now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What the run backs up, where the schedule does not say.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,
    /// Of a finish: the exit code of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Of a progress or a finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
    /// One line. Of a progress: the last line of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the run has printed; the last 256 KiB are kept. Of a finish: the end of its log, in place of what was sent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many bytes the run had printed before this `detail`: a piece that comes again is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
}

/// Figures of a run. Those in the first group belong to a progress, the others to a finish.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stats {
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// Bytes per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_bps: Option<i64>,
    /// Seconds to the expected end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<i64>,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_done: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_written: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_done: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_written: Option<i64>,
    /// The name of what the run produced on storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// How long it took; says when it began, where no start was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<i64>,
}

/// Unix codes and the 32 bits of Windows.
const EXIT_CODES: std::ops::RangeInclusive<i64> = -0x8000_0000..=0xffff_ffff;

/// Ten years.
const LONGEST_SECONDS: i64 = 3660 * 86_400;

impl Report {
    /// A report with nothing but what every report has.
    pub fn new(schedule: i64, event: Event) -> Self {
        Self {
            schedule,
            event,
            run: None,
            at: None,
            source_type: None,
            exit_code: None,
            stats: None,
            message: None,
            detail: None,
            offset: None,
        }
    }

    /// Reads a report.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<FieldError>> {
        let body: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|cause| vec![FieldError::new("body", format!("expected a JSON object: {cause}"))])?;
        let mut fields = Fields { prefix: "", values: body, problems: Vec::new() };
        let schedule = fields.take("schedule");
        let event = fields.take("event");
        let stats = fields.take("stats").map(|values| fields.within("stats.", values, Stats::take));
        let report = Self {
            // Both are asked for below; nothing is made of these.
            schedule: schedule.unwrap_or_default(),
            event: event.unwrap_or(Event::Log),
            run: fields.take("run"),
            at: fields.take("at"),
            source_type: fields.take("type"),
            exit_code: fields.take("exit_code"),
            stats,
            message: fields.take("message"),
            detail: fields.take("detail"),
            offset: fields.take("offset"),
        };
        fields.require("schedule", schedule.is_some());
        fields.require("event", event.is_some());
        let mut problems = fields.end();
        if event.is_some() {
            report.check(&mut problems);
        }
        if problems.is_empty() { Ok(report) } else { Err(problems) }
    }

    /// What does not go together.
    fn check(&self, problems: &mut Vec<FieldError>) {
        let event = self.event;
        let mut refuse = |field: &str, wrong: bool, reason: &str| {
            if wrong && problems.iter().all(|problem| problem.field != field) {
                problems.push(FieldError::new(field, reason));
            }
        };
        refuse("type", self.source_type == Some(SourceType::System), "expected a kind of data; SYSTEM is the panel itself");
        refuse("exit_code", self.exit_code.is_some() && event != Event::Finish, "only a finish has one");
        refuse("exit_code", self.exit_code.is_some_and(|code| !EXIT_CODES.contains(&code)), "expected the exit code of a process");
        refuse("stats", self.stats.is_some() && !matches!(event, Event::Progress | Event::Finish), "only progress and finish have figures");
        refuse("detail", self.detail.is_none() && event == Event::Log, "a log needs it");
        refuse("offset", self.offset.is_some() && event != Event::Log, "only a log has it");
        refuse("offset", self.offset.is_some_and(|offset| offset < 0), "expected a number of bytes");
        if let Some(stats) = &self.stats {
            stats.check(event, problems);
        }
    }
}

impl Stats {
    fn take(fields: &mut Fields) -> Self {
        Self {
            percent: fields.take("percent"),
            bytes: fields.take("bytes"),
            speed_bps: fields.take("speed_bps"),
            eta_s: fields.take("eta_s"),
            bytes_done: fields.take("bytes_done"),
            bytes_total: fields.take("bytes_total"),
            bytes_written: fields.take("bytes_written"),
            files_done: fields.take("files_done"),
            files_total: fields.take("files_total"),
            files_written: fields.take("files_written"),
            point: fields.take("point"),
            duration_s: fields.take("duration_s"),
        }
    }

    fn check(&self, event: Event, problems: &mut Vec<FieldError>) {
        let percent = self.percent.map(|percent| if (0.0..=100.0).contains(&percent) { 0 } else { -1 });
        let of_progress = [("percent", percent), ("bytes", self.bytes), ("speed_bps", self.speed_bps), ("eta_s", self.eta_s)];
        let of_finish = [
            ("bytes_done", self.bytes_done),
            ("bytes_total", self.bytes_total),
            ("bytes_written", self.bytes_written),
            ("files_done", self.files_done),
            ("files_total", self.files_total),
            ("files_written", self.files_written),
            ("duration_s", self.duration_s),
        ];
        let mut tell = |field: &str, reason: &str| problems.push(FieldError::new(format!("stats.{field}"), reason));
        for (group, figures) in [(Event::Progress, &of_progress[..]), (Event::Finish, &of_finish[..])] {
            for (field, figure) in figures.iter().filter_map(|(field, figure)| figure.map(|figure| (*field, figure))) {
                if event != group {
                    tell(field, if group == Event::Finish { "only a finish has it" } else { "only a progress has it" });
                } else if field == "percent" && figure < 0 {
                    tell(field, "expected 0 to 100");
                } else if figure < 0 || (field == "duration_s" && figure > LONGEST_SECONDS) {
                    tell(field, "expected a number that is not negative, and possible");
                }
            }
        }
        match &self.point {
            Some(_) if event != Event::Finish => tell("point", "only a finish has it"),
            Some(name) if name.trim().is_empty() || name.len() > 255 || name.chars().any(char::is_control) => {
                tell("point", "expected a name of at most 255 bytes");
            }
            _ => {}
        }
    }
}

/// The fields of an object, taken one by one; what is wrong is gathered.
struct Fields {
    prefix: &'static str,
    values: Map<String, Value>,
    problems: Vec<FieldError>,
}

impl Fields {
    /// A field that may be absent or `null`.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.values.remove(name).filter(|value| !value.is_null())?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(cause) => {
                self.tell(name, cause.to_string());
                None
            }
        }
    }

    fn require(&mut self, name: &str, there: bool) {
        let told = self.problems.iter().any(|problem| problem.field == name);
        if !there && !told {
            self.tell(name, "is missing");
        }
    }

    fn within<T>(&mut self, prefix: &'static str, values: Map<String, Value>, take: impl FnOnce(&mut Self) -> T) -> T {
        let mut inner = Self { prefix, values, problems: Vec::new() };
        let taken = take(&mut inner);
        self.problems.extend(inner.end());
        taken
    }

    /// Everything that was wrong; what nobody asked for is, too.
    fn end(mut self) -> Vec<FieldError> {
        let unknown: Vec<_> = self.values.keys().cloned().collect();
        for name in unknown {
            self.tell(&name, "unknown field");
        }
        self.problems
    }

    fn tell(&mut self, name: &str, reason: impl Into<String>) {
        self.problems.push(FieldError::new(format!("{}{name}", self.prefix), reason));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn wrong(body: &str) -> Vec<String> {
        Report::parse(body.as_bytes()).unwrap_err().into_iter().map(|problem| problem.field).collect()
    }

    #[rstest]
    #[case("[]", &["body"])]
    #[case("{\"schedule\":", &["body"])]
    #[case("{}", &["schedule", "event"])]
    #[case(r#"{"schedule":"one","event":"begin"}"#, &["schedule", "event"])]
    #[case(r#"{"schedule":1,"event":"start","run":"x","at":"noon","type":"TAPE","colour":1}"#, &["run", "at", "type", "colour"])]
    #[case(r#"{"schedule":1,"event":"start","type":"SYSTEM","exit_code":0,"stats":{},"offset":3}"#, &["type", "exit_code", "stats", "offset"])]
    #[case(r#"{"schedule":1,"event":"log"}"#, &["detail"])]
    #[case(r#"{"schedule":1,"event":"log","detail":"x","offset":-1}"#, &["offset"])]
    #[case(r#"{"schedule":1,"event":"progress","stats":{"percent":101,"bytes":-1,"files_done":1,"point":"p","x":1}}"#,
        &["stats.x", "stats.percent", "stats.bytes", "stats.files_done", "stats.point"])]
    #[case(r#"{"schedule":1,"event":"finish","exit_code":99999999999,"stats":{"percent":1,"bytes_done":1.5,"duration_s":-2,"point":""}}"#,
        &["stats.bytes_done", "exit_code", "stats.percent", "stats.duration_s", "stats.point"])]
    #[case(r#"{"schedule":1,"event":"finish","exit_code":"0","message":7,"detail":[],"stats":3}"#,
        &["stats", "exit_code", "message", "detail"])]
    fn every_wrong_field_is_named_at_once(#[case] body: &str, #[case] expected: &[&str]) {
        assert_eq!(wrong(body), expected, "{body}");
    }

    #[test]
    fn a_report_reads_what_it_writes() {
        let report = Report {
            run: Some("01KAMZ3V7S9B3J1Q6Y1C2D3E4F".parse().unwrap()),
            at: Some(Timestamp::from_millis(1_795_312_800_000)),
            source_type: Some(SourceType::Vm),
            exit_code: Some(-1),
            stats: Some(Stats { files_total: Some(3), point: Some("p".to_owned()), ..Stats::default() }),
            message: Some("m".to_owned()),
            detail: Some("d\0\u{fffd}".to_owned()),
            ..Report::new(7, Event::Finish)
        };
        assert_eq!(Report::parse(&serde_json::to_vec(&report).unwrap()), Ok(report));
    }
}
