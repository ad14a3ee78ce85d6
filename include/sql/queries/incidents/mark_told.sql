update core.incident_message
set
    told_at = clock_timestamp(),
    error = null
where
    incident_message.incident_id = any(%(incident_ids)s)
    and incident_message.channel = %(channel)s
