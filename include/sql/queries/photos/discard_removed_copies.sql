-- Rendered anew from a photo that was taken down: other bytes, and to the eye the same. What is kept
-- already stays: whoever took the other one down left it there.
with discarded as (
    delete from load.photo as loaded
    using core.removed_photo
    where
        loaded.batch_id = %(batch_id)s
        and bit_count(
            bitxor(
                ('x' || encode(loaded.perceptual_hash, 'hex'))::bit(256),
                ('x' || encode(removed_photo.perceptual_hash, 'hex'))::bit(256)
            )
        ) <= %(most_bits)s
        and not exists (
            select 1 from core.photo
            where photo.sha256 = loaded.sha256
        )
    returning loaded.url, loaded.sight_id, loaded.source
)

insert into load.rejected_photo (batch_id, sight_id, url, source, reason, detail)
select distinct on (discarded.url, discarded.sight_id)
    %(batch_id)s as batch_id,
    discarded.sight_id,
    discarded.url,
    discarded.source,
    'removed_copy' as reason,
    'looks the same as a photo that was taken down' as detail
from discarded
order by discarded.url, discarded.sight_id
returning url;
