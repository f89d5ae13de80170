-- Each row's hash covers its content and the hash before it; the head keeps the last.
alter table log_entry add column hash bytea;
alter table log_head add column last_hash bytea;

-- What stays of a row that was cleared: the hash of its content, and the row that tells of the clearing.
create table cleared_row (
    id bigint primary key,
    leaf bytea not null,
    tombstone bigint not null
);
create index cleared_row_tombstone on cleared_row (tombstone, id);
