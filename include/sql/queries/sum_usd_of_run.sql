select
    call.vision_usd,
    call.places_usd,
    (
        select
            coalesce(
                sum(
                    extract(epoch from coalesce(instance_session.stopped_at, now()) - instance_session.running_at)
                    / 3600 * instance_session.price_per_hour_usd
                ),
                0
            )
        from core.instance_session
        where
            instance_session.dag_id = %(dag_id)s
            and instance_session.run_id = %(run_id)s
            and instance_session.running_at is not null
    )::double precision as gpu_usd
from (
    select
        coalesce(sum(paid_call.price_usd) filter (where paid_call.provider = 'google_vision'), 0)::double precision
            as vision_usd,
        coalesce(sum(paid_call.price_usd) filter (where paid_call.provider <> 'google_vision'), 0)::double precision
            as places_usd
    from core.paid_call
    where
        paid_call.dag_id = %(dag_id)s
        and paid_call.run_id = %(run_id)s
        and paid_call.state in ('reserved', 'succeeded', 'unknown')
        and not paid_call.is_taken_over
) as call;
