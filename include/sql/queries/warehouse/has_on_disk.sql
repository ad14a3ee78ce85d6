select pg_current_wal_flush_lsn() >= %(log_end)s::pg_lsn as is_on_disk
