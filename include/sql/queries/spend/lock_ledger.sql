-- Caps, free units and turns are exact because reservations of one feature queue up here. It must
-- be a statement of its own: the next one then sees what the one before it has committed.
select pg_advisory_xact_lock(hashtextextended('ledger/' || %(provider)s || '/' || %(feature)s, 0));
