//! Who is let near whom: host keys first, then keys of users.

use server::ssh::{PrivateKey, fetch_host_key};

use super::{Bench, Client, GENEROUS, Script, SshError, Target, key_pair, run};

#[tokio::test]
async fn unknown_host_key_is_offered_and_nobody_signs_in() {
    let bench = Bench::start().await;
    let error = Client::connect(&Target { host_key: None, ..bench.target() }, &GENEROUS).await.err().unwrap();
    assert!(matches!(&error, SshError::HostKeyUnknown { offered } if offered == bench.sshd.host_key()), "{error:?}");
    assert_nobody_tried_to_sign_in(&bench).await;
}

#[tokio::test]
async fn first_contact_sees_the_key_that_is_pinned_later() {
    let bench = Bench::start().await;
    let key = fetch_host_key("127.0.0.1", bench.sshd.port(), &GENEROUS).await.unwrap();
    assert_eq!(&key, bench.sshd.host_key());
    assert_nobody_tried_to_sign_in(&bench).await;
    Client::connect(&Target { host_key: Some(key), ..bench.target() }, &GENEROUS).await.unwrap();
}

#[tokio::test]
async fn changed_host_key_is_refused_before_signing_in() {
    let mut bench = Bench::start().await;
    let pinned = bench.sshd.host_key().clone();
    let target = bench.target();
    bench.sshd.swap_host_key().await.unwrap();
    let error = Client::connect(&target, &GENEROUS).await.err().unwrap();
    assert!(
        matches!(&error, SshError::HostKeyChanged { pinned: was, offered } if *was == pinned && offered == bench.sshd.host_key()),
        "{error:?}"
    );
    assert!(error.is_connection());
    assert_nobody_tried_to_sign_in(&bench).await;
}

#[tokio::test]
async fn connection_outlives_a_change_of_the_host_key() {
    let mut bench = Bench::start().await;
    let mut client = bench.connect().await;
    bench.sshd.swap_host_key().await.unwrap();
    assert_eq!(run(&mut client, &Script::new("echo still here")).await.unwrap().stdout, b"still here\n");
}

#[tokio::test]
async fn key_that_the_server_does_not_know_is_an_authentication_error() {
    let bench = Bench::start().await;
    let (private_key, _) = key_pair();
    let error = Client::connect(&Target { private_key, ..bench.target() }, &GENEROUS).await.err().unwrap();
    assert!(matches!(error, SshError::Authentication) && !error.may_have_run(), "{error:?}");
}

#[tokio::test]
async fn text_that_is_no_key_is_told_apart_from_a_refused_one() {
    let bench = Bench::start().await;
    let target = Target { private_key: PrivateKey::new("-----BEGIN NOTHING-----"), ..bench.target() };
    let error = Client::connect(&target, &GENEROUS).await.err().unwrap();
    assert!(matches!(error, SshError::PrivateKey { .. }), "{error:?}");
}

/// The log names the user as soon as a key is tried.
async fn assert_nobody_tried_to_sign_in(bench: &Bench) {
    let log = || bench.sshd.log().unwrap();
    super::eventually("the end of the connection", || log().contains("[preauth]")).await;
    let log = log();
    assert!(log.contains("Connection from 127.0.0.1"), "{log}");
    for trace in ["publickey", "authenticating", "Accepted", bench.sshd.user()] {
        assert!(!log.replace(bench.dir.path().to_str().unwrap(), "").contains(trace), "{trace} in {log}");
    }
}
