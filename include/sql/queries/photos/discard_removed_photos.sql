-- Taken down before, by their bytes or by an address: never stored again. The address becomes a
-- rejection of its sight, and a tombstone, so that it is not even fetched again for another one.
-- Merged with the batch's other rejections, because two passes over one table could deadlock.
with discarded as (
    delete from load.photo as loaded
    where
        loaded.batch_id = %(batch_id)s
        and (
            exists (
                select 1 from core.removed_photo
                where removed_photo.sha256 = loaded.sha256
            )
            or exists (
                select 1 from core.removed_url
                where
                    removed_url.url_sha256 in (
                        sha256(convert_to(loaded.url, 'UTF8')),
                        sha256(convert_to(loaded.page_url, 'UTF8'))
                    )
            )
        )
    returning loaded.sha256, loaded.url, loaded.sight_id, loaded.source
),

taken_down as (
    insert into core.removed_url (url_sha256, sha256, reason, removed_by)
    select distinct on (discarded.url)
        sha256(convert_to(discarded.url, 'UTF8')) as url_sha256,
        removed_photo.sha256,
        removed_photo.reason,
        removed_photo.removed_by
    from discarded
    inner join core.removed_photo on discarded.sha256 = removed_photo.sha256
    order by discarded.url
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
order by discarded.url, discarded.sight_id;
