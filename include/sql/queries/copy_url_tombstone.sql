insert into core.removed_url (url_sha256, sha256, reason, removed_by, recorded_at)
values (%s, %s, %s, %s, %s)
on conflict (url_sha256) do nothing
