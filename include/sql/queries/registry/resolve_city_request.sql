-- Everything that waits for the name is decided with it. Times that nobody can have asked at (the inbox
-- takes any) become now; an id that was used for another name, or a name of blanks, gets another.
with taken as (
    delete from load.city_request
    where city_request.asked_name = %(asked_name)s
    returning city_request.request_id, city_request.asked_by, city_request.asked_at
),

asked as (
    select
        count(distinct taken.asked_by)::integer as vote_count,
        (array_agg(taken.request_id order by taken.asked_at))[1] as request_id,
        min(
            case when taken.asked_at between timestamptz '2000-01-01 UTC' and now() then taken.asked_at else now() end
        ) as asked_at
    from taken
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
    set vote_count = city_request.vote_count + asked.vote_count
    from asked
    where city_request.request_id in (select earlier.request_id from earlier)
    returning city_request.request_id
)

insert into core.city_request (
    request_id, asked_name, city_id, stage, detail, vote_count, asked_at
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
    asked.vote_count,
    asked.asked_at
from asked
where asked.vote_count > 0
returning city_request.stage;
