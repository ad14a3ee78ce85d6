-- Reports that wait for a person, the oldest first, and how many there are.
select
    report.report_id,
    report.city_id,
    report.model_version,
    report.kind,
    report.class_name,
    report.x1,
    report.y1,
    report.x2,
    report.y2,
    report.message,
    report.reported_at,
    coalesce(city.name, report.city_id) as city_name,
    report.photo is not null as has_photo,
    count(*) over () as waiting_count
from load.report
left join core.city on report.city_id = city.city_id
order by report.reported_at, report.report_id
limit %(most)s
