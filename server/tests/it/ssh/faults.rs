//! Servers that hang, die, lie or are none. Whatever they do, the caller is back at its deadline.

use std::time::{Duration, Instant};

use server::ssh::{Stage, fetch_host_key};

use super::{Bench, Client, GENEROUS, IMPATIENT, PATIENCE, Script, SshError, appears, eventually, run, stranger};
use crate::support::hostile_peer::{CuttingRelay, HostilePeer};

/// How much later than a plain timer the caller may be back.
const SLACK: Duration = Duration::from_millis(500);

const SHORT: Duration = Duration::from_millis(600);

#[tokio::test]
async fn closed_port_is_refused() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = Client::connect(&stranger(port), &GENEROUS).await.err().unwrap();
    assert!(matches!(error, SshError::Refused) && error.is_connection(), "{error:?}");
}

#[tokio::test]
async fn name_without_an_address_cannot_be_resolved() {
    let mut target = stranger(22);
    target.host = "no-such-host.invalid".into();
    let error = Client::connect(&target, &GENEROUS).await.err().unwrap();
    assert!(matches!(error, SshError::Resolve { .. }), "{error:?}");
}

#[tokio::test]
async fn silent_peer_is_left_at_the_deadline() {
    let peer = HostilePeer::silent().await;
    let error = fails_at_the_deadline(&peer).await;
    assert!(matches!(error, SshError::TimedOut { stage: Stage::Banner }), "{error:?}");
}

#[tokio::test]
async fn peer_that_greets_and_falls_silent_is_left_at_the_deadline() {
    let peer = HostilePeer::saying(b"SSH-2.0-hang\r\n").await;
    let error = fails_at_the_deadline(&peer).await;
    assert!(matches!(error, SshError::TimedOut { stage: Stage::Handshake }), "{error:?}");
}

