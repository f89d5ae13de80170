alter table schedule add column long_run_hours text not null default '[24,36]';
alter table schedule add column target_hours bigint;
alter table schedule add column command text;
alter table schedule add column watch text;
-- What the last look at a watched job found: its exit file and its log, so that only what is new begins a run.
alter table schedule add column watch_seen text;

-- How the run ended. The state says more later: a run whose point is gone is expired, and still was a good one.
alter table run add column outcome bigint;
-- Its directory on the server has been removed.
alter table run add column swept bigint not null default 0;
-- The trail has said that a reported run is silent.
alter table run add column told_silent bigint not null default 0;
update run set outcome = state where state in (4, 5, 6, 8, 10);
create index run_last_good on run (schedule_id, source_type, finished_at) where outcome = 4;
create index run_point on run (schedule_id, source_type, point) where state in (4, 5);
create index run_unswept on run (server_id, finished_at) where swept = 0 and start_sent = 1;

-- Seconds by which the server's clock is ahead of the panel's.
alter table server add column clock_skew_s bigint;

-- What was found where a schedule keeps its points.
create table destination (
    schedule_id bigint not null references schedule (id),
    source_type bigint not null,
    path text not null,
    checked_at bigint not null,
    total_bytes bigint,
    free_bytes bigint,
    points bigint,
    newest_point text,
    leftovers text not null,
    error text,
    primary key (schedule_id, source_type)
);

-- The end of what a run has printed, while it is not over and its server cannot be asked: reported runs.
create table run_output (
    run_id text primary key references run (id),
    size bigint not null,
    tail bytea not null
);

-- A token that may only report runs of this schedule.
alter table api_token add column schedule_id bigint references schedule (id);
