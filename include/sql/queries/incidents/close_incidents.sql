-- What was looked for and not seen for a while is gone.
update core.incident
set closed_at = greatest(now(), incident.seen_at)
where
    incident.closed_at is null
    and incident.kind = any(%(kinds)s)
    and incident.seen_at < %(not_seen_since)s
returning incident.incident_id
