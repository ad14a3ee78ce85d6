insert into core.incident_silence (kind, subject, reason, set_by, ends_at)
values (%(kind)s, %(subject)s, %(reason)s, %(set_by)s, now() + %(length)s::interval)
returning incident_silence.silence_id, incident_silence.ends_at
