-- Up to the last call that is there: reservations of one feature queue up, so none that is still to
-- be committed has a lower number; and what was reserved by then can only become less. Numbers, not
-- times: a clock that steps back would stamp new calls as if they had been counted.
select
    (
        select coalesce(max(ledger_entry.call_id), 0)
        from core.ledger_entry
        where
            ledger_entry.provider = %(provider)s
            and ledger_entry.feature = %(feature)s
    ) as until_call_id,
    (
        select coalesce(sum(ledger_entry.unit_count), 0)::bigint
        from core.ledger_entry
        where
            ledger_entry.provider = %(provider)s
            and ledger_entry.feature = %(feature)s
            and ledger_entry.counts_against_cap
    ) as units;
