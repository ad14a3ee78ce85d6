-- What the run that trained a model cost so far.
with
call as (
    select
        sum(ledger_entry.unit_count) filter (where ledger_entry.provider = 'google_vision') as image_count,
        sum(ledger_entry.price_usd) filter (where ledger_entry.provider = 'google_vision') as image_usd,
        sum(ledger_entry.price_usd) filter (where ledger_entry.provider <> 'google_vision') as other_usd
    from core.ledger_entry
    where
        ledger_entry.dag_id = %(dag_id)s
        and ledger_entry.run_id = %(run_id)s
        and ledger_entry.is_billed
),

session as (
    select
        sum(session_cost.billed_seconds) as gpu_seconds,
        sum(session_cost.cost_usd) as gpu_usd,
        bool_or(session_cost.stopped_at is null) as is_running
    from core.session_cost
    where
        session_cost.dag_id = %(dag_id)s
        and session_cost.run_id = %(run_id)s
)

select
    coalesce(call.image_count, 0)::integer as image_count,
    coalesce(call.image_usd, 0)::double precision as image_usd,
    coalesce(call.other_usd, 0)::double precision as other_usd,
    coalesce(session.gpu_seconds, 0)::double precision as gpu_seconds,
    coalesce(session.gpu_usd, 0)::double precision as gpu_usd,
    coalesce(session.is_running, false) as is_running
from call
cross join session
