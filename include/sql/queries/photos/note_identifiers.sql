-- Of what this batch stored; not of what was taken down, of which no more than hashes may stay.
insert into core.photo_identifier (url_sha256, identifier_sha256, identifier)
select distinct
    address.url_sha256,
    sha256(convert_to(told.identifier, 'UTF8')) as identifier_sha256,
    told.identifier
from unnest(%(urls)s::text[], %(identifiers)s::text[]) as told (url, identifier)
cross join lateral sha256(convert_to(told.url, 'UTF8')) as address (url_sha256)
where
    exists (
        select 1 from core.photo_source
        where photo_source.url_sha256 = address.url_sha256
    )
    or exists (
        select 1 from core.rejected_photo
        where rejected_photo.url_sha256 = address.url_sha256 and rejected_photo.reason <> 'removed'
    )
order by address.url_sha256, identifier_sha256
on conflict (url_sha256, identifier_sha256) do nothing
