-- Grain: one row per run that was estimated.
create view mart.spend_estimate as
select
    spend_estimate.dag_id,
    spend_estimate.run_id,
    spend_estimate.city_id,
    spend_estimate.estimated_at,
    spend_estimate.ended_at,
    spend_estimate.refusal,
    spend_estimate.most_units,
    spend_estimate.probable_units,
    spend_estimate.most_usd::double precision as most_usd,
    spend_estimate.probable_usd::double precision as probable_usd,
    coalesce(call.units, 0)::bigint as actual_units,
    coalesce(call.vision_usd, 0)::double precision as actual_vision_usd,
    coalesce(call.other_usd, 0)::double precision as actual_places_usd,
    coalesce(session.usd, 0)::double precision as actual_gpu_usd,
    (coalesce(call.vision_usd, 0) + coalesce(call.other_usd, 0) + coalesce(session.usd, 0))::double precision
        as actual_usd,
    (
        (coalesce(call.vision_usd, 0) + coalesce(call.other_usd, 0) + coalesce(session.usd, 0))
        / nullif(spend_estimate.probable_usd, 0)
    )::double precision as actual_to_probable
from core.spend_estimate
left join lateral (
    select
        sum(ledger_entry.unit_count) filter (where ledger_entry.provider = 'google_vision') as units,
        sum(ledger_entry.price_usd) filter (where ledger_entry.provider = 'google_vision') as vision_usd,
        sum(ledger_entry.price_usd) filter (where ledger_entry.provider <> 'google_vision') as other_usd
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
) as session on true;

comment on view mart.spend_estimate is 'One row per run that was estimated: the bill before it against what it cost.';
comment on column mart.spend_estimate.dag_id is 'The DAG.';
comment on column mart.spend_estimate.run_id is 'The run.';
comment on column mart.spend_estimate.city_id is 'The city that pays.';
comment on column mart.spend_estimate.estimated_at is 'When it was estimated, last.';
comment on column mart.spend_estimate.ended_at is 'When the run ended; null: it goes on, or nobody saw its end.';
comment on column mart.spend_estimate.refusal is 'Which budget it would have passed; such a run spends nothing.';
comment on column mart.spend_estimate.most_units is 'Images at most.';
comment on column mart.spend_estimate.probable_units is 'Images, probably.';
comment on column mart.spend_estimate.actual_units is 'Images that were paid for or may have been.';
comment on column mart.spend_estimate.most_usd is 'US dollars at most.';
comment on column mart.spend_estimate.probable_usd is 'US dollars, probably.';
comment on column mart.spend_estimate.actual_vision_usd is 'US dollars for images.';
comment on column mart.spend_estimate.actual_places_usd is 'US dollars for other paid calls: pages of Google Places.';
comment on column mart.spend_estimate.actual_gpu_usd is 'US dollars for the time that the GPU ran.';
comment on column mart.spend_estimate.actual_usd is 'US dollars in all.';
comment on column mart.spend_estimate.actual_to_probable is 'Actual as a share of probable; 1: it was right; null: nothing was expected.';
