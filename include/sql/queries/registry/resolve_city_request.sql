with earlier as (
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
    set vote_count = city_request.vote_count + %(vote_count)s
    where city_request.request_id in (select earlier.request_id from earlier)
    returning city_request.request_id
)

insert into core.city_request (
    request_id, asked_name, city_id, stage, detail, vote_count, asked_at
)
select
    %(request_id)s,
    %(asked_name)s,
    %(city_id)s::text,
    case
        when %(city_id)s::text is null then 'refused'
        when exists (select 1 from voted) then 'merged'
        else 'resolved'
    end as stage,
    %(detail)s,
    %(vote_count)s,
    %(asked_at)s
on conflict (request_id) do nothing
returning city_request.stage;
