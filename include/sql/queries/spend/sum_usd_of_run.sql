select
    call.vision_usd,
    call.places_usd,
    (
        select coalesce(sum(session_cost.cost_usd), 0)
        from core.session_cost
        where
            session_cost.dag_id = %(dag_id)s
            and session_cost.run_id = %(run_id)s
    )::double precision as gpu_usd
from (
    select
        coalesce(sum(ledger_entry.price_usd) filter (where ledger_entry.provider = 'google_vision'), 0)::double precision
            as vision_usd,
        coalesce(sum(ledger_entry.price_usd) filter (where ledger_entry.provider <> 'google_vision'), 0)::double precision
            as places_usd
    from core.ledger_entry
    where
        ledger_entry.dag_id = %(dag_id)s
        and ledger_entry.run_id = %(run_id)s
        and ledger_entry.is_billed
) as call;
