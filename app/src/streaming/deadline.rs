//! Questions that end: a line that has died without a word keeps a browser waiting for minutes.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use js_sys::Promise;
use leptos::prelude::window;
use wasm_bindgen_futures::JsFuture;

use crate::error::AppError;

/// An answer that has not come by then does not come.
const WITHIN_MILLIS: i32 = 10_000;

/// The answer, or that there was none in time. Only in the browser.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
    let mut answer = pin!(answer);
    let mut over = JsFuture::from(Promise::new(&mut |resolve, _| {
        drop(window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, WITHIN_MILLIS));
    }));
    poll_fn(|context| match answer.as_mut().poll(context) {
        Poll::Pending => Pin::new(&mut over).poll(context).map(|_| Err(AppError::Unreachable("no answer in time".to_owned()))),
        answer @ Poll::Ready(_) => answer,
    })
    .await
}
