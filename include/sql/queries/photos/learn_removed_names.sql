-- What is told of as one photo, and was taken down by one of its names, stays away by all.
insert into core.removed_url (url_sha256, sha256, reason, removed_by)
select distinct on (name.url_sha256)
    name.url_sha256,
    removed_url.sha256,
    removed_url.reason,
    removed_url.removed_by
from unnest(%(known)s::text[], %(identifiers)s::text[]) as told (known, identifier)
inner join core.removed_url on removed_url.url_sha256 = sha256(convert_to(told.known, 'UTF8'))
cross join lateral sha256(convert_to(told.identifier, 'UTF8')) as name (url_sha256)
order by name.url_sha256, removed_url.recorded_at
on conflict (url_sha256) do nothing
