-- How many incidents a channel has not been told.
select count(*)
from core.incident_message
inner join core.incident on incident_message.incident_id = incident.incident_id
where
    incident_message.channel = %(channel)s
    and incident_message.told_at is null
    -- What lasts is told, however late.
    and (incident.closed_at is null or incident.opened_at > now() - %(max_age)s::interval)
    and incident.incident_id not in (select silenced_incident.incident_id from core.silenced_incident)
