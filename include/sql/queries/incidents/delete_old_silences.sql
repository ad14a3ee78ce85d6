-- Silences that ended before a moment.
delete from core.incident_silence
where incident_silence.ends_at < %(before)s
