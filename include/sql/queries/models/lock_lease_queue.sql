-- Instances are given away one decision at a time; the lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('sightscan.lease_queue', 0))
