//! What came back from a shell, and where in it the output of the script begins and ends.

use std::fmt;
use std::io;

use super::banner::first_line;
use super::error::SshError;

/// Enough for a look at every active run of a server with the new part of its log, twice over.
const MAX_STDOUT_BYTES: usize = 8 * 1024 * 1024;
/// Complaints are for people; nobody reads more.
const MAX_STDERR_BYTES: usize = 64 * 1024;

/// How a script ended and what it wrote, byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Output {
    /// As the shell counts: 0 to 255, 128 and the number for a signal.
    pub status: i32,
    /// At most 8 MiB.
    pub stdout: Vec<u8>,
    /// At most 64 KiB.
    pub stderr: Vec<u8>,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("status", &self.status)
            .field("stdout", &String::from_utf8_lossy(&self.stdout))
            .field("stderr", &String::from_utf8_lossy(&self.stderr))
            .finish()
    }
}

/// Everything that a session said, bounded: start-up noise of the login shell, markers, output.
#[derive(Default)]
pub(super) struct Raw {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Raw {
    pub(super) fn add_stdout(&mut self, bytes: &[u8]) -> Result<(), SshError> {
        add(&mut self.stdout, bytes, MAX_STDOUT_BYTES)
    }

    pub(super) fn add_stderr(&mut self, bytes: &[u8]) -> Result<(), SshError> {
        add(&mut self.stderr, bytes, MAX_STDERR_BYTES)
    }
}

fn add(kept: &mut Vec<u8>, bytes: &[u8], limit: usize) -> Result<(), SshError> {
    if kept.len() + bytes.len() > limit {
        return Err(SshError::TooMuchOutput);
    }
    kept.extend_from_slice(bytes);
    Ok(())
}

/// A pair of words that nothing else on the server can know, one pair for each run.
pub(super) struct Markers {
    token: u128,
}

impl Markers {
    pub(super) fn random() -> Result<Self, SshError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| SshError::Local { source: io::Error::other(error.to_string()) })?;
        Ok(Self { token: u128::from_ne_bytes(bytes) })
    }

    /// Printed on both streams before the body runs.
    pub(super) fn begin(&self) -> String {
        format!("begin-{:032x}", self.token)
    }

    /// Printed on standard output after the body, with its status.
    pub(super) fn end(&self) -> String {
        format!("end-{:032x}", self.token)
    }

    /// Takes the output out of what a session said that ended in order. What stands before the first marker is noise of the login
    /// shell, what follows the last comes from something that outlived the script; both are dropped.
    pub(super) fn read(&self, raw: Raw) -> Result<Output, SshError> {
        let Raw { mut stdout, mut stderr } = raw;
        let begin = format!("{}\n", self.begin());
        let end = format!("{} ", self.end());
        let Some(start) = find(&stdout, begin.as_bytes()) else {
            let said = [first_line(&stdout), first_line(&stderr)].into_iter().find(|line| !line.is_empty());
            return Err(SshError::NoShell { said: said.unwrap_or_default() });
        };
        let stop = rfind(&stdout, end.as_bytes()).ok_or(SshError::Incomplete)?;
        let status = status(&stdout[stop + end.len()..]).ok_or(SshError::Incomplete)?;
        stdout.truncate(stop);
        stdout.drain(..start + begin.len());
        if let Some(start) = find(&stderr, begin.as_bytes()) {
            stderr.drain(..start + begin.len());
        }
        Ok(Output { status, stdout, stderr })
    }
}

/// The number on the rest of the closing line; the newline shows that the line is whole.
fn status(rest: &[u8]) -> Option<i32> {
    let newline = rest.iter().position(|byte| *byte == b'\n')?;
    str::from_utf8(&rest[..newline]).ok()?.parse().ok()
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn rfind(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).rposition(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stdout: &str, stderr: &str) -> Result<Output, SshError> {
        let markers = Markers { token: 7 };
        let fill = |text: &str| text.replace("BEGIN", &markers.begin()).replace("END", &markers.end()).into_bytes();
        markers.read(Raw { stdout: fill(stdout), stderr: fill(stderr) })
    }

    #[test]
    fn output_is_what_stands_between_the_markers() {
        for (stdout, expected) in [
            ("BEGIN\nEND 0\n", ""),
            ("BEGIN\nno newlineEND 0\n", "no newline"),
            ("noise BEGIN\n\n\nEND 0\n", "\n\n"),
            ("BEGIN\nout\nEND 0\nfrom the background", "out\n"),
        ] {
            assert_eq!(String::from_utf8(read(stdout, "").unwrap().stdout).unwrap(), expected);
        }
        let output = read("BEGIN\nEND 3\n", "warning: motd\nBEGIN\ncomplaint").unwrap();
        assert_eq!((output.status, output.stderr.as_slice()), (3, b"complaint".as_slice()));
    }

    #[test]
    fn status_is_not_believed_without_a_whole_closing_line() {
        for stdout in ["BEGIN\n", "BEGIN\nout\n", "BEGIN\nEND ", "BEGIN\nEND 0", "BEGIN\nEND x\n"] {
            assert!(matches!(read(stdout, ""), Err(SshError::Incomplete)), "{stdout:?}");
        }
    }

    #[test]
    fn login_shell_that_does_not_hand_over_is_quoted() {
        let said = |stdout, stderr| match read(stdout, stderr) {
            Err(SshError::NoShell { said }) => said,
            other => panic!("{other:?}"),
        };
        assert_eq!(said("This account is currently not available.\n", ""), "This account is currently not available.");
        assert_eq!(said("", "exec: /bin/sh: not found\n"), "exec: /bin/sh: not found");
    }

    #[test]
    fn output_is_bounded() {
        let mut raw = Raw::default();
        raw.add_stdout(&vec![0; MAX_STDOUT_BYTES]).unwrap();
        assert!(matches!(raw.add_stdout(b"x"), Err(SshError::TooMuchOutput)));
        raw.add_stderr(&vec![0; MAX_STDERR_BYTES]).unwrap();
        assert!(matches!(raw.add_stderr(b"x"), Err(SshError::TooMuchOutput)));
    }
}
