insert into core.clustered_photo (city_id, sha256, near_duplicate_bits)
select
    %(city_id)s,
    clustered.sha256,
    %(near_duplicate_bits)s
from unnest(%(sha256s)s::bytea[]) as clustered (sha256)
on conflict (city_id, sha256) do update set near_duplicate_bits = excluded.near_duplicate_bits
