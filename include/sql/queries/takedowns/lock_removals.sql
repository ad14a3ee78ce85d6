-- One take-down at a time, and none while photos, labels or datasets are being stored. It must be a
-- statement of its own: the next one then sees what was committed before it.
select pg_advisory_xact_lock(hashtextextended('sightscan.removal', 0));
