-- What counts and what costs, said once. Views, and not generated columns: a stored one would rewrite
-- the ledger, a virtual one needs PostgreSQL 18; and the conditions of partial indexes match a view's
-- expressions, since the planner sees through it.

create view core.ledger_entry as
select
    paid_call.call_id,
    paid_call.provider,
    paid_call.feature,
    paid_call.city_id,
    paid_call.dag_id,
    paid_call.run_id,
    paid_call.state,
    paid_call.unit_count,
    paid_call.price_usd,
    paid_call.is_taken_over,
    paid_call.resend_allowed_at,
    paid_call.reserved_at,
    paid_call.recorded_at,
    -- As in the conditions of paid_call_spent_by_city and paid_call_spent_by_time.
    (paid_call.state <> 'failed' or (paid_call.sent_at is not null and paid_call.answer is not null))
    and not paid_call.is_taken_over as counts_against_cap,
    paid_call.state <> 'failed' and not paid_call.is_taken_over as is_billed
from core.paid_call;
comment on view core.ledger_entry is 'Each paid call with what it means: whether it uses up caps, whether it costs.';
comment on column core.ledger_entry.call_id is 'The paid call.';
comment on column core.ledger_entry.provider is 'Who is paid.';
comment on column core.ledger_entry.feature is 'What for.';
comment on column core.ledger_entry.city_id is 'The city that pays.';
comment on column core.ledger_entry.dag_id is 'The DAG that reserved it.';
comment on column core.ledger_entry.run_id is 'The run that reserved it.';
comment on column core.ledger_entry.state is 'reserved, succeeded, failed or unknown.';
comment on column core.ledger_entry.unit_count is 'Units: images.';
comment on column core.ledger_entry.price_usd is 'Price in force when it was reserved, in US dollars, be it billed or not.';
comment on column core.ledger_entry.is_taken_over is 'Paid by the first SightScan.';
comment on column core.ledger_entry.resend_allowed_at is 'When a person allowed to send it again: it still counts.';
comment on column core.ledger_entry.reserved_at is 'When it was reserved.';
comment on column core.ledger_entry.recorded_at is 'When the row became known.';
comment on column core.ledger_entry.counts_against_cap is
'It stands (reserved, succeeded, unknown), or the image was sent and refused; and nobody else paid it before us.';
comment on column core.ledger_entry.is_billed is
'It stands: it is paid for, or may be. What failed costs nothing; what the first SightScan paid is in no bill of ours.';

create view core.session_cost as
select
    instance_session.session_id,
    instance_session.instance_id,
    instance_session.city_id,
    instance_session.dag_id,
    instance_session.run_id,
    instance_session.running_at,
    instance_session.stopped_at,
    extract(epoch from coalesce(instance_session.stopped_at, now()) - instance_session.running_at) as billed_seconds,
    extract(epoch from coalesce(instance_session.stopped_at, now()) - instance_session.running_at)
    / 3600 * instance_session.price_per_hour_usd as cost_usd,
    extract(
        epoch from greatest(
            coalesce(instance_session.stopped_at, now())
            - greatest(instance_session.running_at, date_trunc('month', now(), 'UTC')),
            interval '0'
        )
    )
    / 3600 * instance_session.price_per_hour_usd as cost_this_month_usd
from core.instance_session
where instance_session.running_at is not null;
comment on view core.session_cost is 'What each instance session that ran has cost, up to now if it still runs.';
comment on column core.session_cost.session_id is 'The session.';
comment on column core.session_cost.instance_id is 'The instance.';
comment on column core.session_cost.city_id is 'The city that trains; null: of no city.';
comment on column core.session_cost.dag_id is 'The DAG that started it.';
comment on column core.session_cost.run_id is 'The run that started it.';
comment on column core.session_cost.running_at is 'From when on it is billed.';
comment on column core.session_cost.stopped_at is 'Until when; null: it runs.';
comment on column core.session_cost.billed_seconds is 'Seconds that it ran.';
comment on column core.session_cost.cost_usd is 'In US dollars.';
comment on column core.session_cost.cost_this_month_usd is 'What of it falls into the current month (UTC), in US dollars.';

grant select on core.ledger_entry, core.session_cost to sightscan_pipeline, sightscan_analyst;
