//! Figures of the panel for a monitoring system (`/metrics`), in the text format of Prometheus.

use std::fmt::{Display, Write as _};

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::api::Problem;
use crate::state::Panel;
use crate::store::log;

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the stream does.
pub async fn metrics(State(panel): State<Panel>) -> Result<impl IntoResponse, Problem> {
    let head = log::head(&panel.database).await?;
    let (clients, done) = (panel.hub.clients(), panel.hub.tally().figures());
    let mut page = Page::default();
    page.gauge("build_info", "1, with the version as a label.", format_args!("{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
    page.gauge("trail_head", "The highest id of the audit trail.", Value(head));
    page.gauge("stream_clients", "Streams that are open.", Value(clients.all));
    page.gauge("stream_clients_behind", "Of these, those that have yet to be told of the newest rows.", Value(clients.behind));
    page.gauge("stream_lag_rows", "Rows between the end of the trail and the client that is furthest behind.", Value(clients.lag_rows));
    page.gauge("stream_queue_bytes", "Sent to clients that have not taken it yet.", Value(clients.waiting_bytes));
    page.counter("stream_rows_total", "Rows told, each once for each client.", done.rows);
    page.counter("stream_rows_from_database_total", "Of these, rows read for clients that were far behind.", done.rows_from_database);
    page.counter("stream_rounds_total", "How often all clients that keep up were told what was new.", done.rounds);
    page.gauge("stream_last_round_seconds", "How long that took the last time.", Value(done.last_round.as_secs_f64()));
    Ok(([(header::CONTENT_TYPE, FORMAT)], page.text))
}

/// A figure without labels.
struct Value<T>(T);

impl<T: Display> Display for Value<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, " {}", self.0)
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.put(name, "gauge", help, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.put(name, "counter", help, Value(value));
    }

    fn put(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        // Writing to a string does not fail.
        write!(self.text, "# HELP tailback_{name} {help}\n# TYPE tailback_{name} {kind}\ntailback_{name}{value}\n").ok();
    }
}
