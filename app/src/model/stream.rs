//! What the server says on the live stream.

use serde::{Deserialize, Serialize};

use super::{Glance, LogEntry, Run, Server};

/// One text frame from server to client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "Fields")]
pub enum Frame {
    /// First frame: the highest id there is, which build is speaking, and a name for what the viewer may do and see, which changes with it.
    Hello { head: i64, build: String, rights: String },
    /// New rows, ids ascending.
    Rows { rows: Vec<LogEntry> },
    /// Runs whose state or progress has changed; or, for who asked for `monitor`, all that are active.
    Runs {
        runs: Vec<Run>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    },
    /// Rows of backups up to this id have been cleared; some were the viewer's.
    Cleared { up_to: i64 },
    /// Rows between these ids, both included, were cleared before the client was told of them.
    Gap { from: i64, to: i64 },
    /// The counters of Monitor, for who asked for them; `null`: they could not be read.
    Glance { glance: Option<Glance> },
    /// Servers that are new or have changed since the last such frame, and those that are gone, for who asked for them; or all there
    /// are. Comes every 10 seconds at the latest, if need be with nothing.
    Servers {
        servers: Vec<Server>,
        removed: Vec<i64>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    },
    /// Last frame: why the server closes.
    Bye { reason: String },
}

impl Frame {
    /// The code of closing (RFC 6455, section 7.4.2) that tells a page to load anew: what its viewer may see has changed.
    pub const RELOAD: u16 = 4001;
}

/// Every field of every frame. Reading a tagged enum directly would keep a second copy of all the code that reads rows and
/// runs, a tenth of what the browser has to load.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    kind: String,
    head: Option<i64>,
    build: Option<String>,
    rights: String,
    rows: Option<Vec<LogEntry>>,
    runs: Option<Vec<Run>>,
    up_to: Option<i64>,
    from: Option<i64>,
    to: Option<i64>,
    glance: Option<Glance>,
    servers: Option<Vec<Server>>,
    removed: Option<Vec<i64>>,
    all: bool,
    reason: Option<String>,
}

impl TryFrom<Fields> for Frame {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Fields { kind, head, build, rights, rows, runs, up_to, from, to, glance, servers, removed, all, reason } = fields;
        let frame = match kind.as_str() {
            "hello" => head.zip(build).map(|(head, build)| Self::Hello { head, build, rights }),
            "rows" => rows.map(|rows| Self::Rows { rows }),
            "runs" => runs.map(|runs| Self::Runs { runs, all }),
            "cleared" => up_to.map(|up_to| Self::Cleared { up_to }),
            "gap" => from.zip(to).map(|(from, to)| Self::Gap { from, to }),
            "glance" => Some(Self::Glance { glance }),
            "servers" => servers.zip(removed).map(|(servers, removed)| Self::Servers { servers, removed, all }),
            "bye" => reason.map(|reason| Self::Bye { reason }),
            _ => None,
        };
        frame.ok_or_else(|| format!("a frame of kind {kind:?} is unknown or lacks a field"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_reads_what_it_writes() {
        let frames = [
            Frame::Hello { head: 7, build: "b".to_owned(), rights: "r".to_owned() },
            Frame::Rows { rows: Vec::new() },
            Frame::Runs { runs: Vec::new(), all: false },
            Frame::Runs { runs: Vec::new(), all: true },
            Frame::Cleared { up_to: 3 },
            Frame::Gap { from: 1, to: 2 },
            Frame::Glance { glance: None },
            Frame::Glance { glance: Some(Glance { day: None, schedules: None }) },
            Frame::Servers { servers: Vec::new(), removed: vec![4], all: false },
            Frame::Servers { servers: Vec::new(), removed: Vec::new(), all: true },
            Frame::Bye { reason: "restarting".to_owned() },
        ];
        for frame in frames {
            assert_eq!(serde_json::from_str::<Frame>(&serde_json::to_string(&frame).unwrap()).unwrap(), frame);
        }
        assert!(serde_json::from_str::<Frame>(r#"{"kind":"rows"}"#).is_err());
        assert!(serde_json::from_str::<Frame>(r#"{"kind":"other"}"#).is_err());
    }
}
