-- A hash of all that is kept of a cleared row and of the chain up to it, by which damage to it is found where it is. What was cleared
-- before has none.
alter table cleared_row add column seal blob;
