//! Passes the command's output on as it comes, unchanged, and keeps its end.

use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::tail::{Stream, Tail};

/// As much as a pipe holds.
const PIECE: usize = 64 * 1024;

/// When the command has ended, whoever still has its output says nothing more after this silence.
const QUIET: Duration = Duration::from_secs(1);

/// And after this, whatever they say is not the command's any more.
const ENOUGH: Duration = Duration::from_secs(10);

/// Passes both streams on until both have ended, or the command has (`ended` says when) and its heirs are quiet.
pub(super) async fn pass_on(stdout: ChildStdout, stderr: ChildStderr, tail: Arc<Mutex<Tail>>, ended: watch::Receiver<Option<Instant>>) {
    let mut out = own(std::io::stdout()).map(|writer| (stdout, writer));
    let mut err = own(std::io::stderr()).map(|writer| (stderr, writer));
    let (mut out_piece, mut err_piece) = (vec![0; PIECE], vec![0; PIECE]);
    while out.is_some() || err.is_some() {
        tokio::select! {
            read = read(&mut out, &mut out_piece), if out.is_some() => hand_on(&mut out, Stream::Out, &out_piece[..read], &tail).await,
            read = read(&mut err, &mut err_piece), if err.is_some() => hand_on(&mut err, Stream::Err, &err_piece[..read], &tail).await,
            () = quiet(ended.clone()) => return,
        }
    }
}

/// A descriptor of ours, written to without the buffer that the program's own words would go through; `None` where it is closed.
fn own(stream: impl AsFd) -> Option<File> {
    let descriptor = stream.as_fd().try_clone_to_owned().ok()?;
    Some(File::from_std(std::fs::File::from(descriptor)))
}

async fn read<R: AsyncRead + Unpin, W>(stream: &mut Option<(R, W)>, piece: &mut [u8]) -> usize {
    match stream {
        // A pipe that cannot be read has ended.
        Some((reader, _)) => reader.read(piece).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

async fn hand_on<R, W: AsyncWrite + Unpin>(stream: &mut Option<(R, W)>, which: Stream, piece: &[u8], tail: &Mutex<Tail>) {
    let Some((_, writer)) = stream else { return };
    let written = if piece.is_empty() {
        false
    } else {
        tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(which, piece);
        writer.write_all(piece).await.is_ok() && writer.flush().await.is_ok()
    };
    if !written {
        // Closing our end tells the command what happened to it, as without us in between.
        *stream = None;
    }
}

async fn quiet(mut ended: watch::Receiver<Option<Instant>>) {
    let at = match ended.wait_for(Option::is_some).await {
        Ok(ended) => *ended,
        Err(_) => None,
    };
    let now = Instant::now();
    sleep_until((now + QUIET).min(at.unwrap_or(now) + ENOUGH)).await;
}
