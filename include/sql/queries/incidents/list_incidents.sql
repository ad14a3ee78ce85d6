-- The open incidents, and those that ended since, the newest first: by which channels each was told,
-- which could not, and until when nobody is told.
select
    incident.incident_id,
    incident.kind,
    incident.subject,
    incident.sentence,
    incident.link,
    incident.opened_at,
    incident.seen_at,
    incident.closed_at,
    silenced_incident.ends_at as silent_until,
    coalesce(message.told_by, '{}') as told_by,
    coalesce(message.not_told_by, '{}') as not_told_by
from core.incident
cross join
    lateral (
        select
            array_agg(incident_message.channel order by incident_message.told_at) filter (where incident_message.told_at is not null) as told_by,
            array_agg(incident_message.channel || coalesce(': ' || incident_message.error, '') order by incident_message.channel)
            filter (where incident_message.told_at is null) as not_told_by
        from core.incident_message
        where incident_message.incident_id = incident.incident_id
    ) as message
left join core.silenced_incident on incident.incident_id = silenced_incident.incident_id
where incident.closed_at is null or incident.closed_at > %(closed_after)s
order by incident.closed_at is not null asc, incident.opened_at desc, incident.incident_id desc
limit %(most)s
