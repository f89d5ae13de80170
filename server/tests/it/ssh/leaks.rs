//! Threads and descriptors come back. Counted in a process of its own: in this one other tests have theirs.

use std::process::Command;
use std::time::Duration;

use server::ssh::fetch_host_key;

use super::{Bench, Client, Deadlines, PATIENCE, Script, eventually, stranger};
use crate::support::hostile_peer::HostilePeer;

const ALONE: &str = "TAILBACK_TEST_ALONE";

#[test]
fn fifty_failures_leave_no_thread_and_no_descriptor() {
    if std::env::var_os(ALONE).is_some() {
        return tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(fail_fifty_times());
    }
    let itself = "ssh::leaks::fifty_failures_leave_no_thread_and_no_descriptor";
    let output = Command::new(std::env::current_exe().unwrap()).args(["--exact", itself]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn fail_fifty_times() {
    let deadlines = Deadlines { connect: PATIENCE, handshake: Duration::from_millis(50), exec: Duration::from_millis(50) };
    let bench = Bench::start().await;
    let silent = HostilePeer::silent().await;
    let greeting = HostilePeer::saying(b"SSH-2.0-hang\r\n").await;
    let garbage = HostilePeer::saying_and_closing(b"SSH-2.0-garbage\r\n\xff\xff\xff\xff\xff\xff\xff\xff").await;
    bench.connect().await;
    let at_first = in_use();

    let mut most_threads = 0;
    for _ in 0..10 {
        Client::connect(&stranger(silent.port()), &deadlines).await.err().unwrap();
        Client::connect(&stranger(greeting.port()), &deadlines).await.err().unwrap();
        fetch_host_key("127.0.0.1", greeting.port(), &deadlines).await.unwrap_err();
        Client::connect(&stranger(garbage.port()), &deadlines).await.err().unwrap();
        let mut client = bench.connect().await;
        client.run(&Script::new("sleep 2"), deadlines.exec).await.unwrap_err();
        most_threads = most_threads.max(in_use().0);
    }
    assert!(most_threads < at_first.0 + 8, "threads pile up instead of ending when they are cut: {most_threads}");
    // The peers hold their side of a connection until they notice that ours is gone.
    eventually("the same number of threads and descriptors", || in_use() <= at_first).await;
}

fn in_use() -> (usize, usize) {
    let count = |dir| std::fs::read_dir(dir).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}
