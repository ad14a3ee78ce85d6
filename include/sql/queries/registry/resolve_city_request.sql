-- Everything that waits for the name is decided with it. Times that nobody can have asked at (the inbox
-- takes any) become now; an id that was used for another name, or a name of blanks, gets another. Each
-- asker has one id here, the newest, by which their page finds this answer; and one vote for a city,
-- however often and by whatever name they ask for it.
with taken as (
    delete from load.city_request
    where city_request.asked_name = %(asked_name)s
    returning
        city_request.request_id,
        city_request.asked_by,
        case
            when city_request.asked_at between timestamptz '2000-01-01 UTC' and now() then city_request.asked_at
            else now()
        end as asked_at
),

asked as (
    select
        count(distinct taken.asked_by)::integer as people,
        (array_agg(taken.request_id order by taken.asked_at, taken.request_id))[1] as request_id,
        min(taken.asked_at) as asked_at
    from taken
),

voter as (
    insert into core.city_vote (city_id, asker_sha256)
    select distinct
        %(city_id)s::text as city_id,
        sha256(convert_to(taken.asked_by, 'UTF8')) as asker_sha256
    from taken
    where %(city_id)s::text is not null
    on conflict do nothing
    returning city_vote.city_id
),

earlier as (
    select city_request.request_id
    from core.city_request
    where
        city_request.city_id = %(city_id)s::text
        and city_request.stage = 'resolved'
    order by city_request.recorded_at
    limit 1
),

voted as (
    update core.city_request
    set vote_count = city_request.vote_count + (select count(*) from voter)::integer
    from asked
    where
        asked.people > 0
        and city_request.request_id in (select earlier.request_id from earlier)
    returning city_request.request_id
),

decided as (
    insert into core.city_request (
        request_id, asked_name, city_id, stage, detail, refusal, choices, vote_count, asked_at
    )
    select
        case
            when
                exists (
                    select 1 from core.city_request as used
                    where used.request_id = asked.request_id
                )
                then gen_random_uuid()
            else asked.request_id
        end as request_id,
        case when btrim(%(asked_name)s) = '' then '(blank)' else %(asked_name)s end as asked_name,
        %(city_id)s::text,
        case
            when %(city_id)s::text is null then 'refused'
            when exists (select 1 from voted) then 'merged'
            else 'resolved'
        end as stage,
        %(detail)s,
        %(refusal)s,
        %(choices)s,
        asked.people,
        asked.asked_at
    from asked
    where asked.people > 0
    returning city_request.request_id, city_request.stage
),

own as (
    select distinct on (taken.asked_by)
        taken.request_id,
        taken.asked_at
    from taken
    order by taken.asked_by asc, taken.asked_at desc, taken.request_id asc
),

answered as (
    insert into core.city_answer (request_id, answered_by, asked_at)
    select distinct on (own.request_id)
        own.request_id,
        decided.request_id as answered_by,
        own.asked_at
    from own
    cross join decided
    order by own.request_id asc, own.asked_at desc
    on conflict (request_id) do update
        set
            answered_by = excluded.answered_by,
            asked_at = excluded.asked_at
    returning city_answer.request_id
),

written as (
    select count(*) as answer_count
    from answered
)

select decided.stage
from decided
cross join written;
