-- A city's calls by what became of them; calls that may be sent again are a line of their own.
select
    case
        when ledger_entry.is_taken_over then 'taken over'
        when ledger_entry.resend_allowed_at is not null then 'unknown, may be sent again'
        when ledger_entry.state = 'unknown' then 'unknown, not sent again'
        else ledger_entry.state
    end as state,
    sum(ledger_entry.unit_count)::bigint as units,
    coalesce(sum(ledger_entry.price_usd) filter (where ledger_entry.is_billed), 0)::double precision as usd
from core.ledger_entry
where
    ledger_entry.city_id = %(city_id)s
    and ledger_entry.provider = %(provider)s
    and ledger_entry.feature = %(feature)s
group by 1
order by 1;
