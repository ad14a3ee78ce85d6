-- What crawls kept and left out of each of a city's sights: a row without a reason counts what was
-- kept, each other row what was left out for that reason.
select
    sight.sight_id,
    sight.name as sight_name,
    null::text as reason,
    count(distinct photo_source.sha256) as photo_count
from core.sight
left join core.photo_source on sight.sight_id = photo_source.sight_id
where
    sight.city_id = %(city_id)s
    and sight.state in ('active', 'retired')
group by sight.sight_id, sight.name, sight.rank
union all
select
    sight.sight_id,
    sight.name as sight_name,
    rejected_photo.reason,
    count(*) as photo_count
from core.sight
inner join core.rejected_photo on sight.sight_id = rejected_photo.sight_id
where
    sight.city_id = %(city_id)s
    and sight.state in ('active', 'retired')
    and not exists (
        select 1
        from core.photo_source as kept
        where
            kept.url_sha256 = rejected_photo.url_sha256
            and kept.sight_id = rejected_photo.sight_id
    )
group by sight.sight_id, sight.name, rejected_photo.reason
order by sight_name, sight_id, reason nulls first
