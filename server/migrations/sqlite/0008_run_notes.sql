-- What the checker saw of a run and why it judged it as it did, beside the trail: for whoever asks how a verdict came about.
create table run_note (
    id integer primary key autoincrement,
    run_id text not null references run (id) on delete cascade,
    at integer not null,
    note text not null
);
create index run_note_run on run_note (run_id, id);
