insert into core.clustered_photo (city_id, sha256, near_duplicate_bits)
select
    %(city_id)s,
    settled.sha256,
    %(near_duplicate_bits)s
from unnest(%(sha256s)s::bytea[]) as settled (sha256)
on conflict (city_id, sha256) do update set near_duplicate_bits = excluded.near_duplicate_bits
