-- Datasets of a city are frozen one at a time; the lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('sightscan.dataset.' || %(city_id)s, 0))
