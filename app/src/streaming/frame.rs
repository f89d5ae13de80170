//! Reads a frame of the stream in one pass. The derived reader of [`Frame`] has to keep everything it reads until it has seen
//! the `kind`, and needs a second copy of the reader of every row for that.

use serde::Deserialize;

use crate::model::{Frame, LogEntry, Run};

/// Every field that any kind of frame has.
#[derive(Deserialize)]
struct Parts {
    kind: String,
    head: Option<i64>,
    build: Option<String>,
    rows: Option<Vec<LogEntry>>,
    runs: Option<Vec<Run>>,
    up_to: Option<i64>,
    from: Option<i64>,
    to: Option<i64>,
    reason: Option<String>,
}

/// The frame, or what is wrong with it.
pub(super) fn read(text: &str) -> Result<Frame, String> {
    let parts: Parts = serde_json::from_slice(text.as_bytes()).map_err(|error| error.to_string())?;
    let kind = parts.kind.clone();
    assemble(parts).ok_or_else(|| format!("a frame of kind {kind:?} is unknown or lacks a field"))
}

fn assemble(parts: Parts) -> Option<Frame> {
    Some(match parts.kind.as_str() {
        "hello" => Frame::Hello { head: parts.head?, build: parts.build? },
        "rows" => Frame::Rows { rows: parts.rows? },
        "runs" => Frame::Runs { runs: parts.runs? },
        "cleared" => Frame::Cleared { up_to: parts.up_to? },
        "gap" => Frame::Gap { from: parts.from?, to: parts.to? },
        "bye" => Frame::Bye { reason: parts.reason? },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_as_it_was_written() {
        let frames = [
            Frame::Hello { head: 7, build: "1.0".to_owned() },
            Frame::Rows { rows: vec![] },
            Frame::Runs { runs: vec![] },
            Frame::Cleared { up_to: 3 },
            Frame::Gap { from: 4, to: 9 },
            Frame::Bye { reason: "restarting".to_owned() },
        ];
        for frame in frames {
            // A kind that is new in the model must be added above too.
            match frame {
                Frame::Hello { .. }
                | Frame::Rows { .. }
                | Frame::Runs { .. }
                | Frame::Cleared { .. }
                | Frame::Gap { .. }
                | Frame::Bye { .. } => {}
            }
            assert_eq!(read(&serde_json::to_string(&frame).unwrap()), Ok(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_named() {
        assert_eq!(read(r#"{"kind":"hello","head":1}"#), Err("a frame of kind \"hello\" is unknown or lacks a field".to_owned()));
        assert!(read(r#"{"kind":"later","x":1}"#).unwrap_err().contains("later"));
        assert!(read("{").is_err());
    }
}
