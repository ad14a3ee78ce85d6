-- Grain: one row per city of the registry: how far it is.
-- Told by what there is, not by how much: so it is quick for all cities at once. Photos and labels are
-- as of the last refresh of the facts; sights and models, of which there are few, as of now.
create view mart.city_stage as
select
    city.city_id,
    city.slug as city_slug,
    case
        when
            exists (
                select 1
                from mart.published_model
                where published_model.city_id = city.city_id
            )
            then 'published'
        when
            exists (
                select 1
                from mart.city_activity_hourly_v2 as fact
                where
                    fact.city_id = city.city_id
                    and fact.photos_labelled > 0
            )
            then 'labelled'
        when
            exists (
                select 1
                from mart.city_activity_hourly_v2 as fact
                where
                    fact.city_id = city.city_id
                    and fact.photos_new > 0
            )
            then 'crawled'
        when
            exists (
                select 1
                from core.sight
                where
                    sight.city_id = city.city_id
                    and sight.state in ('active', 'retired')
            )
            then 'discovered'
        else 'added'
    end as stage
from core.city;

comment on view mart.city_stage is 'One row per city of the registry: how far it is.';
comment on column mart.city_stage.city_id is 'The city.';
comment on column mart.city_stage.city_slug is 'Its ASCII name.';
comment on column mart.city_stage.stage is 'added, discovered, crawled, labelled or published.';
