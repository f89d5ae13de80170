-- Filters of Logs that somebody has given a name; at most one of each opens first.
create table saved_view (
    id integer primary key autoincrement,
    account_id integer not null references account (id) on delete cascade,
    name text not null,
    query text not null,
    is_default integer not null
);
create unique index saved_view_name on saved_view (account_id, name);
