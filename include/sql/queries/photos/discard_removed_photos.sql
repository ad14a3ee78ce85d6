-- Taken down before, by their bytes or by a name of theirs: never stored again. The address becomes
-- a rejection of its sight, and all that names the photo alone a tombstone, so that it is not even
-- fetched again for another one, nor from another source.
-- Merged with the batch's other rejections, because two passes over one table could deadlock.
with named as (
    select
        name.url,
        name.name_sha256,
        name.is_own
    from
        unnest(%(named_urls)s::text[], %(name_sha256s)s::bytea[], %(are_own)s::boolean[])
            as name (url, name_sha256, is_own)
),

discarded as (
    delete from load.photo as loaded
    where
        loaded.batch_id = %(batch_id)s
        and (
            exists (
                select 1 from core.removed_photo
                where removed_photo.sha256 = loaded.sha256
            )
            or loaded.url in (
                select named.url
                from named
                inner join core.removed_url on named.name_sha256 = removed_url.url_sha256
            )
        )
    returning loaded.sha256, loaded.url, loaded.sight_id, loaded.source
),

taken_down as (
    insert into core.removed_url (url_sha256, sha256, reason, removed_by)
    select distinct on (named.name_sha256)
        named.name_sha256 as url_sha256,
        removed_photo.sha256,
        removed_photo.reason,
        removed_photo.removed_by
    from discarded
    inner join core.removed_photo on discarded.sha256 = removed_photo.sha256
    inner join named on discarded.url = named.url
    where named.is_own
    order by named.name_sha256
    on conflict (url_sha256) do nothing
)

insert into load.rejected_photo (batch_id, sight_id, url, source, reason)
select distinct on (discarded.url, discarded.sight_id)
    %(batch_id)s as batch_id,
    discarded.sight_id,
    discarded.url,
    discarded.source,
    'removed' as reason
from discarded
order by discarded.url, discarded.sight_id
returning url;
