-- Grain: one row per request of the app that was looked up.
-- Without the names as typed and the ids of their pages: they are their askers' own.
create view mart.city_request as
select
    city_request.stage,
    city.slug as city_slug,
    city.name as city_name,
    city_request.vote_count,
    city_request.asked_at,
    case
        when city.city_id is null then 'refused'
        when published_model.model_version is not null then 'published'
        when city.state = 'active' then 'being_built'
        when city.state = 'disabled' then 'retired'
        else city.state
    end as standing,
    case
        when city.city_id is null then city_request.detail
        when city.state = 'refused' then decision.reason
    end as reason
from core.city_request
left join core.city on city_request.city_id = city.city_id
left join mart.published_model on city.city_id = published_model.city_id
left join
    lateral (
        select city_decision.reason
        from core.city_decision
        where city_decision.city_id = city.city_id
        order by city_decision.decided_at desc, city_decision.decision_id desc
        limit 1
    ) as decision
    on true;

comment on view mart.city_request is 'One row per request of the app that was looked up: where it stands.';
comment on column mart.city_request.stage is
'resolved: the first for its city; merged: a later one; refused: for no city.';
comment on column mart.city_request.city_slug is 'ASCII name of the city that was meant, if any.';
comment on column mart.city_request.city_name is 'Its name on screen.';
comment on column mart.city_request.vote_count is
'How many people asked; of a city, the row of stage resolved has them all.';
comment on column mart.city_request.asked_at is 'When it was first asked for.';
comment on column mart.city_request.standing is
'waiting: nobody has let the city in yet; being_built: it has its runs; published; refused; retired.';
comment on column mart.city_request.reason is 'Why it was refused, in a sentence for the asker.';
