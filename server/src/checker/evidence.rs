//! What a look at a run saw, in words: what its verdict is made of. Pure.

use super::observation::{Begun, ExitFile, Observation};
use crate::words::byte_words;

/// What the last look saw.
pub(super) fn evidence(seen: &Observation) -> String {
    let begun = match seen.begun {
        Begun::No => return "Its run directory is not on the server.".to_owned(),
        Begun::Forbidden => return "It has not begun, and its run directory keeps it from beginning.".to_owned(),
        Begun::Yes if seen.alive => "Its process runs",
        Begun::Yes if seen.rebooted => "Its process is gone, and the server was restarted since it began",
        Begun::Yes => "Its process is gone",
    };
    let exit = match &seen.exit {
        ExitFile::Absent => "; there is no exit file".to_owned(),
        ExitFile::Code(code) => format!("; its exit file says {code}"),
        ExitFile::Unusable(why) => format!("; its exit file cannot be trusted ({why})"),
    };
    let complete = match seen.result("complete") {
        Some("yes") => "; the dump's completion line was read back",
        Some(_) => "; the dump's completion line is not there",
        None => "",
    };
    let log = match seen.log.size {
        0 => "; it has left no log".to_owned(),
        size => format!("; its log has {}", byte_words(i64::try_from(size).unwrap_or(i64::MAX))),
    };
    format!("{begun}{exit}{complete}{log}.")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::observation::LogPiece;
    use super::*;

    fn seen() -> Observation {
        Observation { begun: Begun::Yes, ..Observation::default() }
    }

    #[rstest]
    #[case(Observation::default(), "Its run directory is not on the server.")]
    #[case(seen(), "Its process is gone; there is no exit file; it has left no log.")]
    #[case(
        Observation { rebooted: true, ..seen() },
        "Its process is gone, and the server was restarted since it began; there is no exit file; it has left no log."
    )]
    #[case(
        Observation { exit: ExitFile::Unusable("it is a link".to_owned()), ..seen() },
        "Its process is gone; its exit file cannot be trusted (it is a link); it has left no log."
    )]
    #[case(
        Observation {
            exit: ExitFile::Code(0),
            results: vec![("complete".to_owned(), "yes".to_owned())],
            log: LogPiece { size: 2048, ..LogPiece::default() },
            ..seen()
        },
        "Its process is gone; its exit file says 0; the dump's completion line was read back; its log has 2.0 KiB."
    )]
    fn a_look_is_told_in_one_sentence(#[case] seen: Observation, #[case] expected: &str) {
        assert_eq!(evidence(&seen), expected);
    }
}
