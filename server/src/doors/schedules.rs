//! Schedules: list, form, one schedule.
