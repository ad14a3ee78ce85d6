-- What stands, and images that were sent and refused: as reserve_calls counts.
select
    (
        select coalesce(sum(ledger_entry.unit_count), 0)
        from core.ledger_entry
        where
            ledger_entry.city_id = %(city_id)s
            and ledger_entry.provider = %(provider)s
            and ledger_entry.feature = %(feature)s
            and ledger_entry.counts_against_cap
    )::bigint as by_city,
    (
        select coalesce(sum(ledger_entry.unit_count), 0)
        from core.ledger_entry
        where
            ledger_entry.provider = %(provider)s
            and ledger_entry.feature = %(feature)s
            and ledger_entry.reserved_at >= date_trunc('month', now(), 'UTC')
            and ledger_entry.counts_against_cap
    )::bigint as this_month,
    (
        select coalesce(sum(ledger_entry.unit_count), 0)
        from core.ledger_entry
        where
            ledger_entry.dag_id = %(dag_id)s
            and ledger_entry.run_id = %(run_id)s
            and ledger_entry.provider = %(provider)s
            and ledger_entry.feature = %(feature)s
            and ledger_entry.counts_against_cap
    )::bigint as by_run,
    (
        select coalesce(sum(ledger_entry.unit_count), 0)
        from core.ledger_entry
        where
            ledger_entry.provider = %(provider)s
            and ledger_entry.feature = %(feature)s
            and ledger_entry.counts_against_cap
    )::bigint as in_all;
