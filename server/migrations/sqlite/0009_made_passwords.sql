-- Until when a password that the panel has made is good; null: its owner has chosen it.
alter table account add column password_until integer;
