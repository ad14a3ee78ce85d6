-- Grain: one row per id that an asker's page made: what became of what they asked.
-- Nobody finds a request by anything but its id, and the name as typed is not in it.
create view mart.city_answer as
select
    waiting.request_id,
    'received' as stage,
    waiting.asked_at,
    waiting.try_count,
    null::text as refusal,
    null::text as detail,
    '[]'::jsonb as choices,
    null::text as city_id,
    null::text as city_slug
from (
    -- Whoever made an id up may have used it twice.
    select distinct on (city_request.request_id)
        city_request.request_id,
        city_request.asked_at,
        city_request.try_count
    from load.city_request
    order by city_request.request_id asc, city_request.asked_at desc
) as waiting
union all
select
    city_answer.request_id,
    city_request.stage,
    city_answer.asked_at,
    null::integer as try_count,
    city_request.refusal,
    city_request.detail,
    city_request.choices,
    city_request.city_id,
    city.slug as city_slug
from core.city_answer
inner join core.city_request on city_answer.answered_by = city_request.request_id
left join core.city on city_request.city_id = city.city_id
where
    not exists (
        select 1
        from load.city_request as again
        where again.request_id = city_answer.request_id
    );

comment on view mart.city_answer is 'One row per id that an asker''s page made: what became of what they asked.';
comment on column mart.city_answer.request_id is 'Made by the asker''s page, and known to it alone.';
comment on column mart.city_answer.stage is
'received: being looked up; resolved, merged (others asked for the city before); refused.';
comment on column mart.city_answer.asked_at is 'When it was asked, last.';
comment on column mart.city_answer.try_count is 'How often it was looked up without an answer; null: it is decided.';
comment on column mart.city_answer.refusal is
'unknown, ambiguous, retired, refused, unanswered or unfit; null: it was not refused, or by an older version.';
comment on column mart.city_answer.detail is 'Why it was refused, as an English sentence.';
comment on column mart.city_answer.choices is
'Cities that may have been meant: objects of id, name, region, country, description, population.';
comment on column mart.city_answer.city_id is 'The city that was meant.';
comment on column mart.city_answer.city_slug is 'Its ASCII name.';

-- The app reads one row, by its id: whoever has its login cannot list who asked.
drop function if exists mart.find_city_answer(uuid);
create function mart.find_city_answer(request_id uuid)
returns table (
    stage text,
    asked_at timestamptz,
    try_count integer,
    refusal text,
    detail text,
    choices jsonb,
    city_slug text
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        city_answer.stage,
        city_answer.asked_at,
        city_answer.try_count,
        city_answer.refusal,
        city_answer.detail,
        city_answer.choices,
        city_answer.city_slug
    from mart.city_answer
    where city_answer.request_id = find_city_answer.request_id
$$;
comment on function mart.find_city_answer(uuid) is 'What became of a request, by the id that its asker''s page made.';
revoke all on function mart.find_city_answer(uuid) from public;
grant execute on function mart.find_city_answer(uuid) to sightscan_app;
