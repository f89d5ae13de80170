//! Scripts for the far shell. The one place where text is quoted for it.
//!
//! The body of a script is a constant; what varies are its positional parameters. Both travel on the shell's standard input, never on
//! a command line, where other users of the server could read them.

use super::SshError;
use super::transcript::Markers;

/// A script for `/bin/sh`: a constant body and its arguments `$1`, `$2` and so on.
///
/// The body must be whole for a shell (quotes and brackets closed). It may `exit` or be killed; it reads nothing on standard input. Commands
/// that it leaves in the background must not hold its output open, or the script counts as running.
#[derive(Debug, Clone)]
pub struct Script {
    body: &'static str,
    arguments: Vec<String>,
}

impl Script {
    pub fn new(body: &'static str) -> Self {
        Self { body, arguments: Vec::new() }
    }

    /// Adds the next positional parameter. Any text, newlines too; a NUL is refused when the script is run.
    #[must_use]
    pub fn arg(mut self, text: impl AsRef<str>) -> Self {
        self.arguments.push(text.as_ref().to_owned());
        self
    }

    /// What goes to the shell. Braces make it read everything before it does anything, so half a script does nothing; the subshell
    /// keeps an `exit` of the body from the closing marker; `/dev/null` keeps its commands from the rest of the script.
    pub(super) fn render(&self, markers: &Markers) -> Result<String, SshError> {
        let arguments = self.arguments.iter().map(|argument| quote(argument)).collect::<Result<Vec<_>, _>>()?.join(" ");
        let (body, begin, end) = (self.body, markers.begin(), markers.end());
        Ok(format!("{{\nset -- {arguments}\necho {begin}\necho {begin} >&2\n(\n{body}\n) </dev/null\necho \"{end} $?\"\nexit 0\n}}\n"))
    }
}

/// One word for a POSIX shell: between single quotes every byte stands for itself but the quote.
pub(crate) fn quote(text: &str) -> Result<String, SshError> {
    if text.contains('\0') { Err(SshError::BadArgument) } else { Ok(format!("'{}'", text.replace('\'', r"'\''"))) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::super::transcript::{Output, Raw};
    use super::*;

    fn feed_sh(input: &[u8]) -> std::process::Output {
        let mut sh = Command::new("/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A shell that gives up early closes the pipe.
        let _early = sh.stdin.take().unwrap().write_all(input);
        sh.wait_with_output().unwrap()
    }

    fn run(script: &Script) -> Output {
        let markers = Markers::random().unwrap();
        let said = feed_sh(script.render(&markers).unwrap().as_bytes());
        let mut raw = Raw::default();
        raw.add_stdout(&said.stdout).unwrap();
        raw.add_stderr(&said.stderr).unwrap();
        markers.read(raw).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_sh_prints_equals_the_arguments(arguments in prop::collection::vec(r#"([^\x00]|['"\\$`!*~#\n\r\t ]){0,24}"#, 0..5)) {
            let mut script = Script::new(r#"for argument do printf '%s\0' "$argument"; done"#);
            for argument in &arguments {
                script = script.arg(argument);
            }
            let expected: String = arguments.iter().flat_map(|argument| [argument, "\0"]).collect();
            prop_assert_eq!(String::from_utf8(run(&script).stdout).unwrap(), expected);
        }
    }

    #[test]
    fn nul_is_refused() {
        let script = Script::new("echo").arg("a\0b");
        assert!(matches!(script.render(&Markers::random().unwrap()), Err(SshError::BadArgument)));
    }

    #[test]
    fn half_a_script_does_nothing() {
        let script = Script::new("echo one\ncat <<END\ntwo\nEND\necho \"$1\"").arg("it's\n)\n}\nthree");
        let markers = Markers::random().unwrap();
        let whole = script.render(&markers).unwrap();
        let executed = |input: &[u8]| !feed_sh(input).stdout.is_empty();
        assert!(executed(whole.as_bytes()));
        for end in 0..whole.trim_end().len() {
            assert!(!executed(&whole.as_bytes()[..end]), "ran {:?}", &whole[..end]);
        }
    }

    #[test]
    fn status_survives_exit_signal_and_exec() {
        assert_eq!(run(&Script::new("exit 7")).status, 7);
        assert_eq!(run(&Script::new("exec false")).status, 1);
        assert_eq!(run(&Script::new("sh -c 'kill -9 $$'")).status, 137);
        assert_eq!(run(&Script::new("true # no newline after this")).status, 0);
    }

    #[test]
    fn commands_cannot_read_the_script() {
        let output = run(&Script::new("cat\nread -r line || echo \"nothing to read\""));
        assert_eq!(output.stdout, b"nothing to read\n");
    }
}
