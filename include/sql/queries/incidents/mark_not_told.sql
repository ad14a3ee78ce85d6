update core.incident_message
set
    attempt_count = incident_message.attempt_count + 1,
    tried_at = clock_timestamp(),
    error = %(error)s
where
    incident_message.incident_id = any(%(incident_ids)s)
    and incident_message.channel = %(channel)s
