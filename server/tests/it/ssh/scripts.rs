//! What a script is given and what comes back.

use super::{Bench, Client, Script, SshError, run};

#[tokio::test]
async fn script_runs_and_its_status_and_output_come_back() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let output = run(&mut client, &Script::new("echo out\necho complaint >&2\nfalse")).await.unwrap();
    assert_eq!((output.status, output.stdout.as_slice(), output.stderr.as_slice()), (1, &b"out\n"[..], &b"complaint\n"[..]));
    assert!(client.is_usable());
}

#[tokio::test]
async fn arguments_survive_byte_for_byte() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let arguments = [
        "",
        "two  words ",
        "it's \"quoted\"",
        "$(touch /tmp/never) `id` $HOME ${1}",
        "line one\nline two\n\n",
        "\r\n\t\x01\x7f\x1b[0m",
        "Größe — 大きさ 🗄 \u{202e}",
        "-n",
        "--",
        "*?[a-z]~ !! {a,b} \\ \\n #",
        ")\n}\nexit 9\n{\n(",
        "begin-00000000000000000000000000000000",
    ];
    let script = arguments.iter().fold(Script::new(r#"for argument do printf '%s\0' "$argument"; done"#), Script::arg);
    let output = run(&mut client, &script).await.unwrap();
    let expected: String = arguments.iter().flat_map(|argument| [argument, "\0"]).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[tokio::test]
async fn argument_larger_than_a_command_line_arrives() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let large = "0123456789abcde\n".repeat(64 * 1024);
    let output = run(&mut client, &Script::new("printf %s \"$1\"").arg(&large)).await.unwrap();
    assert!(output.stdout == large.as_bytes());
}

#[tokio::test]
async fn nul_in_an_argument_is_refused_and_harms_nothing() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let error = run(&mut client, &Script::new("echo \"$1\"").arg("a\0b")).await.unwrap_err();
    assert!(matches!(error, SshError::BadArgument) && !error.is_connection() && !error.may_have_run());
    assert!(client.is_usable());
    assert_eq!(run(&mut client, &Script::new("echo fine")).await.unwrap().stdout, b"fine\n");
}

#[tokio::test]
async fn exit_inside_the_script_is_its_status() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let output = run(&mut client, &Script::new("printf 'no newline'\nexit 42\necho unreachable")).await.unwrap();
    assert_eq!((output.status, output.stdout.as_slice()), (42, &b"no newline"[..]));
}

#[tokio::test]
async fn commands_in_the_script_cannot_read_it() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let output = run(&mut client, &Script::new("cat\nread -r line || echo \"nothing to read\"")).await.unwrap();
    assert_eq!(output.stdout, b"nothing to read\n");
}

#[tokio::test]
async fn noise_of_the_login_shell_is_dropped() {
    let bench = Bench::start().await;
    let heard = bench.path("heard");
    let noise = format!("echo 'Welcome to db1!'\nprintf 'no newline' >&2\nprintf prompt\ntouch '{heard}'\n");
    for startup in [".bashrc", ".zshenv", ".cshrc"] {
        std::fs::write(bench.home().join(startup), &noise).unwrap();
    }
    let mut client = bench.connect().await;
    let output = run(&mut client, &Script::new("echo out\necho complaint >&2")).await.unwrap();
    assert_eq!((output.status, output.stdout.as_slice(), output.stderr.as_slice()), (0, &b"out\n"[..], &b"complaint\n"[..]));
    if login_shell_is_bash() {
        assert!(std::path::Path::new(&heard).exists(), "the start-up file was not read, this test shows nothing");
    }
}

#[tokio::test]
async fn login_shell_that_does_not_hand_over_is_quoted() {
    let bench = Bench::start().await;
    if !login_shell_is_bash() {
        return;
    }
    std::fs::write(bench.home().join(".bashrc"), "echo 'This account is currently not available.'\nexit 1\n").unwrap();
    let mut client = bench.connect().await;
    let error = run(&mut client, &Script::new("echo out")).await.unwrap_err();
    assert!(matches!(&error, SshError::NoShell { said } if said == "This account is currently not available."), "{error:?}");
}

#[tokio::test]
async fn flood_of_complaints_does_not_hang() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let script = Script::new("head -c \"$1\" /dev/zero >&2\nhead -c \"$2\" /dev/zero");
    let output = run(&mut client, &script.clone().arg("60000").arg("3000000")).await.unwrap();
    assert_eq!((output.status, output.stderr.len(), output.stdout.len()), (0, 60_000, 3_000_000));

    let error = run(&mut client, &script.arg("1000000").arg("0")).await.unwrap_err();
    assert!(matches!(error, SshError::TooMuchOutput) && error.may_have_run() && !error.is_connection(), "{error:?}");
    assert!(!client.is_usable());
}

#[tokio::test]
async fn output_is_bounded() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let script = Script::new("head -c \"$1\" /dev/zero");
    assert_eq!(run(&mut client, &script.clone().arg("8000000")).await.unwrap().stdout.len(), 8_000_000);
    let endless = run(&mut client, &Script::new("yes")).await.unwrap_err();
    assert!(matches!(endless, SshError::TooMuchOutput), "{endless:?}");
}

#[tokio::test]
async fn kept_connection_serves_a_hundred_runs() {
    let bench = Bench::start().await;
    let mut client: Client = bench.connect().await;
    for round in 0..100 {
        let output = run(&mut client, &Script::new("echo \"$1\"").arg(round.to_string())).await.unwrap();
        assert_eq!(output.stdout, format!("{round}\n").into_bytes());
    }
    assert_eq!(bench.sshd.log().unwrap().matches("Accepted publickey").count(), 1);
}

fn login_shell_is_bash() -> bool {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().is_some_and(|user| user.shell.ends_with("bash"))
}
