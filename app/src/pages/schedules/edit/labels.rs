//! The fields by the names that people know them by.

/// What a field is called on the form.
pub fn label_of(field: &str) -> String {
    let (name, n) = match field.split_once('[') {
        Some((name, n)) => (name, n.trim_end_matches(']').parse::<usize>().ok()),
        None => (field, None),
    };
    let label = match name {
        "name" => "Name",
        "server_id" => "Server",
        "cron" => "Cron",
        "timezone" => "Time zone",
        "grace_minutes" => "Grace",
        "long_run_hours" => "Long run",
        "target_hours" => "Target",
        "files" => "What is backed up",
        "files.sources" => "Source",
        "files.destination" => "Destination of files",
        "files.excludes" => "Exclude",
        "files.keep_points" => "Keep points of files",
        "files.bandwidth_kbps" => "Limit",
        "files.extra_args" => "Further arguments",
        "mysql.databases" => "Database",
        "mysql.defaults_file" => "Defaults file",
        "mysql.destination" => "Destination of MySQL",
        "mysql.keep_points" => "Keep points of MySQL",
        "command.source_type" | "watch.source_type" => "Type",
        "command.command" => "Command",
        "command.success_codes" => "Codes of success",
        "command.warning_codes" => "Codes of a warning",
        "watch" => "How the job is recognised",
        "watch.screen" => "Screen session",
        "watch.process" => "Process",
        "watch.log" => "Log",
        "watch.exit_file" => "Exit file",
        other => other,
    };
    n.map_or_else(|| label.to_owned(), |n| format!("{label} {}", n + 1))
}
