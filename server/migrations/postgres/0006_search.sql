-- What makes the trail quick to search. All of it is made from log_entry, a moment later, by whoever follows it; rows
-- beyond the marks are read as they are.
create table log_index (
    singleton bigint primary key check (singleton = 1),
    -- Rows up to here are in log_summary and log_day, with days of this zone.
    counted_to bigint not null,
    zone text not null,
    -- Rows up to here are in log_words.
    words_to bigint not null
);
insert into log_index (singleton, counted_to, zone, words_to) values (1, 0, '', 0);

-- The days that have rows: local days by number (of days since 1970-01-01), where they begin and end, and between which ids their
-- rows are.
create table log_day (
    day bigint primary key,
    start_at bigint not null,
    end_at bigint not null,
    first_id bigint not null,
    last_id bigint not null
);

-- How many rows: of all (schedule and server 0), of each server (schedule 0), of each schedule; in each day (span 0) and in
-- each month (span 1, under its first day). What has no server or schedule counts under 0 of the widest level only.
create table log_summary (
    level bigint not null,
    span bigint not null,
    schedule_id bigint not null,
    server_id bigint not null,
    bucket bigint not null,
    status bigint not null,
    source_type bigint not null,
    n bigint not null,
    primary key (level, span, schedule_id, server_id, bucket, status, source_type)
);

-- The words of messages, one row for each row of log_entry, as server/src/store/search.rs writes them.
create table log_words (
    id bigint primary key,
    words tsvector not null
);
create index log_words_words on log_words using gin (words);

create index log_entry_server_status on log_entry (server_id, status, id);
