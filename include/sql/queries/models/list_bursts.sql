select
    photo_burst.sha256,
    array_agg(distinct photo_burst.burst_sha256) as burst_sha256s
from core.photo_burst
where photo_burst.sha256 = any(%(sha256s)s)
group by photo_burst.sha256
