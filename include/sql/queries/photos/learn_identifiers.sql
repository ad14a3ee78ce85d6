insert into core.photo_identifier (url_sha256, identifier_sha256, identifier)
select distinct
    known.url_sha256,
    sha256(convert_to(told.identifier, 'UTF8')) as identifier_sha256,
    told.identifier
from unnest(%(known)s::text[], %(identifiers)s::text[]) as told (known, identifier)
inner join core.photo_identifier as known on known.identifier_sha256 = sha256(convert_to(told.known, 'UTF8'))
order by known.url_sha256, identifier_sha256
on conflict (url_sha256, identifier_sha256) do nothing