#[tokio::test]
async fn dripping_peer_is_left_at_the_deadline() {
    for (first, stage) in
        [(&b""[..], None), (b"SSH-2.0-", Some(Stage::Handshake)), (b"SSH-2.0-drip\r\n\0\0\x02\0\x04\x14", Some(Stage::Handshake))]
    {
        let peer = HostilePeer::dripping(first, b'x', Duration::from_millis(50)).await;
        let error = fails_at_the_deadline(&peer).await;
        match stage {
            Some(expected) => assert!(matches!(error, SshError::TimedOut { stage } if stage == expected), "{error:?}"),
            None => assert!(matches!(&error, SshError::NotSsh { said } if said.starts_with("xx")), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn peer_that_is_not_ssh_is_quoted() {
    for (greeting, expected) in [
        (&b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
        (b"220 \x1b[31mmail.example.org ESMTP\r\n", "220 [31mmail.example.org ESMTP"),
        (b"J\0\0\0\n8.0.36\0", "J"),
        (b"SSX", "SSX"),
    ] {
        let peer = HostilePeer::saying_and_closing(greeting).await;
        let error = Client::connect(&stranger(peer.port()), &GENEROUS).await.err().unwrap();
        assert!(matches!(&error, SshError::NotSsh { said } if said == expected), "{error:?}");
    }
    let peer = HostilePeer::saying_and_closing(b"").await;
    let error = Client::connect(&stranger(peer.port()), &GENEROUS).await.err().unwrap();
    assert!(matches!(error, SshError::Lost { stage: Stage::Banner, .. }), "{error:?}");
}

#[tokio::test]
async fn garbage_after_the_greeting_is_a_failed_handshake() {
    let peer = HostilePeer::saying_and_closing(b"SSH-2.0-garbage\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").await;
    let error = Client::connect(&stranger(peer.port()), &GENEROUS).await.err().unwrap();
    assert!(matches!(error, SshError::Handshake { .. } | SshError::Lost { stage: Stage::Handshake, .. }), "{error:?}");
}

#[tokio::test]
async fn lines_before_the_greeting_are_allowed() {
    let bench = Bench::start().await;
    let relay = CuttingRelay::to(bench.sshd.port(), b"authorised use only\r\nSS\r\n\r\n").await;
    let mut target = bench.target();
    target.port = relay.port();
    let mut client = Client::connect(&target, &GENEROUS).await.unwrap();
    assert_eq!(run(&mut client, &Script::new("echo hello")).await.unwrap().stdout, b"hello\n");
}

#[tokio::test]
async fn connection_cut_while_the_script_goes_out_runs_nothing() {
    let bench = Bench::start().await;
    let relay = CuttingRelay::to(bench.sshd.port(), b"").await;
    let mut target = bench.target();
    target.port = relay.port();
    let script = |name| Script::new("touch \"$1\"").arg(bench.path(name)).arg("x".repeat(400_000));

    let mut client = Client::connect(&target, &GENEROUS).await.unwrap();
    run(&mut client, &script("whole")).await.unwrap();
    appears(bench.path("whole")).await;

    for cut_after in [10_000, 200_000, 399_000] {
        let mut client = Client::connect(&target, &GENEROUS).await.unwrap();
        relay.cut_after(cut_after);
        let error = run(&mut client, &script("half")).await.unwrap_err();
        assert!(matches!(error, SshError::Lost { .. }) && error.is_connection(), "{error:?}");
        assert!(!client.is_usable());
    }
    drop(client);
    eventually("the end of the sessions", || bench.sshd.is_idle() && !bench.has_running_scripts()).await;
    assert!(!std::path::Path::new(&bench.path("half")).exists());
}

#[tokio::test]
async fn server_that_hangs_during_a_script_is_left_at_the_deadline() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    run(&mut client, &Script::new(":")).await.unwrap();
    bench.sshd.stop_answering();
    let error = ends_at(SHORT, client.run(&Script::new("echo never"), SHORT)).await.unwrap_err();
    assert!(matches!(error, SshError::TimedOut { stage: Stage::Open }) && !error.may_have_run(), "{error:?}");
    assert!(!client.is_usable());
    let dropping = Instant::now();
    drop(client);
    assert!(dropping.elapsed() < SLACK);
    bench.sshd.resume();
    bench.connect().await;
}

#[tokio::test]
async fn server_that_hangs_after_the_script_was_sent_may_have_run_it() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let begun = bench.path("begun");
    let stop = async {
        appears(&begun).await;
        bench.sshd.stop_answering();
    };
    let script = Script::new("touch \"$1\"\nsleep 60").arg(&begun);
    let (result, ()) = tokio::join!(client.run(&script, Duration::from_secs(4)), stop);
    let error = result.unwrap_err();
    assert!(matches!(error, SshError::TimedOut { stage: Stage::Answer }) && error.may_have_run(), "{error:?}");
    assert!(!client.is_usable());
}

#[tokio::test]
async fn script_that_takes_too_long_is_left_at_the_deadline_though_it_talks() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let script = Script::new("while :; do echo still here; sleep 0.05; done");
    let error = ends_at(SHORT, client.run(&script, SHORT)).await.unwrap_err();
    assert!(matches!(error, SshError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn server_killed_during_a_script_is_an_error() {
    let mut bench = Bench::start().await;
    let mut client = bench.connect().await;
    let begun = bench.path("begun");
    let kill = async {
        appears(&begun).await;
        bench.sshd.kill();
    };
    let script = Script::new("touch \"$1\"\nsleep 60").arg(&begun);
    let (result, ()) = tokio::join!(run(&mut client, &script), kill);
    let error = result.unwrap_err();
    assert!(matches!(error, SshError::Lost { stage: Stage::Answer, .. }) && error.may_have_run(), "{error:?}");
    let refused = Client::connect(&bench.target(), &GENEROUS).await.err().unwrap();
    assert!(matches!(refused, SshError::Refused), "{refused:?}");
}

#[tokio::test]
async fn shell_killed_during_a_script_is_incomplete() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let error = run(&mut client, &Script::new("echo out\nkill -9 $$")).await.unwrap_err();
    assert!(matches!(error, SshError::Incomplete) && error.may_have_run(), "{error:?}");
}

#[tokio::test]
async fn connection_that_the_server_closed_while_idle_is_noticed() {
    let mut bench = Bench::start().await;
    let mut client = bench.connect().await;
    assert!(client.is_usable());
    bench.sshd.kill();
    eventually("the loss", || !client.is_usable()).await;
    let error = run(&mut client, &Script::new("echo never")).await.unwrap_err();
    assert!(matches!(error, SshError::Lost { .. }) && !error.may_have_run(), "{error:?}");
}

#[tokio::test]
async fn hung_server_does_not_delay_another() {
    let (hung, well) = (Bench::start().await, Bench::start().await);
    let (mut to_hung, mut to_well) = (hung.connect().await, well.connect().await);
    hung.sshd.stop_answering();
    let script = Script::new("echo well");
    let waiting = to_hung.run(&script, PATIENCE);
    let working = async {
        for _ in 0..5 {
            to_well.run(&script, PATIENCE).await.unwrap();
        }
    };
    tokio::select! {
        result = waiting => panic!("the hung server was first: {result:?}"),
        () = working => {}
    }
}

#[tokio::test]
async fn run_that_nobody_waits_for_any_more_ends_the_connection() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let waited = tokio::time::timeout(Duration::from_millis(100), client.run(&Script::new("sleep 60"), PATIENCE)).await;
    assert!(waited.is_err());
    assert!(!client.is_usable());
    let error = run(&mut client, &Script::new("echo never")).await.unwrap_err();
    assert!(matches!(error, SshError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn first_contact_with_a_silent_peer_ends_at_the_deadline() {
    let peer = HostilePeer::saying(b"SSH-2.0-hang\r\n").await;
    let error = ends_at(IMPATIENT.handshake, fetch_host_key("127.0.0.1", peer.port(), &IMPATIENT)).await.unwrap_err();
    assert!(matches!(error, SshError::TimedOut { stage: Stage::Handshake }), "{error:?}");
}

async fn fails_at_the_deadline(peer: &HostilePeer) -> SshError {
    let target = stranger(peer.port());
    let error = ends_at(IMPATIENT.handshake, Client::connect(&target, &IMPATIENT)).await.err().unwrap();
    assert!(error.is_connection() && !error.may_have_run());
    error
}

/// Not before the deadline, and hardly after a plain timer that was set with it: a busy machine makes that late too.
async fn ends_at<T>(deadline: Duration, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let timer = async {
        tokio::time::sleep(deadline).await;
        begun.elapsed()
    };
    let work = async { (work.await, begun.elapsed()) };
    let (timer, (result, took)) = tokio::join!(timer, work);
    assert!(took >= deadline && took < timer + SLACK, "took {took:?}, deadline {deadline:?}, a timer {timer:?}");
    result
}
