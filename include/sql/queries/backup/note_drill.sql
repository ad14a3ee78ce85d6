insert into core.restore_drill (file_name, started_at, finished_at, row_count, problem)
values (%(file_name)s, %(started_at)s, greatest(now(), %(started_at)s), %(row_count)s, %(problem)s)
