-- Incidents that were over before a moment, with their messages.
delete from core.incident
where incident.closed_at < %(before)s
