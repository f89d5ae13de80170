//! Tests from outside: the real router over HTTP and WebSocket, both databases, real SSH servers, rsync and MariaDB.

#![expect(unreachable_pub, reason = "the modules of a test binary are shared among themselves")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed step of a test is a failed test")]

mod api;
mod ingest;
mod jobs;
mod pages;
mod people;
mod perimeter;
mod ssh;
mod store;
mod stream;
mod support;
mod tail;
