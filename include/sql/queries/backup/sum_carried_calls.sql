-- What this transaction has added or renewed.
select
    count(*) as calls,
    coalesce(sum(ledger_entry.price_usd) filter (where ledger_entry.is_billed), 0)::double precision as usd
from core.paid_call
inner join core.ledger_entry on paid_call.call_id = ledger_entry.call_id
where paid_call.changed_at > now()
