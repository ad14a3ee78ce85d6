-- Models of a city are registered and put in place one at a time; the lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('sightscan.model.' || %(city_id)s, 0))
