-- In the transaction that lets go of them; the deletion follows after its commit.
insert into core.object_to_delete (uri, sha256)
select
    noted.uri,
    noted.sha256
from unnest(%(uris)s::text[], %(sha256s)s::bytea[]) as noted (uri, sha256)
order by noted.uri
on conflict (uri) do nothing
