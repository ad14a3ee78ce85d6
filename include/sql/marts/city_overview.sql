-- Grain: one row per city of the registry.
-- Counts of photos, labels and calls are as of the last refresh of the facts; sights, models and
-- GPU time, of which there are few, as of now.
create view mart.city_overview as
select
    city.city_id,
    city.slug as city_slug,
    city.name as city_name,
    city.country,
    city.state,
    city.names,
    city.latitude,
    city.longitude,
    published_model.model_version,
    published_model.map50,
    sights.sight_count,
    activity.photo_count,
    activity.rejected_photo_count,
    activity.labelled_photo_count,
    activity.box_count,
    activity.held_back_count,
    activity.paid_call_count,
    city_stage.stage,
    (activity.calls_usd + sessions.gpu_usd)::double precision as spend_usd,
    greatest(
        city.recorded_at, sights.recorded_at, activity.last_event_at, published_model.published_at
    ) as updated_at
from core.city
inner join mart.city_stage on city.city_id = city_stage.city_id
cross join
    lateral (
        select
            count(*) as sight_count,
            max(sight.recorded_at) as recorded_at
        from core.sight
        where
            sight.city_id = city.city_id
            and sight.state in ('active', 'retired')
    ) as sights
cross join
    lateral (
        select
            coalesce(sum(fact.photos_new), 0)::bigint as photo_count,
            coalesce(sum(fact.photos_rejected), 0)::bigint as rejected_photo_count,
            coalesce(sum(fact.photos_labelled), 0)::bigint as labelled_photo_count,
            coalesce(sum(fact.labels_accepted), 0)::bigint as box_count,
            coalesce(sum(fact.labels_held_back), 0)::bigint as held_back_count,
            coalesce(sum(fact.images_sent - fact.images_failed), 0)::bigint as paid_call_count,
            coalesce(sum(fact.calls_usd), 0) as calls_usd,
            max(fact.last_event_at) as last_event_at
        from mart.city_activity_hourly_v2 as fact
        where fact.city_id = city.city_id
    ) as activity
cross join
    lateral (
        select coalesce(sum(session_cost.cost_usd), 0) as gpu_usd
        from core.session_cost
        where session_cost.city_id = city.city_id
    ) as sessions
left join mart.published_model on city.city_id = published_model.city_id;

comment on view mart.city_overview is 'One row per city of the registry: how far it is, what it cost.';
comment on column mart.city_overview.city_id is 'The city.';
comment on column mart.city_overview.city_slug is 'Its ASCII name.';
comment on column mart.city_overview.city_name is 'Its name on screen.';
comment on column mart.city_overview.country is 'Its country.';
comment on column mart.city_overview.state is 'active, disabled, waiting (asked for, not let in yet) or refused.';
comment on column mart.city_overview.names is 'Names by language code; none before its first discovery.';
comment on column mart.city_overview.latitude is 'Degrees north.';
comment on column mart.city_overview.longitude is 'Degrees east.';
comment on column mart.city_overview.model_version is 'The model in place.';
comment on column mart.city_overview.map50 is 'Its mean average precision at IoU 0.5 on the frozen test photos.';
comment on column mart.city_overview.stage is 'added, discovered, crawled, labelled or published.';
comment on column mart.city_overview.sight_count is 'Sights known.';
comment on column mart.city_overview.photo_count is 'Distinct photos kept.';
comment on column mart.city_overview.rejected_photo_count is 'Addresses of photos that were not kept, by sight.';
comment on column mart.city_overview.labelled_photo_count is 'Photos with at least one accepted box.';
comment on column mart.city_overview.box_count is 'Accepted boxes.';
comment on column mart.city_overview.held_back_count is 'Boxes that a rule holds back.';
comment on column mart.city_overview.paid_call_count is 'Images that were paid for or may have been.';
comment on column mart.city_overview.spend_usd is 'Paid calls and GPU time, in US dollars.';
comment on column mart.city_overview.updated_at is 'When something of it last became known.';
