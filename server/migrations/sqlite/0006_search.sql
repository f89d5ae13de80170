-- What makes the trail quick to search. All of it is made from log_entry, a moment later, by whoever follows it; rows
-- beyond the marks are read as they are.
create table log_index (
    singleton integer primary key check (singleton = 1),
    -- Rows up to here are in log_summary and log_day, with days of this zone.
    counted_to integer not null,
    zone text not null,
    -- Rows up to here are in log_words.
    words_to integer not null
);
insert into log_index (singleton, counted_to, zone, words_to) values (1, 0, '', 0);

-- The days that have rows: local days by number (of days since 1970-01-01), where they begin and end, and between which ids their
-- rows are.
create table log_day (
    day integer primary key,
    start_at integer not null,
    end_at integer not null,
    first_id integer not null,
    last_id integer not null
);

-- How many rows: of all (schedule and server 0), of each server (schedule 0), of each schedule; in each day (span 0) and in
-- each month (span 1, under its first day). What has no server or schedule counts under 0 of the widest level only.
create table log_summary (
    level integer not null,
    span integer not null,
    schedule_id integer not null,
    server_id integer not null,
    bucket integer not null,
    status integer not null,
    source_type integer not null,
    n integer not null,
    primary key (level, span, schedule_id, server_id, bucket, status, source_type)
) without rowid;

-- The words of messages, one row for each row of log_entry, as server/src/store/search.rs writes them.
create virtual table log_words using fts5 (words, content = '', contentless_delete = 1, tokenize = "ascii tokenchars '_'");

create index log_entry_server_status on log_entry (server_id, status, id);
