-- Cities whose last crawl asked and found no photo of any sight.
with crawled as (
    select
        stage_report.dag_id,
        stage_report.run_id,
        stage_report.city_id,
        max(stage_report.recorded_at) as ended_at,
        count(*) as sight_count,
        sum((stage_report.report ->> 'found')::bigint) as found_count
    from core.stage_report
    where
        stage_report.task_id = %(task_id)s
        and stage_report.recorded_at > now() - interval '14 days'
        -- Where no photo is wanted, nobody is asked.
        and jsonb_array_length(stage_report.report -> 'sources') > 0
        -- Streets are easily found where the sights' names find nothing.
        and not exists (
            select 1
            from core.sight
            where
                sight.city_id = stage_report.city_id
                and sight.name = stage_report.subject
                and sight.state in ('elsewhere', 'streets')
        )
    group by stage_report.dag_id, stage_report.run_id, stage_report.city_id
),

last_crawl as (
    select distinct on (crawled.city_id)
        crawled.dag_id,
        crawled.city_id,
        crawled.ended_at,
        crawled.sight_count,
        crawled.found_count
    from crawled
    order by crawled.city_id asc, crawled.ended_at desc
)

select
    city.slug,
    last_crawl.dag_id,
    last_crawl.sight_count,
    last_crawl.ended_at
from last_crawl
inner join core.city on last_crawl.city_id = city.city_id
where
    last_crawl.found_count = 0
    and city.state = 'active'
    -- Others of its sights may still be asked for.
    and last_crawl.ended_at < now() - interval '15 minutes'
order by city.slug
