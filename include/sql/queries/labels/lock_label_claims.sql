-- Two reviewers who ask at once must not be given the same labels.
select pg_advisory_xact_lock(%(lock_number)s)
