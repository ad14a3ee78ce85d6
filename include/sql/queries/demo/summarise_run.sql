with calls as (
    select
        coalesce(sum(ledger_entry.unit_count), 0) as paid_calls,
        coalesce(sum(ledger_entry.price_usd), 0) as spend_usd
    from core.ledger_entry
    where
        ledger_entry.dag_id = %(dag_id)s
        and ledger_entry.run_id = %(run_id)s
        and ledger_entry.is_billed
),

sessions as (
    select coalesce(sum(session_cost.cost_usd), 0) as spend_usd
    from core.session_cost
    where
        session_cost.dag_id = %(dag_id)s
        and session_cost.run_id = %(run_id)s
)

select
    calls.paid_calls::integer as paid_calls,
    (calls.spend_usd + sessions.spend_usd)::double precision as spend_usd,
    exists(
        select 1
        from core.training_run
        where
            training_run.dag_id = %(dag_id)s
            and training_run.run_id = %(run_id)s
            and training_run.state = 'succeeded'
    ) as is_trained
from calls
cross join sessions;
