-- What users may do, under a name. A role without permissions is built in: the panel itself knows what it allows.
create table role (
    id integer primary key autoincrement,
    name text not null unique,
    permissions text,
    created_at integer not null default 0
);
insert into role (name) values ('admin'), ('operator'), ('viewer');

-- Whoever changes users, roles or tokens holds this row until commit: two administrators cannot take each other's role away
-- at the same time.
create table people_lock (
    singleton integer primary key check (singleton = 1),
    changes integer not null
);
insert into people_lock (singleton, changes) values (1, 0);

alter table account add column role_id integer references role (id);
update account set role_id = coalesce((select r.id from role r where r.name = account.role), (select r.id from role r where r.name = 'viewer'));
alter table account drop column role;
create index account_role on account (role_id);
alter table account add column email text;
alter table account add column password_changed_at integer;
-- Sealed. It counts once a code of it has been shown.
alter table account add column totp_secret blob;
alter table account add column totp_confirmed_at integer;
-- The last step whose code was used: no code is good twice.
alter table account add column totp_step integer not null default 0;

-- The servers a user is limited to; none = all.
create table account_server (
    account_id integer not null references account (id) on delete cascade,
    server_id integer not null references server (id),
    primary key (account_id, server_id)
);

-- Only hashes.
create table recovery_code (
    account_id integer not null references account (id) on delete cascade,
    hash blob not null,
    used_at integer,
    primary key (account_id, hash)
);

-- Somebody who has given the right password and owes a code.
create table pending_sign_in (
    hash blob primary key,
    account_id integer not null references account (id) on delete cascade,
    expires_at integer not null,
    attempts integer not null default 0
);

alter table session add column last_seen_at integer not null default 0;
alter table session add column address text not null default '';
alter table session add column browser text not null default '';
update session set last_seen_at = created_at;
create index session_account on session (account_id);

-- What a token may do, as far as its owner may; null = whatever the owner may.
alter table api_token add column permissions text;
create index api_token_account on api_token (account_id);

-- The servers a token is limited to; none = its owner's.
create table token_server (
    token_id integer not null references api_token (id) on delete cascade,
    server_id integer not null references server (id),
    primary key (token_id, server_id)
);
