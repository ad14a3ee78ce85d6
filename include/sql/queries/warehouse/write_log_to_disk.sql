-- Something to commit, which waits for all of the log before it: on the disk, and, where there are
-- standbys to wait for, on theirs.
select pg_logical_emit_message(true, 'sightscan', '')
