-- One run of the checks at a time, until the commit.
select pg_advisory_xact_lock(%(lock_number)s);
