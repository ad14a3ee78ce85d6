-- Grain: one row per city of the registry.
create view mart.city_overview as
with sights as (
    select
        sight.city_id,
        count(*) as sight_count,
        max(sight.recorded_at) as recorded_at
    from core.sight
    where sight.state in ('active', 'retired')
    group by sight.city_id
),

photos as (
    select
        sight.city_id,
        count(distinct photo_source.sha256) as photo_count,
        max(photo_source.recorded_at) as recorded_at
    from core.photo_source
    inner join core.sight on photo_source.sight_id = sight.sight_id
    group by sight.city_id
),

labelled as (
    select
        accepted_label.city_id,
        count(distinct accepted_label.sha256) as labelled_photo_count,
        max(accepted_label.recorded_at) as recorded_at
    from mart.accepted_label
    group by accepted_label.city_id
),

calls as (
    select
        paid_call.city_id,
        sum(paid_call.unit_count) as paid_call_count,
        sum(paid_call.price_usd) as spend_usd
    from core.paid_call
    where paid_call.state in ('reserved', 'succeeded', 'unknown')
    group by paid_call.city_id
),

sessions as (
    select
        instance_session.city_id,
        sum(
            extract(epoch from coalesce(instance_session.stopped_at, now()) - instance_session.running_at)
            / 3600 * instance_session.price_per_hour_usd
        ) as spend_usd
    from core.instance_session
    where instance_session.running_at is not null
    group by instance_session.city_id
)

select
    city.city_id,
    city.slug as city_slug,
    city.name as city_name,
    city.country,
    city.state,
    published_model.model_version,
    published_model.map50,
    case
        when published_model.model_version is not null then 'published'
        when coalesce(labelled.labelled_photo_count, 0) > 0 then 'labelled'
        when coalesce(photos.photo_count, 0) > 0 then 'crawled'
        when coalesce(sights.sight_count, 0) > 0 then 'discovered'
        else 'added'
    end as stage,
    coalesce(sights.sight_count, 0) as sight_count,
    coalesce(photos.photo_count, 0) as photo_count,
    coalesce(labelled.labelled_photo_count, 0) as labelled_photo_count,
    coalesce(calls.paid_call_count, 0)::bigint as paid_call_count,
    coalesce(calls.spend_usd, 0)::double precision
    + coalesce(sessions.spend_usd, 0)::double precision as spend_usd,
    greatest(
        city.recorded_at, sights.recorded_at, photos.recorded_at, labelled.recorded_at, published_model.published_at
    ) as updated_at
from core.city
left join sights on city.city_id = sights.city_id
left join photos on city.city_id = photos.city_id
left join labelled on city.city_id = labelled.city_id
left join calls on city.city_id = calls.city_id
left join sessions on city.city_id = sessions.city_id
left join mart.published_model on city.city_id = published_model.city_id;

comment on view mart.city_overview is 'One row per city of the registry: how far it is, what it cost.';
comment on column mart.city_overview.city_id is 'The city.';
comment on column mart.city_overview.city_slug is 'Its ASCII name.';
comment on column mart.city_overview.city_name is 'Its name on screen.';
comment on column mart.city_overview.country is 'Its country.';
comment on column mart.city_overview.state is 'active or disabled.';
comment on column mart.city_overview.model_version is 'The model in place.';
comment on column mart.city_overview.map50 is 'Its mean average precision at IoU 0.5 on the frozen test photos.';
comment on column mart.city_overview.stage is 'added, discovered, crawled, labelled or published.';
comment on column mart.city_overview.sight_count is 'Sights known.';
comment on column mart.city_overview.photo_count is 'Distinct photos kept.';
comment on column mart.city_overview.labelled_photo_count is 'Photos with at least one accepted box.';
comment on column mart.city_overview.paid_call_count is 'Images that were paid for or may have been.';
comment on column mart.city_overview.spend_usd is 'Paid calls and GPU time, in US dollars.';
comment on column mart.city_overview.updated_at is 'When something of it last changed.';
