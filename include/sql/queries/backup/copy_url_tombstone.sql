insert into core.removed_url (url_sha256, sha256, reason, removed_by, recorded_at)
values (%(url_sha256)s, %(sha256)s, %(reason)s, %(removed_by)s, %(recorded_at)s)
on conflict (url_sha256) do nothing
