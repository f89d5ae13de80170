//! Who the server is: the key exchange, the fingerprint of its key, and the comparison with the pinned one.
//!
//! Pinning itself, asking a person and storing the answer are left to others.

use std::sync::Arc;
use std::time::Duration;

use app::model::HostKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ssh2::{HashType, MethodType, Session};
use tokio::sync::oneshot;

use super::wire::{Wire, on_own_thread};
use super::{Deadlines, SshError, Stage, dial};

/// A server with several keys shows the first of these that it has. The order is part of what is pinned: changed, it makes such
/// servers look like strangers. SHA-1 (`ssh-rsa`) and DSA are not spoken.
const ALGORITHMS: &str = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";

/// The key that a server shows, without signing in: what first contact puts before a person.
pub async fn fetch_host_key(host: &str, port: u16, deadlines: &Deadlines) -> Result<HostKey, SshError> {
    let (wire, deadline) = dial::reach(host, port, deadlines).await?;
    let (reply, answer) = oneshot::channel();
    let timeout = deadlines.handshake;
    on_own_thread({
        let wire = Arc::clone(&wire);
        move || {
            let result = exchange_keys(&wire, timeout).and_then(|session| {
                let _cut_before_the_session_drops = wire.cut_on_drop();
                offered(&session)
            });
            // The caller may have stopped waiting.
            let _unheard = reply.send(result);
        }
    })?;
    wire.answer(deadline, answer).await
}

/// Blocks; the caller holds the deadline and `timeout` is the second net.
pub(super) fn exchange_keys(wire: &Wire, timeout: Duration) -> Result<Session, SshError> {
    let failed = |source| SshError::from_ssh2(Stage::Handshake, source);
    let mut session = Session::new().map_err(failed)?;
    Wire::spread_second_net(&session, timeout);
    session.method_pref(MethodType::HostKey, ALGORITHMS).map_err(failed)?;
    session.set_tcp_stream(wire.stream());
    let result = session.handshake().map_err(failed);
    if result.is_err() {
        wire.cut();
    }
    result.map(|()| session)
}

/// To be called before anything that signs in.
pub(super) fn verify(session: &Session, pinned: Option<&HostKey>) -> Result<(), SshError> {
    let offered = offered(session)?;
    match pinned {
        Some(pinned) if *pinned == offered => Ok(()),
        Some(pinned) => Err(SshError::HostKeyChanged { pinned: pinned.clone(), offered }),
        None => Err(SshError::HostKeyUnknown { offered }),
    }
}

fn offered(session: &Session) -> Result<HostKey, SshError> {
    session
        .host_key_hash(HashType::Sha256)
        .and_then(|hash| format!("SHA256:{}", STANDARD_NO_PAD.encode(hash)).parse().ok())
        .ok_or(SshError::Lost { stage: Stage::Handshake, source: None })
}
