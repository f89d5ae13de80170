-- Times are UTC milliseconds. Enums are numbers whose meanings are in app::model and never change.

create table server (
    id integer primary key autoincrement,
    name text not null,
    host text not null,
    port integer not null,
    username text not null,
    region text,
    account text,
    private_key blob,
    host_key text,
    link_state integer not null default 0,
    link_since integer,
    link_checked_at integer,
    link_error text,
    link_told_at integer,
    created_at integer not null,
    deleted_at integer
);
create unique index server_name on server (name) where deleted_at is null;

create table schedule (
    id integer primary key autoincrement,
    server_id integer not null references server (id),
    name text not null,
    kind integer not null,
    enabled integer not null,
    cron text,
    timezone text,
    catch_up integer not null,
    grace_minutes integer not null,
    files text,
    mysql text,
    due_after integer not null,
    created_at integer not null,
    deleted_at integer
);
create unique index schedule_name on schedule (name) where deleted_at is null;

create table run (
    id text primary key,
    schedule_id integer not null references schedule (id),
    server_id integer not null references server (id),
    source_type integer not null,
    trigger_kind integer not null,
    state integer not null,
    due_at integer,
    created_at integer not null,
    start_by integer not null,
    start_sent integer not null default 0,
    started_at integer,
    finished_at integer,
    exit_code integer,
    bytes_done integer,
    bytes_total integer,
    bytes_written integer,
    files_done integer,
    files_total integer,
    files_written integer,
    point text,
    error text,
    progress text,
    checked_at integer,
    stop_by text,
    stop_at integer,
    told_hours integer not null default 0,
    job text not null
);
-- A due time begins one run of each type, whoever handles it and however often.
create unique index run_due on run (schedule_id, source_type, due_at) where due_at is not null;
-- A schedule that is running is not started again (created, queued, running, canceling).
create unique index run_active on run (schedule_id, source_type) where state in (1, 2, 3, 7);
create index run_server_active on run (server_id) where state in (1, 2, 3, 7);
create index run_schedule on run (schedule_id, id);

-- The last id that was given to a row of the trail. Whoever appends holds this row until commit.
create table log_head (
    singleton integer primary key check (singleton = 1),
    last_id integer not null
);
insert into log_head (singleton, last_id) values (1, 0);

create table log_entry (
    id integer primary key,
    at integer not null,
    status integer not null,
    source_type integer not null,
    server_id integer,
    schedule_id integer,
    run_id text,
    point text,
    duration_s integer,
    message text not null,
    detail blob,
    exit_code integer,
    year integer not null,
    month integer not null,
    day integer not null
);
create index log_entry_at on log_entry (at, id);
create index log_entry_status on log_entry (status, id);
create index log_entry_server on log_entry (server_id, id);
create index log_entry_schedule on log_entry (schedule_id, id);
create index log_entry_run on log_entry (run_id, id) where run_id is not null;

create table account (
    id integer primary key autoincrement,
    username text not null unique,
    password_hash text not null,
    role text not null,
    enabled integer not null default 1,
    created_at integer not null
);

-- Only hashes of session cookies, tokens and links are kept.
create table session (
    hash blob primary key,
    account_id integer not null references account (id) on delete cascade,
    created_at integer not null,
    expires_at integer not null
);

create table api_token (
    id integer primary key autoincrement,
    account_id integer not null references account (id) on delete cascade,
    name text not null,
    hash blob not null unique,
    created_at integer not null,
    expires_at integer,
    last_used_at integer
);

create table sign_in_link (
    hash blob primary key,
    account_id integer references account (id) on delete cascade,
    expires_at integer not null,
    used_at integer
);
