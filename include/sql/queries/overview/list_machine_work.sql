-- Of instances, what runs on them: the training of the run that holds each, with its curve, and what it costs.
select
    machine.instance_id,
    training_run.dataset_version,
    training_run.state as training_state,
    training_run.started_at as training_started_at,
    training_run.error as training_error,
    instance_session.price_per_hour_usd::double precision as price_per_hour_usd,
    instance_session.instance_type,
    session.usd::double precision as session_usd,
    holder.usd::double precision as run_usd,
    case jsonb_typeof(training_run.request -> 'epochs')
        when 'number' then (training_run.request ->> 'epochs')::integer
    end as asked_epoch_count,
    case jsonb_typeof(training_run.epoch_metrics)
        when 'array' then jsonb_array_length(training_run.epoch_metrics)
    end as epoch_count,
    case jsonb_typeof(training_run.epoch_metrics)
        when 'array' then jsonb_path_query_array(training_run.epoch_metrics, '$[last - 499 to last].val_map50')
    end as curve
from unnest(%(instance_ids)s::text[]) as machine (instance_id)
left join core.instance_lease
    on
        machine.instance_id = instance_lease.instance_id
        and instance_lease.city_id is not null
left join core.training_run
    on
        instance_lease.dag_id = training_run.dag_id
        and instance_lease.run_id = training_run.run_id
left join core.instance_session
    on
        machine.instance_id = instance_session.instance_id
        and instance_session.stopped_at is null
left join
    lateral (
        select sum(session_cost.cost_usd) as usd
        from core.session_cost
        where session_cost.session_id = instance_session.session_id
    ) as session
    on true
left join
    lateral (
        select sum(session_cost.cost_usd) as usd
        from core.session_cost
        where
            session_cost.dag_id = instance_lease.dag_id
            and session_cost.run_id = instance_lease.run_id
    ) as holder
    on true
