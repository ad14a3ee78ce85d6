-- Whoever stores photos, labels or datasets: at once with each other, not with a take-down.
select pg_advisory_xact_lock_shared(hashtextextended('sightscan.removal', 0));
