//! The two directions of a WebSocket. What goes out is shared bytes, written without waiting by whoever has something to say; what
//! comes in are answers to pings, and goodbyes.

use std::collections::VecDeque;
use std::io::{Cursor, ErrorKind};

use axum::body::Bytes;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, OpCode};

use super::wire::MOST_OF_CONTROL;

/// Clients only answer pings: what is longer is a mistake or worse.
const MOST_HEARD: u64 = 4096;

/// Read at a time.
const READ: usize = 1024;

/// A client that cannot be spoken to any more.
#[derive(Debug, thiserror::Error)]
#[error("the client went away")]
pub(super) struct Gone;

/// What is on its way to a client that has not taken it yet.
#[derive(Default)]
pub(super) struct Outgoing {
    waiting: VecDeque<Bytes>,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.waiting.iter().map(|frame| frame.len() as u64).sum()
    }

    /// Sends a frame after those that wait, as far as the client takes it now.
    pub(super) fn send(&mut self, stream: &TcpStream, frame: Bytes) -> Result<(), Gone> {
        let blocked = !self.is_empty();
        self.waiting.push_back(frame);
        if blocked { Ok(()) } else { self.flush(stream) }
    }

    /// Sends what waits, as far as the client takes it now.
    pub(super) fn flush(&mut self, stream: &TcpStream) -> Result<(), Gone> {
        while let Some(next) = self.waiting.front_mut() {
            match stream.try_write(next) {
                Ok(sent) if sent == next.len() => drop(self.waiting.pop_front()),
                Ok(sent) => drop(next.split_to(sent)),
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Gone),
            }
        }
        if self.waiting.capacity() > 8 {
            // Thousands of idle clients keep nothing of their busy hours.
            self.waiting = VecDeque::new();
        }
        Ok(())
    }
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Asks for this back.
    Ping(Vec<u8>),
    /// Anything that shows it is there.
    Sign,
    Close,
    /// What no client of this stream says.
    Nonsense,
}

/// What has come from a client and is not a whole frame yet.
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// Bytes of a frame that are still to come and do not matter.
    to_skip: u64,
}

impl Incoming {
    /// `early` came with the request.
    pub(super) fn new(early: &[u8]) -> Self {
        Self { bytes: early.to_vec(), to_skip: 0 }
    }

    /// What came with the request.
    pub(super) fn early(&mut self) -> Vec<Heard> {
        self.take(&[])
    }

    /// Reads what has arrived.
    pub(super) fn read(&mut self, stream: &TcpStream) -> Result<Vec<Heard>, Gone> {
        let mut some = [0; READ];
        match stream.try_read(&mut some) {
            Ok(0) => Err(Gone),
            Ok(count) => Ok(self.take(&some[..count])),
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(_) => Err(Gone),
        }
    }

    fn take(&mut self, some: &[u8]) -> Vec<Heard> {
        self.bytes.extend_from_slice(some);
        let mut heard = Vec::new();
        loop {
            let skipped = self.bytes.len().min(usize::try_from(self.to_skip).unwrap_or(usize::MAX));
            self.bytes.drain(..skipped);
            self.to_skip -= skipped as u64;
            let mut cursor = Cursor::new(&self.bytes);
            let (header, length) = match FrameHeader::parse(&mut cursor) {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(_) => return vec![Heard::Nonsense],
            };
            let begin = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
            let is_control = matches!(header.opcode, OpCode::Control(_));
            if header.rsv1 || header.rsv2 || header.rsv3 || (is_control && !header.is_final) {
                return vec![Heard::Nonsense];
            }
            let most = if is_control { MOST_OF_CONTROL as u64 } else { MOST_HEARD };
            let Some(mask) = header.mask.filter(|_| length <= most) else {
                return vec![Heard::Nonsense];
            };
            if !is_control {
                self.bytes.drain(..begin);
                self.to_skip = length;
                heard.push(Heard::Sign);
                continue;
            }
            let end = begin + usize::try_from(length).unwrap_or(usize::MAX);
            if self.bytes.len() < end {
                break;
            }
            let payload = self.bytes[begin..end].iter().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            self.bytes.drain(..end);
            heard.push(match header.opcode {
                OpCode::Control(Control::Close) => Heard::Close,
                OpCode::Control(Control::Ping) => Heard::Ping(payload),
                _ => Heard::Sign,
            });
        }
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

    use super::*;

    fn masked(mut frame: Frame) -> Vec<u8> {
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        let mut bytes = Vec::new();
        frame.format(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_a_client_says_is_understood_in_pieces_of_any_size() {
        let said: Vec<u8> = [
            Frame::pong("x"),
            Frame::message("a".repeat(3000), OpCode::Data(Data::Text), true),
            Frame::ping("are you there"),
            Frame::close(None),
        ]
        .into_iter()
        .flat_map(masked)
        .collect();
        for size in [1, 2, 7, 1000, said.len()] {
            let mut incoming = Incoming::new(&[]);
            let heard: Vec<_> = said.chunks(size).flat_map(|piece| incoming.take(piece)).collect();
            assert_eq!(heard, [Heard::Sign, Heard::Sign, Heard::Ping(b"are you there".to_vec()), Heard::Close]);
            assert_eq!(incoming.bytes.capacity(), 0, "an idle client keeps no memory");
        }
    }

    #[test]
    fn what_came_with_the_request_is_not_lost() {
        let mut early = masked(Frame::ping("early"));
        let late = early.split_off(4);
        assert_eq!(Incoming::new(&early).take(&late), [Heard::Ping(b"early".to_vec())]);
    }

    #[test]
    fn nonsense_is_told_from_frames() {
        let unmasked = [0x89, 0];
        let too_long = masked(Frame::message("a".repeat(5000), OpCode::Data(Data::Text), true));
        let long_ping = masked(Frame::ping("a".repeat(126)));
        let reserved = [0x83, 0x80, 0, 0, 0, 0];
        let compressed = [0xc1, 0x80, 0, 0, 0, 0];
        let split_ping = [0x09, 0x80, 0, 0, 0, 0];
        for said in [&unmasked[..], &too_long, &long_ping, &reserved, &compressed, &split_ping] {
            assert_eq!(Incoming::new(&[]).take(said).last(), Some(&Heard::Nonsense), "{:?}", &said[..2]);
        }
    }
}
