with calls as (
    select
        coalesce(sum(paid_call.unit_count), 0) as paid_calls,
        coalesce(sum(paid_call.price_usd), 0) as spend_usd
    from core.paid_call
    where
        paid_call.dag_id = %(dag_id)s
        and paid_call.run_id = %(run_id)s
        and paid_call.state in ('reserved', 'succeeded', 'unknown')
),

sessions as (
    select
        coalesce(
            sum(
                extract(epoch from coalesce(instance_session.stopped_at, now()) - instance_session.running_at)
                / 3600 * instance_session.price_per_hour_usd
            ),
            0
        ) as spend_usd
    from core.instance_session
    where
        instance_session.dag_id = %(dag_id)s
        and instance_session.run_id = %(run_id)s
        and instance_session.running_at is not null
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
