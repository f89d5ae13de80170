-- How many rows there are of whatever type of source, so that an answer is added up from fewer headings: levels 3 (all rows) and 4
-- (those of a server) are 0 and 1 without the type.
insert into log_summary (level, span, schedule_id, server_id, bucket, status, source_type, n)
select level + 3, span, schedule_id, server_id, bucket, status, 0, sum(n) from log_summary
where level in (0, 1) group by level, span, schedule_id, server_id, bucket, status;
