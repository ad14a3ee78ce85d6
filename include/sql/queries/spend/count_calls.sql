-- Up to an hour ago: whoever reserves is done with it long before, so nothing is missing; and what
-- was reserved by then can only become less.
select
    now() - interval '1 hour' as until_at,
    coalesce(sum(ledger_entry.unit_count), 0)::bigint as units
from core.ledger_entry
where
    ledger_entry.provider = %(provider)s
    and ledger_entry.feature = %(feature)s
    and ledger_entry.reserved_at < now() - interval '1 hour'
    and ledger_entry.counts_against_cap;
