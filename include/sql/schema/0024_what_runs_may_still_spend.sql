-- What runs under way may still spend. A run is under way until it has ended, however long ago it was
-- estimated (the reaper ends those that Airflow does not know any more), and while it holds an
-- instance or its instance runs on: ended, refused or not, that costs money.
create view core.spend_under_way as
with holder as (
    select
        instance_lease.dag_id,
        instance_lease.run_id
    from core.instance_lease
    where instance_lease.city_id is not null
    union all
    select
        coalesce(last_use.dag_id, instance_session.dag_id) as dag_id,
        coalesce(last_use.run_id, instance_session.run_id) as run_id
    from core.instance_session
    left join lateral (
        select
            lease_use.dag_id,
            lease_use.run_id
        from core.lease_use
        where lease_use.session_id = instance_session.session_id
        order by lease_use.leased_at desc
        limit 1
    ) as last_use on true
    where instance_session.stopped_at is null
)

select
    spend_estimate.dag_id,
    spend_estimate.run_id,
    spend_estimate.city_id,
    greatest(spend_estimate.most_usd - coalesce(call.usd, 0) - coalesce(session.usd, 0), 0) as left_usd
from core.spend_estimate
left join lateral (
    select sum(ledger_entry.price_usd) as usd
    from core.ledger_entry
    where
        ledger_entry.dag_id = spend_estimate.dag_id
        and ledger_entry.run_id = spend_estimate.run_id
        and ledger_entry.is_billed
) as call on true
left join lateral (
    select sum(session_cost.cost_usd) as usd
    from core.session_cost
    where
        session_cost.dag_id = spend_estimate.dag_id
        and session_cost.run_id = spend_estimate.run_id
) as session on true
where
    (spend_estimate.ended_at is null and spend_estimate.refusal is null)
    or exists (
        select 1
        from holder
        where
            holder.dag_id = spend_estimate.dag_id
            and holder.run_id = spend_estimate.run_id
    );
comment on view core.spend_under_way is 'Runs that may still spend money, and how much at most.';
comment on column core.spend_under_way.dag_id is 'The DAG.';
comment on column core.spend_under_way.run_id is 'The run.';
comment on column core.spend_under_way.city_id is 'The city that pays.';
comment on column core.spend_under_way.left_usd is 'Its most, less what it has cost, in US dollars.';
grant select on core.spend_under_way to sightscan_pipeline, sightscan_analyst;
