-- Grain: one row per city whose first model was put in place by a run here: how long it took, what it cost.
create view mart.first_model as
select
    first_publication.city_id,
    first_publication.published_at,
    runs.usd,
    extract(epoch from first_publication.published_at - runs.started_at)::double precision as seconds
from (
    -- In this order, so that whoever wants the newest few pays for the sums of these only.
    select
        publication.city_id,
        publication.published_at
    from (
        select distinct on (publication.city_id)
            publication.city_id,
            publication.published_at
        from core.publication
        order by publication.city_id, publication.publication_id
    ) as publication
    where
        exists (
            select 1
            from core.spend_estimate
            where
                spend_estimate.city_id = publication.city_id
                and spend_estimate.estimated_at <= publication.published_at
        )
    order by publication.published_at desc
) as first_publication
cross join
    lateral (
        select
            min(spend_estimate.estimated_at) as started_at,
            sum(spend_estimate.actual_usd) as usd
        from mart.spend_estimate
        where
            spend_estimate.city_id = first_publication.city_id
            and spend_estimate.estimated_at <= first_publication.published_at
    ) as runs;

comment on view mart.first_model is 'One row per city whose first model was put in place by a run here: how long it took, what it cost.';
comment on column mart.first_model.city_id is 'The city.';
comment on column mart.first_model.published_at is 'When its first model was put in place.';
comment on column mart.first_model.seconds is 'From the bill before its first run until then.';
comment on column mart.first_model.usd is 'What its runs until then cost, in US dollars.';
