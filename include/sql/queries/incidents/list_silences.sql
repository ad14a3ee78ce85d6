select
    incident_silence.silence_id,
    incident_silence.kind,
    incident_silence.subject,
    incident_silence.reason,
    incident_silence.set_by,
    incident_silence.set_at,
    incident_silence.ends_at
from core.incident_silence
where incident_silence.ends_at > now()
order by incident_silence.ends_at, incident_silence.silence_id
