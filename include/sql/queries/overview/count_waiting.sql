-- What waits for a person, beside labels, and open incidents.
select
    (
        select count(*) from core.city
        where city.state = 'waiting'
    ) as city_count,
    (select count(*) from load.report) as report_count,
    (select count(*) from load.contribution) as contribution_count,
    (
        select count(*) from core.incident
        where incident.closed_at is null
    ) as incident_count
