//! Schedules. Documents.
