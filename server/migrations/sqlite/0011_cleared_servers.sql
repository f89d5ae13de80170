-- Whose row it was: who may not see a server is not told that rows of it were cleared. Unknown for rows that were cleared before.
alter table cleared_row add column server_id integer;
