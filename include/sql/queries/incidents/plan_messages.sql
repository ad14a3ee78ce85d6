-- Each open incident of which nobody wants silence is to be told by each of these channels, once.
insert into core.incident_message (incident_id, channel)
select
    incident.incident_id,
    wanted.channel
from core.incident
cross join unnest(%(channels)s::text[]) as wanted (channel)
where
    incident.closed_at is null
    and incident.incident_id not in (select silenced_incident.incident_id from core.silenced_incident)
order by incident.incident_id, wanted.channel
on conflict (incident_id, channel) do nothing
