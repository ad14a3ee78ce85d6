-- One writer of the snapshot at a time: the next then reads what the one before it has read, or newer.
select pg_advisory_xact_lock(hashtextextended('sightscan.snapshot', 0))
