//! One WebSocket to the stream: reads frames, says when it closed, and closes when dropped. Browser only.

use leptos::logging;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use crate::model::Frame;

/// What a socket has to say.
pub(super) enum Heard {
    Frame(Frame),
    /// Something that this build does not understand.
    Unreadable,
    /// With the code that the other end gave.
    Closed(u16),
}

/// An open (or opening) socket.
pub(super) struct Socket {
    inner: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens the stream after this row, of the rows that pass a filter.
    pub(super) fn open(after: i64, filter: &str, hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(&stream_url(after, filter)?)?;
        let hear_frame = hear.clone();
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let Some(text) = event.data().as_string() else { return };
            // Read as bytes, like everything else: the browser then carries one reader for each type instead of two.
            match serde_json::from_slice(text.as_bytes()) {
                Ok(frame) => hear_frame(Heard::Frame(frame)),
                Err(error) => {
                    logging::warn!("the stream: {error}");
                    hear_frame(Heard::Unreadable);
                }
            }
        });
        let on_close = Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| hear(Heard::Closed(event.code())));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { inner: socket, _on_message: on_message, _on_close: on_close })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        // Closing a socket that is already closed does nothing.
        drop(self.inner.close());
    }
}

fn stream_url(after: i64, filter: &str) -> Result<String, JsValue> {
    let location = leptos::prelude::window().location();
    let scheme = if location.protocol()? == "https:" { "wss" } else { "ws" };
    let filter = if filter.is_empty() { String::new() } else { format!("&{filter}") };
    Ok(format!("{scheme}://{}/api/v1/logs/stream?monitor=true&after={after}{filter}", location.host()?))
}
