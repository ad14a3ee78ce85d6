-- What a channel has not been told, the oldest first, but what it refused after the rest; what another worker is sending is left to it. The
-- lock ends with the transaction, also with that of a worker that is killed.
select
    incident.incident_id,
    incident.kind,
    incident.subject,
    incident.sentence,
    incident.link,
    incident.message_key,
    incident.opened_at,
    incident.closed_at
from core.incident_message
inner join core.incident on incident_message.incident_id = incident.incident_id
where
    incident_message.channel = %(channel)s
    and incident_message.told_at is null
    -- What lasts is told, however late.
    and (incident.closed_at is null or incident.opened_at > now() - %(max_age)s::interval)
    and incident.incident_id not in (select silenced_incident.incident_id from core.silenced_incident)
order by incident_message.attempt_count, incident.incident_id
limit %(most)s
for update of incident_message skip locked
