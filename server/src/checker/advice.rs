//! What a person is told beside a failed run: what the code means, and what to do next.

use app::model::SourceType;

use super::exit_codes::explain;
use super::recognise::recognise;

/// Words for the message dialog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    pub explanation: Option<String>,
    pub next_step: Option<String>,
}

/// The code's meaning; what to do comes from the log where it names the trouble, since that says more than a code.
pub fn advise(source_type: SourceType, exit_code: Option<i64>, log: Option<&str>) -> Advice {
    let explanation = exit_code.and_then(|code| explain(source_type, code));
    let trouble = log.filter(|_| exit_code != Some(0)).and_then(recognise);
    let next_step = trouble.map(|finding| finding.trouble.next_step()).or(explanation.map(|row| row.next_step));
    Advice { explanation: explanation.map(|row| row.meaning.to_owned()), next_step: next_step.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_knows_better_than_the_code_what_to_do() {
        let advice = advise(SourceType::Files, Some(11), Some("rsync: write failed: No space left on device (28)"));
        assert_eq!(advice.explanation.as_deref(), Some("error in file I/O"));
        assert_eq!(advice.next_step.as_deref(), Some("Free space at the destination, or keep fewer points."));
        assert_eq!(advise(SourceType::Files, None, None), Advice::default());
    }
}
