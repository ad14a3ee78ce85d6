-- Runs that start at once are estimated one after the other, so that each sees what the others may
-- spend. A statement of its own: the next one then sees what the one before it has committed.
select pg_advisory_xact_lock(hashtextextended('budget', 0));
