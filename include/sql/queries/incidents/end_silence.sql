update core.incident_silence
set ends_at = now()
where
    incident_silence.silence_id = %(silence_id)s
    and incident_silence.ends_at > now()
