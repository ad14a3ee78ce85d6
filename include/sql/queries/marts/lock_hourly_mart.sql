select pg_advisory_xact_lock(%(lock_number)s, %(mart_number)s);
