-- One clustering at a time of a city (or, with its fixed name, of the clusters that cities share).
select pg_advisory_xact_lock(hashtextextended('sightscan.clustering.' || %(subject)s, 0))
